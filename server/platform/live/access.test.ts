/** Streams of those who may not follow any more; on Postgres what is changed at one instance, they follow at another. */
import { eq } from 'drizzle-orm'
import type { FastifyPluginAsync } from 'fastify'
import { afterAll, describe, expect, it } from 'vitest'
import { FollowDraft } from '../../../shared/drafts.ts'
import { createContext } from '../../context.ts'
import { draftChannel, findDraft, stillCollaborators } from '../../features/drafts/service.ts'
import { buildTestApp, publicUrl, quickChecks } from '../../test/app.ts'
import { createTestDatabase, onPostgres } from '../../test/database.ts'
import { draftOf, range, signedIn } from '../../test/followers.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'
import { can, router } from '../../trpc.ts'
import { defaultIdentityTimes } from '../identity/plugin.ts'
import { users } from '../identity/table.ts'
import { lastWordsMs } from '../sockets/socket-door.ts'
import { trpcPlugin } from '../trpc/plugin.ts'
import type { Allowed } from './access-watch.ts'
import { followChannel } from './follow.ts'
import { defaultLiveTimes } from './live-hub.ts'
import { pollChannel } from './poll.ts'

/** As the real one, but for those who may write: no role is too low for reading. */
const procedures = router({
  onEvent: can('draft:write')
    .input(FollowDraft)
    .subscription(async function* ({ ctx, input, signal }) {
      const { id } = await findDraft(ctx.db, ctx.actor, input.draftId)
      const { handsOver, capability } = ctx
      const access = { userId: ctx.actor.id, capability, allowed: stillCollaborators }
      yield* followChannel(ctx.live, draftChannel(id), { lastEventId: undefined, handsOver, signal, ...access })
    }),
  events: can('draft:write')
    .input(FollowDraft)
    .query(async ({ ctx, input }) => {
      await findDraft(ctx.db, ctx.actor, input.draftId)
      return pollChannel(ctx.db, draftChannel(input.draftId), input.lastEventId)
    }),
})
const page: FastifyPluginAsync = async (app) => {
  await app.register(trpcPlugin, { prefix: '/writers', router: procedures, createContext })
}
const database = onPostgres ? await createTestDatabase() : null
afterAll(() => database?.drop())
const environment = database ? { DATABASE_URL: database.url } : {}
const here = await buildTestApp({ environment, page, times: quickChecks })
const there = database ? await buildTestApp({ environment, page, times: quickChecks }) : here
const url = await there.listen()
const { live } = there.inside
const { db } = here.database

type Person = Awaited<ReturnType<typeof signedIn>>

async function follow({ browser }: Person, draftId: string) {
  // As it is now: signing out takes it from the browser.
  const { cookieHeader } = browser
  const socket = await TestSocket.openAs(url, browser, '/writers')
  await socket.subscribe('onEvent', { draftId })
  const input = encodeURIComponent(JSON.stringify({ draftId }))
  const headers = { cookie: cookieHeader, origin: publicUrl }
  const leaving = new AbortController()
  const stream = await fetch(`${url}/writers/onEvent?input=${input}`, { headers, signal: leaving.signal })
  let events = ''
  const reading = (async () => {
    for await (const text of (stream.body as ReadableStream<Uint8Array>).pipeThrough(decoder())) events += text
  })().catch(() => {})
  return {
    ws: socket.ws,
    get ending() {
      return socket.close?.code ?? socket.answers.find(({ error }) => error)?.error?.data.code
    },
    ended: reading,
    leave: () => leaving.abort(),
    /** How many events came on the socket and on the stream. */
    get heard() {
      const frames = socket.answers.filter(({ result }) => result?.data?.data?.type === 'draft.updated')
      return [frames.length, events.split('draft.updated').length - 1]
    },
    poll: () => there.browser({ cookie: cookieHeader }).get(`/writers/events?input=${input}`),
  }
}
const decoder = () => new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>

const changes: [string, unknown, string, (person: Person, owner: Person, draftId: string) => Promise<unknown>][] = [
  [
    'is removed',
    'NOT_FOUND',
    'NOT_FOUND',
    ({ id }, { browser }, draftId) => browser.mutate('drafts.removeCollaborator', { draftId, userId: id }),
  ],
  ['is disabled', 4401, 'SESSION_ENDED', ({ id }) => db.update(users).set({ isActive: false }).where(eq(users.id, id))],
  [
    'changes to a role that may not',
    'FORBIDDEN',
    'FORBIDDEN',
    ({ id }) => db.update(users).set({ role: 'viewer' }).where(eq(users.id, id)),
  ],
  ['signs out', 4401, 'SESSION_ENDED', ({ browser }) => browser.send({ method: 'POST', url: '/auth/logout' })],
]

describe('soon after', () => {
  it.for(changes)('somebody %s, nothing reaches them, however they follow', async ([, ending, refusal, change]) => {
    const [owner, person, other] = [await signedIn(here), await signedIn(here), await signedIn(here)]
    const draft = await draftOf(here, owner)
    for (const { id } of [person, other]) {
      await owner.browser.mutate('drafts.addCollaborator', { draftId: draft.id, person: id })
    }
    const [theirs, others] = [await follow(person, draft.id), await follow(other, draft.id)]
    await until('all', () => live.sinks === 4)
    const { cookieHeader } = person.browser
    await change(person, owner, draft.id)
    // A caller who reconnects at once may be accepted for as long as the session is trusted without a query.
    const later: TestSocket[] = []
    await until('a refusal', async () => {
      const socket = await TestSocket.openAs(url, { cookieHeader }, '/writers')
      later.push(socket)
      socket.send('subscription', 'onEvent', { draftId: draft.id })
      await until('let in or not', () => socket.answers.length > 0 || socket.close)
      return (await theirs.poll()).json().error
    })
    await until('nobody but the others', () => live.sinks === 2)
    await draft.tell()
    await until('the others', () => others.heard.every((heard) => heard === 1))
    expect(theirs.heard).toEqual([0, 0])
    expect(later.filter(({ answers }) => JSON.stringify(answers).includes('draft.updated'))).toEqual([])
    await theirs.ended
    await until(`its end with ${ending}`, () => theirs.ending === ending)
    expect((await theirs.poll()).json().error.data.code).toBe(refusal)
    expect((await others.poll()).statusCode).toBe(200)
    for (const { ws } of [...later, theirs, others]) ws.terminate()
    others.leave()
    await until('nothing leaked', () => live.sinks === 0 && live.access.size === 0)
  })

  it('is within five seconds where the intervals are the default ones and every notice is lost', () => {
    const { trustMs, checkEveryMs } = defaultIdentityTimes
    // Let in at the last moment of trust, found by the next check; the rest is for the queries and the way.
    const longest = trustMs + Math.max(checkEveryMs, defaultLiveTimes.checkAccessEveryMs) + lastWordsMs
    expect(longest).toBeLessThanOrEqual(4750)
  })
})

describe('looking at who follows', () => {
  const add = (channel: string, userId: string, allowed: Allowed) => {
    const codes: string[] = []
    const stop = live.access.add({ channel, userId, capability: 'draft:read', allowed }, (code) => codes.push(code))
    return { codes, stop }
  }

  it('asks a feature once for a thousand channels, and once for many streams of one person', async () => {
    const { id } = await signedIn(here)
    const asked: number[] = []
    const allowed: Allowed = async (_db, followings) => {
      asked.push(followings.length)
      return followings.filter(({ channel }) => channel !== 'c:7')
    }
    const followers = range(1, 1000).flatMap((n) => [add(`c:${n}`, id, allowed), add(`c:${n}`, id, allowed)])
    await live.access.check()
    // The look that comes by itself may ask again, for those that are left.
    expect(asked.filter((count) => count === 1000)).toHaveLength(1)
    expect(followers.flatMap(({ codes }, at) => (codes.length > 0 ? [[at, ...codes]] : []))).toEqual([
      [12, 'NOT_FOUND'],
      [13, 'NOT_FOUND'],
    ])
    for (const { stop } of followers) stop()
  })

  it('goes on where one question fails and another hangs', async () => {
    const [person, gone] = [await signedIn(here), await signedIn(here)]
    const hanging = Promise.withResolvers<[]>()
    const failing = async () => Promise.reject(new Error('planned'))
    const followers = [
      add('f', person.id, failing),
      add('h', person.id, () => hanging.promise),
      add('g', person.id, async () => []),
      add('p', gone.id, failing),
    ]
    await db.update(users).set({ isActive: false }).where(eq(users.id, gone.id))
    void live.access.check()
    await until('their ends', () => followers[2]?.codes.length && followers[3]?.codes.length)
    const more = add('m', person.id, async () => [])
    void live.access.check()
    await until('another end', () => more.codes.length)
    expect(followers.map(({ codes }) => codes)).toEqual([[], [], ['NOT_FOUND'], ['SESSION_ENDED']])
    for (const { stop } of followers) stop()
    hanging.resolve([])
    await live.access.idle()
  })
})
