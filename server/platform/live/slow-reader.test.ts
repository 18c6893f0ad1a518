/** What readers that stop reading cost the server, and what becomes of them: unmodified clients behind a stalled network. */
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { afterEach, expect, it } from 'vitest'
import { buildTestApp, publicUrl } from '../../test/app.ts'
import { onPostgres } from '../../test/database.ts'
import { draftOf, plainEventsClient, plainSocketClient, range, signedIn } from '../../test/followers.ts'
import { memory } from '../../test/memory.ts'
import { TestSocket } from '../../test/socket.ts'
import { TcpProxy } from '../../test/tcp-proxy.ts'
import { until } from '../../test/until.ts'
import { withTransaction } from '../db/transaction.ts'
import { publish } from './publish.ts'

const app = await buildTestApp()
const url = await app.listen()
const proxy = await TcpProxy.before(Number(new URL(url).port))
const { live } = app.inside

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await until('nothing leaked', () => live.sinks === 0 && live.access.size === 0)
})

const mebibyte = 1024 * 1024
/** The server's ends, and the most that one of them ever held. */
const sides = new Set<Duplex | ServerResponse>()
const keep = (side: Duplex | ServerResponse) => {
  sides.add(side)
  side.once('close', () => sides.delete(side))
}
app.root.server.on('upgrade', (_request, socket) => keep(socket))
app.root.server.on('request', (_request, response) => keep(response))
const held = () => Math.max(0, ...[...sides].map(({ writableLength }) => writableLength))

type Person = Awaited<ReturnType<typeof signedIn>>
function follow(transport: 'websocket' | 'sse', at: string, { browser }: Person, draftId: string) {
  // Numbers alone: what they came with is not to count as the server's memory.
  const got = { seqs: [] as number[], errors: [] as unknown[], ready: 0 }
  const handlers = {
    onData: ({ data }: { data: { type: string; seq?: number } }) => {
      if (data.seq === undefined) got.ready++
      else got.seqs.push(data.seq)
    },
    onError: (error: unknown) => got.errors.push(error),
  }
  if (transport === 'websocket') {
    const { trpc, close } = plainSocketClient(at, browser)
    ends.push(close)
    trpc.drafts.onEvent.subscribe({ draftId }, handlers)
  } else ends.push(plainEventsClient(at, browser).drafts.onEvent.subscribe({ draftId }, handlers).unsubscribe)
  return got
}

it('sixteen at once hold a mebibyte each at most, are cut off, and come back to what they missed; others notice nothing', async () => {
  const owner = await signedIn(app)
  const draft = await draftOf(app, owner)
  const both = (at: string) =>
    (['websocket', 'sse'] as const).map((transport) => follow(transport, at, owner, draft.id))
  const others = both(url)
  const slow = range(1, 8).flatMap(() => both(`http://127.0.0.1:${proxy.port}`))
  await until('all', () => live.sinks === 18 && [...slow, ...others].every(({ ready }) => ready === 1))
  const before = memory()
  proxy.stall()
  let [written, most, grown] = [0, 0, 0]
  // The kernel's buffers are filled first, and theirs are several mebibytes.
  for (; live.sinks > 2 && written < 3000; written++) {
    await draft.tell('x'.repeat(16_000))
    most = Math.max(most, held())
    if (written % 100 === 0) grown = Math.max(grown, memory() - before)
  }
  expect(live.sinks).toBe(2)
  expect(most).toBeGreaterThan(100_000)
  expect(most).toBeLessThanOrEqual(mebibyte)
  process.stdout.write(
    `${written} events; held at most ${Math.round(most / 1024)} KiB each; memory grew by ${Math.round(grown / mebibyte)} MiB\n`,
  )
  // The embedded database keeps its files in memory, and they grow.
  if (onPostgres) expect(grown).toBeLessThan(16 * mebibyte + 32 * mebibyte)
  await until('the others', () => others.every(({ seqs }) => seqs.length === written))
  for (const { seqs } of slow) expect(seqs.length).toBeLessThan(written)

  proxy.flow()
  await until('all are connected again', () => slow.every(({ seqs, ready }) => seqs.length >= written && ready === 2))
  await draft.tell('and on')
  await until('all on', () => [...slow, ...others].every(({ seqs }) => seqs.length > written))
  for (const { seqs } of [...slow, ...others]) expect(seqs).toEqual(range(1, written + 1))
  expect(others.flatMap(({ errors }) => errors)).toEqual([])
})

it('one that stops while it catches up is waited for, and sent no faster than it reads', async () => {
  const owner = await signedIn(app)
  const draft = await draftOf(app, owner)
  const { cursor } = (await owner.browser.query('drafts.get', { draftId: draft.id })).json().result.data
  const input = { draftId: draft.id, lastEventId: cursor }
  const events = 1500
  for (let n = 0; n < events; n++) await draft.tell('x'.repeat(16_000))

  const socket = await TestSocket.openAs(url, owner.browser)
  ends.push(() => socket.ws.terminate())
  socket.send('subscription', 'drafts.onEvent', input)
  socket.ws.pause()
  const { cookieHeader: cookie } = owner.browser
  const path = `/trpc/drafts.onEvent?input=${encodeURIComponent(JSON.stringify(input))}`
  const stopped = new AbortController()
  ends.push(() => stopped.abort())
  const stream = await fetch(url + path, { headers: { cookie, origin: publicUrl }, signal: stopped.signal })
  await until('both wait', () => [...sides].filter(({ writableLength }) => writableLength > 0).length === 2)
  for (let n = 0; n < 20; n++) await draft.tell('x'.repeat(16_000))
  expect(held()).toBeLessThanOrEqual(mebibyte)
  expect(live.sinks).toBe(0)

  socket.ws.resume()
  let text = ''
  const read = (async () => {
    for await (const chunk of stream.body ?? []) text += Buffer.from(chunk).toString('latin1')
  })()
  read.catch(() => {})
  const bySocket = () => socket.answers.flatMap(({ result }) => result?.data?.data.seq ?? [])
  const byEvents = () => [...text.matchAll(/^id: [^:]*:(\d+)/gm)].slice(1).map(([, seq]) => Number(seq))
  await until('all', () => bySocket().length >= events + 20 && byEvents().length >= events + 20)
  expect([bySocket(), byEvents(), socket.close]).toEqual([range(1, events + 20), range(1, events + 20), null])
  await until('both live', () => live.sinks === 2)
})

it('ones that read are sent three mebibytes of one commit, and none is taken for slow', async () => {
  const owner = await signedIn(app)
  const draft = await draftOf(app, owner)
  const readers = (['websocket', 'sse'] as const).map((transport) => follow(transport, url, owner, draft.id))
  await until('both', () => live.sinks === 2 && readers.every(({ ready }) => ready === 1))
  await withTransaction(app.database.db, async (tx) => {
    for (let n = 0; n < 110; n++) {
      await publish(tx, draft.channel, { type: 'draft.renamed', actorId: owner.id, title: 'x'.repeat(27_000) })
    }
  })
  await until('all', () => readers.every(({ seqs }) => seqs.length >= 110))
  for (const { seqs, ready, errors } of readers) expect([seqs, ready, errors]).toEqual([range(1, 110), 1, []])
})
