import { v7 } from 'uuid'
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import { buildTestApp, publicUrl, quickChecks } from '../server/test/app.ts'
import { draftOf, range, signedIn } from '../server/test/followers.ts'
import { TcpProxy } from '../server/test/tcp-proxy.ts'
import { until } from '../server/test/until.ts'
import type { Draft, DraftEvent } from '../shared/drafts.ts'
import { createPlinth, type Feed, type LiveOptions, type LiveTransport, type Plinth } from './plinth.ts'

const app = await buildTestApp({ times: quickChecks })
const port = Number(new URL(await app.listen()).port)
const proxy = await TcpProxy.before(port)
const url = `http://127.0.0.1:${proxy.port}`

const clients: Plinth[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  proxy.mode = 'pass'
  const { live } = app.inside
  await until('nothing leaked', () => live.sinks === 0 && live.access.size === 0)
})

async function setUp() {
  const owner = await signedIn(app)
  const draft = await draftOf(app, owner)
  return { owner, draft, plinth: clientOf(owner) }
}

function clientOf({ browser }: { browser: { cookieHeader: string } }) {
  const client = createPlinth({ url, headers: { origin: publicUrl, cookie: browser.cookieHeader }, pace: 0.05 })
  clients.push(client)
  return client
}

function follow(plinth: Plinth, draftId: string, more: Partial<LiveOptions<Draft, DraftEvent>> = {}) {
  const seen = { snapshots: [] as string[], seqs: [] as number[], states: [] as string[], errors: [] as string[] }
  const feed: Feed = plinth.live({
    follow: (lastEventId, handlers, transport) =>
      plinth.drafts.onEvent.subscribe({ draftId, lastEventId }, { ...handlers, context: { transport } }),
    poll: (lastEventId) => plinth.drafts.events.query({ draftId, lastEventId }),
    snapshot: () => plinth.drafts.get.query({ draftId }),
    onSnapshot: (draft) => {
      expectTypeOf(draft).toEqualTypeOf<Draft>()
      seen.snapshots.push(draft.cursor)
    },
    onEvent: (event) => {
      expectTypeOf(event).toEqualTypeOf<DraftEvent>()
      seen.seqs.push(event.seq)
    },
    onState: (state) => seen.states.push(state),
    onError: ({ code }) => seen.errors.push(code),
    ...more,
  })
  return { feed, seen }
}

const each: LiveTransport[] = ['websocket', 'sse', 'polling']

describe('a feed', () => {
  it.for(each)('over %s alone brings a snapshot and every event after it', async (transport) => {
    const { draft, plinth } = await setUp()
    await draft.tell()
    const { feed, seen } = follow(plinth, draft.id, { transports: [transport] })
    expect(feed.state).toBe('connecting')
    await until('a carrier', () => feed.transport === transport)
    await plinth.drafts.append.mutate({ draftId: draft.id, segmentId: v7(), text: 'by a call' })
    for (let n = 0; n < 4; n++) await draft.tell()
    await until('all', () => seen.seqs.length >= 5)
    feed.close()
    await draft.tell()
    expect(seen).toEqual({
      snapshots: [expect.stringMatching(/:1:[0-9a-f]{8}$/)],
      seqs: range(2, 6),
      states: [transport === 'polling' ? 'polling' : 'live', 'ended'],
      errors: [],
    })
  })

  it.for(each)('over %s continues without a gap after every cut', async (transport) => {
    const { draft, plinth } = await setUp()
    const { feed, seen } = follow(plinth, draft.id, { transports: [transport] })
    for (let cut = 0; cut < 4; cut++) {
      await until('a carrier', () => feed.transport === transport)
      for (let n = 0; n < 10; n++) await draft.tell()
      proxy.cut()
      for (let n = 0; n < 10; n++) await draft.tell()
      await until('all so far', () => seen.seqs.length >= 20 * (cut + 1))
    }
    expect(seen).toMatchObject({ snapshots: [expect.anything()], seqs: range(1, 80), errors: [] })
  })

  it.for(each)('over %s reconnects to a server that was stopped', async (transport) => {
    const { draft, plinth } = await setUp()
    const { feed, seen } = follow(plinth, draft.id, { transports: [transport] })
    await until('a carrier', () => feed.transport === transport)
    proxy.mode = 'hang-up'
    proxy.cut()
    await until('the loss', () => feed.state === 'offline')
    await draft.tell()
    proxy.mode = 'pass'
    await until('the event', () => seen.seqs.length)
    await until('a carrier', () => feed.transport === transport)
    expect(seen).toMatchObject({ snapshots: [expect.anything()], seqs: [1], errors: [] })
  })

  it('falls back to a transport that works, upgrades when it can, and delivers each event once', async () => {
    const { draft, plinth } = await setUp()
    let refused: string[] = ['websocket', 'sse']
    const { feed, seen } = follow(plinth, draft.id, {
      climbEveryMs: 100,
      follow: (lastEventId, handlers, transport) => {
        if (refused.includes(transport)) {
          setTimeout(() => handlers.onError(new Error('a proxy in between')), 20)
          return { unsubscribe() {} }
        }
        const { onEvent } = plinth.drafts
        return onEvent.subscribe({ draftId: draft.id, lastEventId }, { ...handlers, context: { transport } })
      },
    })
    let writing = true
    const writer = (async () => {
      while (writing) {
        await draft.tell()
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })()
    await until('polling', () => feed.transport === 'polling')
    expect(feed.state).toBe('polling')
    refused = ['websocket']
    await until('the middle', () => feed.transport === 'sse')
    refused = []
    await until('the top', () => feed.transport === 'websocket')
    refused = ['websocket']
    proxy.cut()
    await until('SSE again', () => feed.transport === 'sse')
    writing = false
    await writer
    const { cursor } = await plinth.drafts.get.query({ draftId: draft.id })
    const last = Number(cursor.split(':')[1])
    const [first = 0] = seen.snapshots.map((at) => Number(at.split(':')[1]))
    await until('all', () => seen.seqs.at(-1) === last)
    expect(seen.seqs).toEqual(range(first + 1, last))
    expect([seen.snapshots.length, seen.errors]).toEqual([1, []])
  })

  it.for(each)('over %s ends with the reason when its person is removed', async (transport) => {
    const { owner, draft } = await setUp()
    const friend = await signedIn(app)
    const change = (path: string, more: object) =>
      owner.browser.mutate(`drafts.${path}`, { draftId: draft.id, ...more })
    await change('addCollaborator', { person: friend.id })
    const theirs = follow(clientOf(friend), draft.id, { transports: [transport] })
    await until('a carrier', () => theirs.feed.transport === transport)
    await change('removeCollaborator', { userId: friend.id })
    await until('the end', () => theirs.feed.state === 'ended')
    expect(theirs.seen.errors).toEqual(['NOT_FOUND'])
  })

  it.for(each)('over %s ends with the session', async (transport) => {
    const { draft, plinth, owner } = await setUp()
    const { feed, seen } = follow(plinth, draft.id, { transports: [transport] })
    await until('a carrier', () => feed.transport === transport)
    await owner.browser.send({ method: 'POST', url: '/auth/logout' })
    await until('the end', () => feed.state === 'ended')
    expect(seen.errors).toEqual(['SESSION_ENDED'])
  })

  it('ends at once of what is not there or of nobody', async () => {
    const { plinth, draft } = await setUp()
    const { seen } = follow(plinth, v7())
    const nobody = follow(clientOf({ browser: { cookieHeader: 'a=b' } }), draft.id)
    await until('both', () => seen.errors.length && nobody.seen.errors.length)
    expect([seen, nobody.seen]).toEqual([
      { snapshots: [], seqs: [], states: ['ended'], errors: ['NOT_FOUND'] },
      { snapshots: [], seqs: [], states: ['ended'], errors: ['UNAUTHENTICATED'] },
    ])
  })

  it('ends with its client, and calls back no more', async () => {
    const { plinth, draft } = await setUp()
    const { feed, seen } = follow(plinth, draft.id)
    await until('a carrier', () => feed.transport)
    plinth.close()
    expect([feed.state, follow(plinth, draft.id).feed.state, seen.errors]).toEqual(['ended', 'ended', []])
  })
})
