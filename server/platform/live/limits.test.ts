/** Readers that do not read, may not read any more, or come back to what is gone. */
import type { Duplex } from 'node:stream'
import { eq, lte } from 'drizzle-orm'
import { afterEach, describe, expect, it } from 'vitest'
import { buildTestApp, publicUrl, quickChecks } from '../../test/app.ts'
import { draftOf, Log, plainEventsClient, plainSocketClient, range, signedIn } from '../../test/followers.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'
import { channels, events } from './table.ts'

const app = await buildTestApp({ times: quickChecks })
const url = await app.listen()
const { live } = app.inside

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await until('nothing leaked', () => live.sinks === 0 && live.access.size === 0)
})

async function setUp() {
  const [owner, friend] = [await signedIn(app), await signedIn(app)]
  const draft = await draftOf(app, owner)
  const change = (path: string, more: object) =>
    owner.browser.mutate(`drafts.${path}`, { draftId: draft.id, ...more }).then((answer) => {
      expect(answer.statusCode, answer.body).toBe(200)
    })
  const poll = async (lastEventId?: string, { browser } = owner) =>
    (await browser.query('drafts.events', { draftId: draft.id, lastEventId })).json()
  return { owner, friend, draft, change, poll }
}
type Here = Awaited<ReturnType<typeof setUp>>

function follow({ owner, draft }: Here, transport: 'websocket' | 'sse', lastEventId?: string, { browser } = owner) {
  const log = new Log()
  if (transport === 'sse') {
    const trpc = plainEventsClient(url, browser)
    ends.push(trpc.drafts.onEvent.subscribe({ draftId: draft.id, lastEventId }, log.handlers).unsubscribe)
  } else {
    const { trpc, close } = plainSocketClient(url, browser)
    trpc.drafts.onEvent.subscribe({ draftId: draft.id, lastEventId }, log.handlers)
    ends.push(close)
  }
  return log
}

/** The server's ends. */
const serverSockets = new Set<Duplex>()
app.root.server.on('upgrade', (_request, socket) => {
  serverSockets.add(socket)
  socket.once('close', () => serverSockets.delete(socket))
})
const streams = ['websocket', 'sse'] as const

describe('a reader that stops reading', () => {
  it('on a socket is cut off with a mebibyte held at most, and goes on where it was', async () => {
    const here = await setUp()
    const socket = await TestSocket.openAs(url, here.owner.browser)
    const other = follow(here, 'websocket')
    await socket.subscribe('drafts.onEvent', { draftId: here.draft.id })
    await until('both', () => live.sinks === 2)
    socket.ws.pause()
    let held = 0
    let written = 0
    // The kernel's buffers are filled first, and theirs are several mebibytes on this machine.
    for (; live.sinks === 2 && written < 3000; written++) {
      await here.draft.tell('x'.repeat(16_000))
      held = Math.max(held, ...[...serverSockets].map(({ writableLength }) => writableLength))
    }
    expect(live.sinks).toBe(1)
    expect(held).toBeGreaterThan(100_000)
    expect(held).toBeLessThanOrEqual(1024 * 1024)
    socket.ws.resume()
    await socket.closed()
    const got = socket.answers.flatMap(({ result }) => (result?.type === 'data' ? [result.data] : []))
    const rest = follow(here, 'websocket', got.at(-1).id)
    const seqs = got.slice(1).map(({ data }) => data.seq)
    await until('the rest', () => seqs.length + rest.seqs.length >= written)
    expect([...seqs, ...rest.seqs]).toEqual(range(1, written))
    await until('the other', () => other.seqs.length >= written)
    expect([other.seqs, other.errors]).toEqual([range(1, written), []])
  })

  it('of server-sent events likewise', async () => {
    const here = await setUp()
    const { cookieHeader: cookie } = here.owner.browser
    const input = encodeURIComponent(JSON.stringify({ draftId: here.draft.id }))
    const stream = await fetch(`${url}/trpc/drafts.onEvent?input=${input}`, { headers: { cookie, origin: publicUrl } })
    await until('the stream', () => live.sinks === 1)
    let written = 0
    for (; live.sinks === 1 && written < 3000; written++) await here.draft.tell('x'.repeat(16_000))
    expect(live.sinks).toBe(0)
    const text = await stream.text()
    expect(text).toMatch('SERVER_BUSY')
    const ids = [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => String(id))
    const rest = follow(here, 'sse', ids.at(-1))
    await until('the rest', () => rest.seqs.at(-1) === written)
    expect(rest.errors).toEqual([])
    expect([...ids.slice(1).map((id) => Number(id.split(':')[1])), ...rest.seqs]).toEqual(range(1, written))
  })
})

describe('somebody who is removed', () => {
  it.for(streams)('hears nothing more on %s after the next check, and why', async (transport) => {
    const here = await setUp()
    await here.change('addCollaborator', { person: here.friend.id })
    const theirs = follow(here, transport, undefined, here.friend)
    const mine = follow(here, transport)
    await until('both', () => live.sinks === 2)
    await here.change('removeCollaborator', { userId: here.friend.id })
    await until('nobody but me', () => live.sinks === 1)
    const before = theirs.messages.length
    await here.draft.tell()
    await until('my own', () => mine.seqs.length === 2)
    expect(theirs.messages).toHaveLength(before)
    if (transport === 'websocket') expect(theirs.errors).toMatchObject([{ data: { code: 'NOT_FOUND' } }])
    else await until('its refusal', () => theirs.errors.length)
  })

  it('asks in vain at once', async () => {
    const here = await setUp()
    await here.change('addCollaborator', { person: here.friend.id })
    const { cursor } = (await here.poll(undefined, here.friend)).result.data
    await here.change('removeCollaborator', { userId: here.friend.id })
    expect((await here.poll(cursor, here.friend)).error.data.code).toBe('NOT_FOUND')
  })
})

describe('a cursor of what is gone', () => {
  const bends: [string, (here: Here, cursor: string) => Promise<string>][] = [
    [
      'trimmed away',
      async ({ draft }, cursor) => {
        await app.database.db.update(channels).set({ floor: 4 }).where(eq(channels.id, draft.channel))
        await app.database.db.delete(events).where(lte(events.seq, 4))
        return cursor
      },
    ],
    ['of another epoch', async (_, cursor) => cursor.replace(/.*?:/, 'other:')],
    ['ahead of the channel', async (_, cursor) => `${cursor.split(':')[0]}:99`],
    ['that never was one', async () => 'nonsense'],
  ]
  it.for(bends.flatMap(([what, bend]) => streams.map((transport) => [what, transport, bend] as const)))(
    '%s is answered with resync on %s, and by asking',
    async ([, transport, bend]) => {
      const here = await setUp()
      const { cursor } = (await here.poll()).result.data
      for (let n = 0; n < 5; n++) await here.draft.tell()
      const from = await bend(here, cursor)
      expect((await here.poll(from)).result.data).toMatchObject({ events: [], resync: true })
      const log = follow(here, transport, from)
      await until('the word', () => log.types.includes('resync'))
      await here.draft.tell()
      await until('what comes next', () => log.seqs.length)
      expect([log.types, log.seqs]).toEqual([['ready', 'resync', 'draft.updated'], [6]])
    },
  )

  it('is told to those who follow when the table is set back', async () => {
    const here = await setUp()
    const logs = streams.map((transport) => follow(here, transport))
    await until('both', () => live.sinks === 2)
    for (let n = 0; n < 3; n++) await here.draft.tell()
    await until('all', () => logs.every(({ seqs }) => seqs.length === 3))
    await app.database.db
      .update(channels)
      .set({ epoch: 'restored', head: 3 })
      .where(eq(channels.id, here.draft.channel))
    await until('the word', () => logs.every(({ types }) => types.includes('resync')))
    await here.draft.tell()
    await until('the next', () => logs.every(({ seqs }) => seqs.length === 4))
    for (const { cursor } of logs) expect(cursor).toMatch(/^restored:4:[0-9a-f]{8}$/)
  })
})
