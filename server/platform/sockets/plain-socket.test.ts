/** A channel over a WebSocket of plain JSON, as clients without tRPC follow it: nothing here of tRPC but what makes the events. */
import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { eq, lte } from 'drizzle-orm'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import WebSocket from 'ws'
import { FollowDraft } from '../../../shared/drafts.ts'
import { createContext } from '../../context.ts'
import { draftChannel, findDraft, stillCollaborators } from '../../features/drafts/service.ts'
import { buildTestApp, publicUrl, quickChecks } from '../../test/app.ts'
import { draftOf, range, signedIn } from '../../test/followers.ts'
import { openProgram } from '../../test/programs.ts'
import { TestSocket } from '../../test/socket.ts'
import { nowS } from '../../test/token-issuer.ts'
import { until } from '../../test/until.ts'
import { can, router } from '../../trpc.ts'
import { type User, users } from '../identity/table.ts'
import { followChannel } from '../live/follow.ts'
import { PlainForm } from '../live/plain-form.ts'
import { channels, events } from '../live/table.ts'
import { plainSocketPlugin } from './plain-socket-routes.ts'

/** The same events for those who may write. */
const writersAt = (prefix: string) =>
  router({
    onEvent: can('draft:write')
      .meta({ socket: { path: `/${prefix}/{draftId}/events`, events: {} } })
      .input(FollowDraft)
      .subscription(async function* ({ ctx, input, signal }) {
        const { id } = await findDraft(ctx.db, ctx.actor, input.draftId)
        const { lastEventId } = input
        const access = { userId: ctx.actor.id, capability: ctx.capability, allowed: stillCollaborators }
        yield* followChannel(ctx.live, draftChannel(id), { lastEventId, handsOver: ctx.handsOver, signal, ...access })
      }),
  })
const app = await buildTestApp({
  times: quickChecks,
  environment: {
    AUTH_LEGACY_HEADER: 'on',
    LEGACY_HEADER_SECRET: 'kept between the proxy and Plinth: cVq8Zw4nT1yL6rEo',
  },
  page: async (scope) => {
    await scope.register(plainSocketPlugin, { router: writersAt('writers'), createContext })
    // A beat that a test can wait for.
    await scope.register(plainSocketPlugin, { router: writersAt('beating'), createContext, pingEveryMs: 300 })
  },
})
const url = await app.listen()
const { live } = app.inside
const { db } = app.database

type Frame = { type: string; seq: number; cursor: string; code?: string; data: Record<string, unknown> }
type Person = Awaited<ReturnType<typeof signedIn>>
const opened: TestSocket[] = []
const keep = (socket: TestSocket) => {
  opened.push(socket)
  return Object.assign(socket, { frames: socket.answers as unknown as Frame[] })
}
const pathOf = (draftId: string, after?: number | string) =>
  `/v1/ws/drafts/${draftId}${after === undefined ? '' : `?after=${after}`}`
const openAs = async ({ browser }: Person, path: string) => keep(await TestSocket.openAs(url, browser, path))
async function join(person: Person, path: string) {
  const socket = await openAs(person, path)
  await until('the first frame', () => socket.frames.length > 0)
  expect(socket.frames[0]?.type, JSON.stringify(socket.frames)).toBe('ready')
  return socket
}
const seqsOf = ({ frames }: { frames: Frame[] }) => frames.slice(1).map(({ seq }) => seq)
const typesOf = ({ frames }: { frames: Frame[] }) => frames.map(({ type }) => type)

afterEach(async () => {
  for (const { ws } of opened.splice(0)) ws.terminate()
  await until('nothing leaked', () => live.sinks + live.access.size + app.inside.openConnections.open === 0)
})

async function setUp() {
  const [owner, friend] = [await signedIn(app), await signedIn(app)]
  const draft = await draftOf(app, owner)
  const change = async ({ browser }: Person, path: string, more: object) => {
    const answer = await browser.mutate(`drafts.${path}`, { draftId: draft.id, ...more })
    expect(answer.statusCode, answer.body).toBe(200)
  }
  await change(owner, 'addCollaborator', { person: friend.id })
  return { owner, friend, draft, change, path: pathOf(draft.id) }
}

describe('a plain client', () => {
  it('sees each event once and in order, whoever writes, under the names that it knows', async () => {
    const { owner, friend, draft, change, path } = await setUp()
    const socket = await join(friend, path)
    const { epoch, mark } = (await live.reader(draft.channel)).cursor
    expect(socket.frames[0]).toEqual({ type: 'ready', seq: 1, cursor: `${epoch}:1:${mark}` })
    const third = await signedIn(app)
    const segmentId = randomUUID()
    await change(owner, 'append', { segmentId, text: 'Once' })
    await change(owner, 'passRing', { to: friend.id })
    await change(owner, 'addCollaborator', { person: third.id })
    await change(owner, 'rename', { title: 'Plan B' })
    await change(owner, 'removeCollaborator', { userId: third.id })
    const appending = async () => {
      for (let n = 0; n < 30; n++) await change(friend, 'append', { segmentId: randomUUID(), text: `${n}` })
    }
    const telling = async () => {
      for (let n = 0; n < 30; n++) await draft.tell()
    }
    await Promise.all([appending(), telling()])
    await until('all', () => socket.frames.length >= 66)
    expect(seqsOf(socket)).toEqual(range(2, 66))
    const names = ['segment_added', 'ring_passed', 'collaborator_added', 'draft_updated', 'collaborator_removed']
    expect(typesOf(socket).slice(1, 6)).toEqual(names)
    const asked = await owner.browser.query('drafts.events', { draftId: draft.id, lastEventId: '1' })
    const [first] = asked.json().result.data.events
    const { type: _, seq, at, actorId, ...data } = first
    const cursor = String(socket.frames[1]?.cursor)
    expect(socket.frames[1]).toEqual({ type: 'segment_added', seq, cursor, at, actorId, data })
    expect(cursor).toMatch(new RegExp(`^${epoch}:2:[0-9a-f]{8}$`))
    expect(data.segment).toMatchObject({ id: segmentId, text: 'Once', author: { id: owner.id } })
  })

  it('resumes after the last number it had, however often it is cut, and by cursor as well', async () => {
    const { owner, draft } = await setUp()
    const got: number[] = []
    let cursor: number | string = 1
    let writing = true
    const writer = (async () => {
      for (let n = 0; n < 300; n++) await draft.tell()
      writing = false
    })()
    for (let cut = 0; writing || got.at(-1) !== 301; cut++) {
      const socket = await join(owner, pathOf(draft.id, cursor))
      expect(socket.frames[0]?.seq).toBe(got.at(-1) ?? 1)
      await until(
        'something or all',
        () => socket.frames.length > 5 || (!writing && socket.frames.length > 1),
        2000,
      ).catch(() => {})
      socket.ws.terminate()
      got.push(...seqsOf(socket))
      const last = socket.frames.at(-1) as Frame
      cursor = cut % 2 ? last.cursor : last.seq
    }
    await writer
    expect(got).toEqual(range(2, 301))
  })

  it('reads all that there is after 0', async () => {
    const { owner, draft } = await setUp()
    await draft.tell()
    const socket = await join(owner, pathOf(draft.id, 0))
    await until('both', () => socket.frames.length === 3)
    expect(seqsOf(socket)).toEqual([1, 2])
  })

  it('shares its frames with all others of the channel', async () => {
    const { owner, friend, draft, path } = await setUp()
    const made = vi.spyOn(PlainForm.prototype, 'event')
    const sockets = await Promise.all([owner, friend, owner, friend].map((person) => join(person, path)))
    await until('all', () => live.sinks === 4)
    for (let n = 0; n < 20; n++) await draft.tell()
    await until('the events', () => sockets.every(({ frames }) => frames.length === 21))
    expect(made).toHaveBeenCalledTimes(20)
    made.mockRestore()
  })
})

describe('a place that is gone', () => {
  type Here = Awaited<ReturnType<typeof setUp>>
  const bends: [string, (here: Here) => Promise<string | number>][] = [
    [
      'trimmed away',
      async ({ draft }) => {
        await db.update(channels).set({ floor: 4 }).where(eq(channels.id, draft.channel))
        await db.delete(events).where(lte(events.seq, 4))
        return 3
      },
    ],
    ['ahead of the channel', async () => 99],
    ['of another epoch', async () => 'other:2'],
  ]
  it.each(bends)('%s is answered with resync, and then with what comes', async (_, bend) => {
    const here = await setUp()
    for (let n = 0; n < 5; n++) await here.draft.tell()
    const socket = await join(here.owner, pathOf(here.draft.id, await bend(here)))
    await until('the word', () => socket.frames.length === 2)
    expect(socket.frames[1]).toEqual({ type: 'resync', seq: 6, cursor: expect.stringMatching(/^\S+:6:[0-9a-f]{8}$/) })
    await here.draft.tell()
    await until('the next', () => socket.frames.length === 3)
    expect(socket.frames[2]).toMatchObject({ type: 'draft_updated', seq: 7 })
  })

  const malformed = [
    '',
    '-1',
    '%2B1',
    '1.5',
    '1e3',
    '0x1',
    '1%20',
    'x',
    ':5',
    'a:b',
    'a:5:6:7',
    'a:5:',
    '5:b',
    '9'.repeat(16),
    '1&after=2',
  ]
  it('that is malformed is refused before anybody joins', async () => {
    const { owner, draft } = await setUp()
    for (const after of malformed) {
      const socket = await openAs(owner, pathOf(draft.id, after))
      expect(await socket.closed(), after).toEqual({ code: 4400, reason: 'VALIDATION_ERROR' })
      expect(socket.frames).toMatchObject([{ type: 'error', code: 'VALIDATION_ERROR', details: [{ field: 'after' }] }])
    }
  })
})

describe('who may join', () => {
  it('anybody with a good credential of any kind', async () => {
    const { owner, draft, change, path } = await setUp()
    const { bearer, accessToken } = await openProgram(app, owner)
    const legacy = { 'x-user-id': `legacy-${randomUUID()}` }
    const asLegacy = await app.root.inject({ url: '/me', headers: legacy })
    await change(owner, 'addCollaborator', { person: asLegacy.json().id })
    const offered = ['plinth', `plinth.bearer.${accessToken}`]
    for (const [headers, protocols] of [
      [{ cookie: owner.browser.cookieHeader, origin: publicUrl }, []],
      [bearer, []],
      [{ origin: publicUrl }, offered],
      [legacy, []],
    ] as [Record<string, string>, string[]][]) {
      const socket = keep(await TestSocket.open(url, headers, path, protocols))
      await until('the first frame', () => socket.frames.length > 0)
      expect(socket.frames[0]?.type, JSON.stringify(headers)).toBe('ready')
    }
    await until('all', () => live.sinks === 4)
    await draft.tell()
    await until('their event', () => opened.every(({ answers }) => answers.length === 2))
  })

  it('nobody without one, who is told why', async () => {
    const { owner, friend, draft } = await setUp()
    const cookie = owner.browser.cookieHeader
    const ended = friend.browser.cookieHeader
    await friend.browser.send({ method: 'POST', url: '/auth/logout' })
    const origin = publicUrl
    for (const [headers, code] of [
      [{}, 'UNAUTHENTICATED'],
      [{ origin, cookie: `plinth_session=${'x'.repeat(43)}` }, 'SESSION_ENDED'],
      [{ origin, cookie: ended }, 'SESSION_ENDED'],
      [{ origin, cookie: ended, 'x-user-id': owner.id }, 'SESSION_ENDED'],
      [{ origin, cookie, authorization: 'Bearer x' }, 'INVALID_CREDENTIAL'],
      [{ authorization: 'Bearer x', 'x-user-id': owner.id }, 'INVALID_CREDENTIAL'],
      [{ 'x-user-id': 'a, b' }, 'INVALID_CREDENTIAL'],
      [{ 'x-user-id': 'a', 'x-legacy-secret': 'guessed' }, 'INVALID_CREDENTIAL'],
    ] as [Record<string, string>, string][]) {
      const socket = keep(await TestSocket.open(url, headers, pathOf(draft.id, 'nonsense')))
      expect(await socket.closed()).toEqual({ code: 4401, reason: code })
      expect(socket.frames).toMatchObject([{ type: 'error', code }])
    }
  })

  it.each([
    ['a foreign origin', 'https://evil.example'],
    ['a look-alike', `${publicUrl}.evil.example`],
    ['a null origin', 'null'],
    ['none beside a cookie', undefined],
  ])('no page from %s, which is refused before the upgrade', async (_, origin) => {
    const { owner, path } = await setUp()
    const headers = { cookie: owner.browser.cookieHeader, ...(origin && { origin }) }
    await expect(TestSocket.open(url, headers, path)).rejects.toThrow('Unexpected server response: 403')
  })

  it('no stranger, to whom a draft of others is as a missing one', async () => {
    const { path } = await setUp()
    const stranger = await signedIn(app)
    const ends = []
    for (const to of [path, pathOf(randomUUID()), `${path}?after=1`]) {
      const socket = await openAs(stranger, to)
      ends.push({ ...(await socket.closed()), frames: socket.frames })
    }
    expect(ends[0]).toMatchObject({ code: 4404, reason: 'NOT_FOUND', frames: [{ type: 'error', code: 'NOT_FOUND' }] })
    expect(ends[1]).toEqual(ends[0])
    expect(ends[2]).toEqual(ends[0])
  })
})

describe('who may not any more', () => {
  const writersPath = ({ draft }: Awaited<ReturnType<typeof setUp>>) => `/writers/${draft.id}/events`
  const changes: [string, number, (here: Awaited<ReturnType<typeof setUp>>) => unknown][] = [
    ['removed', 4403, ({ owner, friend, change }) => change(owner, 'removeCollaborator', { userId: friend.id })],
    ['disabled', 4401, ({ friend }) => db.update(users).set({ isActive: false }).where(eq(users.id, friend.id))],
    ['made a viewer', 4403, ({ friend }) => db.update(users).set({ role: 'viewer' }).where(eq(users.id, friend.id))],
    ['signed out', 4401, ({ friend }) => friend.browser.send({ method: 'POST', url: '/auth/logout' })],
  ]
  it.each(changes)(
    'by being %s is closed with %i after the next checks, and hears nothing after',
    async (_, code, change) => {
      const here = await setUp()
      const [theirs, others] = [await join(here.friend, writersPath(here)), await join(here.owner, writersPath(here))]
      await until('both', () => live.sinks === 2)
      await change(here)
      expect((await theirs.closed()).code).toBe(code)
      const before = theirs.frames.length
      await here.draft.tell('only for others')
      await until('the others', () => others.frames.some(({ data }) => data?.title === 'only for others'))
      expect(theirs.frames).toHaveLength(before)
      expect(JSON.stringify(theirs.frames)).not.toContain('only for others')
      if (code === 4401) return
      const again = await (await openAs(here.friend, writersPath(here))).closed()
      expect([4403, 4404]).toContain(again.code)
    },
  )

  it('by their token running out is closed with 4401, which says that it is the token', async () => {
    const { owner, path } = await setUp()
    const { sessionId } = await openProgram(app, owner)
    const [user] = await db.select().from(users).where(eq(users.id, owner.id))
    const { accessTokens, sessions } = app.inside
    const token = await accessTokens.sign(user as User, { id: sessionId, refreshCounter: 0 }, nowS())
    const { expiresAtS } = (await accessTokens.verify(token)) ?? expect.unreachable('it is good')
    const clock = vi.spyOn(sessions, 'nowS', 'get').mockReturnValue(expiresAtS - 0.5)
    onTestFinished(() => clock.mockRestore())
    const socket = keep(await TestSocket.open(url, { authorization: `Bearer ${token}` }, path))
    expect(await socket.closed()).toEqual({ code: 4401, reason: 'token-expired' })
    // Where the machine is busy for half a second, not even that.
    expect([[], ['ready']]).toContainEqual(typesOf(socket))
  })
})

describe('a reader that stops reading', () => {
  it('is cut off with a mebibyte held at most, and goes on where it was', async () => {
    const { owner, friend, draft, path } = await setUp()
    const sides = new Set<Duplex>()
    app.root.server.on('upgrade', (_request, side) => void sides.add(side))
    const [slow, other] = [await join(owner, path), await join(friend, path)]
    await until('both', () => live.sinks === 2)
    slow.ws.pause()
    let [held, written] = [0, 0]
    for (; live.sinks === 2 && written < 3000; written++) {
      await draft.tell('x'.repeat(16_000))
      held = Math.max(held, ...[...sides].map(({ writableLength }) => writableLength))
    }
    expect(live.sinks).toBe(1)
    expect(held).toBeGreaterThan(100_000)
    expect(held).toBeLessThanOrEqual(1024 * 1024)
    slow.ws.resume()
    // 1013 stands behind what was not read, and may be cut off with it.
    expect([1006, 1013]).toContain((await slow.closed()).code)
    const rest = await join(owner, pathOf(draft.id, slow.frames.at(-1)?.seq))
    await until('the rest', () => slow.frames.length + rest.frames.length === written + 2)
    expect([...seqsOf(slow), ...seqsOf(rest)]).toEqual(range(2, written + 1))
    await until('the other', () => other.frames.length === written + 1)
  })
})

describe('what a client says', () => {
  const deep = '['.repeat(60_000)
  it('is answered where it is a ping, and else passes unheard', async () => {
    const { owner, draft, path } = await setUp()
    const socket = await join(owner, path)
    const unheard = [
      'garbage',
      '{}',
      'null',
      '5',
      '[]',
      '',
      '{"type":"pong"}',
      '{"type":["ping"]}',
      deep,
      '{"__proto__":{"type":"ping"}}',
    ]
    for (const frame of [...unheard, JSON.stringify({ type: 'subscribe', to: randomUUID() })]) socket.ws.send(frame)
    socket.ws.send('{"type":"ping"}')
    socket.ws.send('{ "type": "ping" }')
    await until('the pongs', () => socket.frames.length === 3)
    await until('it', () => live.sinks === 1)
    await draft.tell()
    await until('the event', () => socket.frames.length === 4)
    expect(typesOf(socket)).toEqual(['ready', 'pong', 'pong', 'draft_updated'])
  })

  const ends: [string, number, (ws: WebSocket) => unknown][] = [
    ['binary', 1003, (ws) => ws.send(Buffer.from('{"type":"ping"}'))],
    ['more than a client has to say', 1008, (ws) => range(1, 101).forEach(() => void ws.send('x'))],
    ['a frame over 128 KiB', 1009, (ws) => ws.send('x'.repeat(128 * 1024 + 1))],
    ['text that is none', 1007, (ws) => ws.send(Buffer.from([0xff, 0xfe]), { binary: false })],
    // @ts-expect-error the transport below, which ws keeps to itself
    ['bytes that are no frames', 1002, (ws) => ws._socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]))],
  ]
  it.each(ends)('is the end where it is %s, with %i, of this socket alone', async (_, code, say) => {
    const { owner, draft, path } = await setUp()
    const [socket, other] = [await join(owner, path), await join(owner, path)]
    say(socket.ws)
    expect((await socket.closed()).code).toBe(code)
    await until('the other', () => live.sinks === 1)
    await draft.tell()
    await until('the event', () => other.frames.length === 2)
  })

  it('in a hundred thousand fragments, or in pings of the protocol without reading, is bounded', async () => {
    const { owner, path } = await setUp()
    const [fragments, pings, other] = [await join(owner, path), await join(owner, path), await join(owner, path)]
    for (let n = 0; n < 100_000; n++) fragments.ws.send('x', { fin: false })
    fragments.ws.send('x', { fin: true })
    fragments.ws.send('{"type":"ping"}')
    await until('an answer or the end', () => fragments.frames.length > 1 || fragments.close)
    fragments.ws.terminate()
    await until('the others', () => live.sinks === 2)
    pings.ws.pause()
    const payload = Buffer.alloc(125)
    const flood = () => {
      if (pings.ws.readyState === pings.ws.OPEN) for (let n = 0; n < 20_000; n++) pings.ws.ping(payload)
      return live.sinks === 1
    }
    await until('its end', flood)
    other.ws.send('{"type":"ping"}')
    await until('the pong', () => other.frames.length === 2)
  })

  it('nothing for two beats, not even to a ping, ends the socket; who only listens stays', async () => {
    const { owner, friend, draft } = await setUp()
    const path = `/beating/${draft.id}/events`
    const headers = { cookie: owner.browser.cookieHeader, origin: publicUrl }
    const silent = keep(new TestSocket(new WebSocket(url.replace(/^http/, 'ws') + path, { headers, autoPong: false })))
    const listening = await join(friend, path)
    expect((await silent.closed()).code).toBe(1006)
    let beats = 0
    listening.ws.on('ping', () => void beats++)
    await until('more beats', () => beats >= 3)
    await draft.tell()
    await until('the event', () => listening.frames.length === 2)
  })
})
