/** What an ordinary tRPC client gets of a channel, through the real app and over connections that break. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { draftOf, Log, plainEventsClient, plainSocketClient, range, signedIn } from '../../test/followers.ts'
import { TcpProxy } from '../../test/tcp-proxy.ts'
import { until } from '../../test/until.ts'
import { AppError } from '../errors/app-error.ts'
import { ChannelReader } from './channel-reader.ts'

const app = await buildTestApp()
const port = Number(new URL(await app.listen()).port)
const proxy = await TcpProxy.before(port)
const url = `http://127.0.0.1:${proxy.port}`
const { live } = app.inside

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await until('nothing leaked', () => live.sinks === 0 && live.access.size === 0)
})

async function setUp() {
  const owner = await signedIn(app)
  const draft = await draftOf(app, owner)
  return { owner, draft }
}

function bySocket({ owner, draft }: Awaited<ReturnType<typeof setUp>>, lastEventId?: string) {
  const { trpc, close } = plainSocketClient(url, owner.browser)
  ends.push(close)
  const follow = (from = lastEventId) => {
    const log = new Log()
    const { unsubscribe } = trpc.drafts.onEvent.subscribe({ draftId: draft.id, lastEventId: from }, log.handlers)
    return { log, unsubscribe }
  }
  return { ...follow(), follow }
}

function byEvents({ owner, draft }: Awaited<ReturnType<typeof setUp>>, lastEventId?: string) {
  const trpc = plainEventsClient(url, owner.browser)
  const log = new Log()
  const { unsubscribe } = trpc.drafts.onEvent.subscribe({ draftId: draft.id, lastEventId }, log.handlers)
  ends.push(unsubscribe)
  return { log, unsubscribe }
}

/** Four at once, and all that hangs on the server cut now and then. */
async function writeOverCuts(
  { draft }: Awaited<ReturnType<typeof setUp>>,
  each: number,
  cuts: number,
  ready: () => unknown,
) {
  let written = 0
  let cut = 0
  const writer = async () => {
    for (let n = 0; n < each; n++) {
      await draft.tell()
      if (++written % Math.floor((4 * each) / (cuts + 1)) === 0 && cut < cuts) {
        // Counted first, for another writer may come here while this one waits.
        cut++
        await until('a connection to cut', ready)
        proxy.cut()
      }
    }
  }
  await Promise.all([writer(), writer(), writer(), writer()])
  expect(cut).toBe(cuts)
}

describe('an unmodified client', () => {
  it('on a socket that is cut again and again gets each event once and in order', async () => {
    const here = await setUp()
    const { log, follow } = bySocket(here)
    const second = follow()
    await until('both', () => log.types.includes('ready') && second.log.types.includes('ready'))
    await writeOverCuts(here, 100, 12, () => live.sinks === 2)
    await until('all', () => log.seqs.length >= 400 && second.log.seqs.length >= 400)
    for (const { seqs, errors } of [log, second.log]) expect([seqs, errors]).toEqual([range(1, 400), []])

    second.unsubscribe()
    await until('one left', () => live.sinks === 1 && live.access.size === 1)
    await here.draft.tell()
    await until('one more', () => log.seqs.length === 401)
    expect(second.log.seqs).toHaveLength(400)
  })

  it('on server-sent events that are cut likewise', async () => {
    const here = await setUp()
    const { log } = byEvents(here)
    await until('ready', () => log.types.includes('ready'))
    await writeOverCuts(here, 25, 3, () => live.sinks === 1)
    await until('all', () => log.seqs.length >= 100)
    expect([log.seqs, log.errors]).toEqual([range(1, 100), []])
  })

  it('on server-sent events ends one of two streams, and the other goes on', async () => {
    const here = await setUp()
    const [one, two] = [byEvents(here), byEvents(here)]
    await until('both', () => live.sinks === 2)
    await here.draft.tell()
    await until('both told', () => one.log.seqs.length === 1 && two.log.seqs.length === 1)
    two.unsubscribe()
    await until('one left', () => live.sinks === 1 && live.access.size === 1)
    await here.draft.tell()
    await until('one more', () => one.log.seqs.length === 2)
    expect([two.log.seqs, two.log.errors, one.log.errors]).toEqual([[1], [], []])
  })

  it.for(['websocket', 'sse'])('on %s comes back when it could not be brought up to date', async (transport) => {
    const here = await setUp()
    const from = (await here.owner.browser.query('drafts.get', { draftId: here.draft.id })).json().result.data.cursor
    for (let n = 0; n < 3; n++) await here.draft.tell()
    const join = vi.spyOn(ChannelReader.prototype, 'join').mockRejectedValueOnce(new AppError('DATABASE_UNAVAILABLE'))
    const { log } = transport === 'sse' ? byEvents(here, from) : bySocket(here, from)
    await until('all', () => log.seqs.length >= 3)
    expect([log.seqs, log.errors, join.mock.calls.length]).toEqual([[1, 2, 3], [], 2])
    join.mockRestore()
  })

  it('is told first where it stands, so that nothing is lost that comes before its first event', async () => {
    const here = await setUp()
    await here.draft.tell()
    const { log } = bySocket(here)
    await until('ready', () => log.types.length)
    expect(log.messages).toEqual([{ id: expect.stringMatching(/:1:[0-9a-f]{8}$/), data: { type: 'ready' } }])
    proxy.cut()
    await here.draft.tell()
    await until('the event', () => log.seqs.length)
    expect(log.seqs).toEqual([2])
  })

  it('gets the same of one channel by socket, by server-sent events and by asking', async () => {
    const here = await setUp()
    await here.draft.tell('before')
    const from = (await here.owner.browser.query('drafts.get', { draftId: here.draft.id })).json().result.data.cursor
    const logs = [bySocket(here, from).log, byEvents(here, from).log]
    for (let n = 0; n < 20; n++) await here.draft.tell(`„${n}”\n\u2028`.repeat(n * 5 + 1))
    await until('all', () => logs.every(({ seqs }) => seqs.length === 20))
    const asked = await here.owner.browser.query('drafts.events', { draftId: here.draft.id, lastEventId: from })
    const events = logs.map(({ messages }) => messages.slice(1).map(({ data }) => data))
    expect(events[0]).toEqual(asked.json().result.data.events)
    expect(events[1]).toEqual(events[0])
    expect(logs[1]?.messages).toEqual(logs[0]?.messages)
  })

  it('misses nothing at whichever step of subscribing something happens', async () => {
    const here = await setUp()
    let writing = true
    let last = 0
    const writer = (async () => {
      for (; writing; last++) await here.draft.tell()
    })()
    const { follow } = bySocket(here)
    const follows: { log: Log; from: number }[] = []
    for (let n = 0; n < 60; n++) {
      const from = last
      const cursor = (await here.owner.browser.query('drafts.get', { draftId: here.draft.id })).json().result.data
        .cursor
      expect(Number(cursor.split(':')[1])).toBeGreaterThanOrEqual(from)
      follows.push({ ...follow(cursor), from: Number(cursor.split(':')[1]) })
      if (n % 3 === 0) follows.push({ ...byEvents(here, cursor), from: Number(cursor.split(':')[1]) })
    }
    writing = false
    await writer
    await until('all', () => follows.every(({ log, from }) => log.seqs.length >= last - from))
    for (const { log, from } of follows) expect(log.seqs).toEqual(range(from + 1, last))
  })
})
