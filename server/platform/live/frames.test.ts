/** What the hub writes to a socket by itself, beside what tRPC's own handler sends of the same channel, byte for byte. */
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { getWSConnectionHandler } from '@trpc/server/adapters/ws'
import type { FastifyRequest } from 'fastify'
import { afterAll, expect, it } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import { createContext } from '../../context.ts'
import { appRouter } from '../../router.ts'
import { buildTestApp, publicUrl } from '../../test/app.ts'
import { draftOf, range, signedIn } from '../../test/followers.ts'
import { until } from '../../test/until.ts'

const app = await buildTestApp()
const url = await app.listen()
const owner = await signedIn(app)
const headers = { cookie: owner.browser.cookieHeader, origin: publicUrl }

/** As tRPC's documentation has it, with the same procedures over the same hub. */
const plain = new WebSocketServer({ port: 0, host: '127.0.0.1' })
const handle = getWSConnectionHandler({
  wss: plain,
  router: appRouter,
  createContext: ({ req }) => ({
    ...createContext(
      app.inside,
      { raw: req, headers: req.headers, log: app.inside.log, id: 'plain' } as FastifyRequest,
      null,
    ),
    handsOver: false,
  }),
})
plain.on('connection', handle)
await once(plain, 'listening')
const plainUrl = `http://127.0.0.1:${(plain.address() as { port: number }).port}`

const sockets: WebSocket[] = []
afterAll(async () => {
  for (const socket of sockets) socket.terminate()
  await new Promise((resolve) => plain.close(resolve))
})

/** All bytes that come after the upgrade. */
async function bytesOf(at: string) {
  const socket = new WebSocket(`${at.replace(/^http/, 'ws')}/trpc`, { headers })
  sockets.push(socket)
  const got: Buffer[] = []
  let messages = 0
  socket.on('message', () => void messages++)
  await once(socket, 'open')
  const { _socket: transport } = socket as unknown as { _socket: Duplex }
  transport.on('data', (chunk: Buffer) => void got.push(chunk))
  return { socket, bytes: () => Buffer.concat(got), messages: () => messages }
}

async function both() {
  const [ours, theirs] = [await bytesOf(url), await bytesOf(plainUrl)]
  let sent = 0
  return {
    /** Sends the same to both, and waits for `messages` more from both. */
    async ask(call: object, messages: number) {
      sent += messages
      for (const { socket } of [ours, theirs]) socket.send(JSON.stringify(call))
      await this.until(0)
    },
    async until(messages: number) {
      sent += messages
      await until(`${sent} messages`, () => ours.messages() >= sent && theirs.messages() >= sent)
    },
    /** Bytes that ours has had. */
    get received() {
      return ours.bytes().length
    },
    /** Both are left empty. */
    compare() {
      const [got, wanted] = [ours.bytes(), theirs.bytes()]
      expect(got.length).toBeGreaterThan(0)
      if (got.equals(wanted)) return
      const at = got.findIndex((byte, index) => byte !== wanted[index])
      expect(String(got.subarray(at - 100, at + 100))).toBe(String(wanted.subarray(at - 100, at + 100)))
      expect.unreachable('more bytes of one than of the other')
    },
  }
}

const follow = (id: unknown, draftId: string, lastEventId: string, more = {}) => ({
  id,
  method: 'subscription',
  params: { path: 'drafts.onEvent', input: { draftId, lastEventId } },
  ...more,
})
const titles = [
  'plain',
  '„Größe” naïve 日本語 🜁 é e\u0301',
  '\u2028\u2029\ufeff\u0085\u200b',
  '"\\/\b\f\n\r\t\u0001\u001f\u007f</script>',
  'ü'.repeat(40_000),
  '🜁'.repeat(60_000),
]
const ids = [1, 0, -7, 1.5, 2 ** 53, 'text', '', 'ü"\\\u2028 🜁', '__proto__', '1']

it.for(ids.map((id) => [JSON.stringify(id), id] as const))('the same under request id %s', async ([, id]) => {
  const draft = await draftOf(app, owner)
  const { cursor } = (await owner.browser.query('drafts.get', { draftId: draft.id })).json().result.data
  const sockets = await both()
  await draft.tell('missed')
  await sockets.ask(follow(id, draft.id, cursor), 3)
  for (const title of ['while there', titles[1], titles[2], titles[3]]) await draft.tell(title)
  await sockets.until(4)
  sockets.compare()
})

it('the same of long and strange texts, missed or told, and of a call in the form of JSON-RPC', async () => {
  const draft = await draftOf(app, owner)
  const { cursor } = (await owner.browser.query('drafts.get', { draftId: draft.id })).json().result.data
  const sockets = await both()
  for (const title of titles) await draft.tell(title)
  await sockets.ask(follow(1, draft.id, cursor), 2 + titles.length)
  for (const title of titles) {
    await draft.tell(title)
    await sockets.until(1)
  }
  sockets.compare()
  await sockets.ask(follow(2, draft.id, 'other:1', { jsonrpc: '2.0' }), 3)
  await draft.tell('told to both')
  await sockets.until(2)
  sockets.compare()
})

it('the same at every length at which the form of a frame changes', async () => {
  const draft = await draftOf(app, owner)
  const sockets = await both()
  // A cursor that is nobody's is answered with the shortest frame there is, as long as its request id makes it.
  for (const length of range(1, 40)) {
    const id = 'i'.repeat(length)
    await sockets.ask(follow(id, draft.id, 'nobody'), 3)
    await sockets.ask({ id, method: 'subscription.stop' }, 1)
  }
  const { cursor } = (await owner.browser.query('drafts.get', { draftId: draft.id })).json().result.data
  await sockets.ask(follow(1, draft.id, cursor), 2)
  const before = sockets.received
  await draft.tell('')
  await sockets.until(1)
  // What is around the title, without the four bytes before a frame of its length.
  const around = sockets.received - before - 4
  // It grows by some digits with the number of the event.
  const lengths = range(65_536 - around - 16, 65_536 - around + 2)
  for (const length of lengths) await draft.tell('x'.repeat(length))
  await sockets.until(lengths.length)
  sockets.compare()
})
