/** How many plain sockets somebody may open, how often they may join, what one may hold, and what they hear when the server closes. */
import type { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { draftOf, signedIn } from '../../test/followers.ts'
import { memory } from '../../test/memory.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'

const app = await buildTestApp({
  environment: { RATE_LIMIT_SOCKETS_PER_PERSON: '2', RATE_LIMIT_SIGNED_IN: '12', RATE_LIMIT_ANONYMOUS: '20' },
})
const url = await app.listen()
const owner = await signedIn(app)
const draft = await draftOf(app, owner)
const path = `/v1/ws/drafts/${draft.id}`
const open = () => TestSocket.openAs(url, owner.browser, path)
const typesOf = ({ answers }: TestSocket) => answers.map((frame) => (frame as unknown as { type: string }).type)
const left = async () => Number((await owner.browser.get('/trpc/account.me')).headers['ratelimit-remaining'])

it('what is no id leads nowhere, and nothing does without an upgrade', async () => {
  const malformed = await TestSocket.openAs(url, owner.browser, '/v1/ws/drafts/x')
  expect((await malformed.closed()).code).toBe(4404)
  for (const to of ['x'.repeat(101), '%78', '', 'a/b', `${draft.id}/`]) {
    const opening = TestSocket.openAs(url, owner.browser, `/v1/ws/drafts/${to}`)
    await expect(opening, to).rejects.toThrow(/Unexpected server response: 40[04]/)
  }
  const plain = await owner.browser.get(path)
  expect([plain.statusCode, plain.json().error.code]).toEqual([404, 'NOT_FOUND'])
})

it('a third is refused, and its place is free again when one of two goes', async () => {
  const [first, second] = [await open(), await open()]
  await until('both', () => app.inside.live.sinks === 2)
  const third = await open()
  expect(await third.closed()).toEqual({ code: 4429, reason: 'TOO_MANY_CONNECTIONS' })
  expect(third.answers).toMatchObject([{ type: 'error', code: 'TOO_MANY_CONNECTIONS' }])
  first.ws.close()
  await first.closed()
  const again = await open()
  await until('it', () => typesOf(again).includes('ready'))
  for (const { ws } of [second, again]) ws.terminate()
  await until('nothing leaked', () => app.inside.openConnections.open === 0)
})

it('a flood of pings that reads no answer is ended with a mebibyte held at most', async () => {
  const flooder = await signedIn(app)
  const own = await draftOf(app, flooder)
  const sides: Socket[] = []
  const keep = (_request: unknown, side: Socket) => void sides.push(side)
  app.root.server.on('upgrade', keep)
  const socket = await TestSocket.openAs(url, flooder.browser, `/v1/ws/drafts/${own.id}`)
  app.root.server.off('upgrade', keep)
  await until('ready', () => typesOf(socket).includes('ready'))
  const [side] = sides as [Socket]
  const payload = Buffer.alloc(125)
  let held = 0
  side.on('data', () => {
    held = Math.max(held, side.writableLength)
  })
  const before = memory()
  let grown = 0
  socket.ws.pause()
  // More than the kernel takes of their answers.
  for (let sent = 0; !side.destroyed && sent < 80_000; sent += 40) {
    if (socket.ws.readyState === socket.ws.OPEN) for (let n = 0; n < 40; n++) socket.ws.ping(payload)
    if (sent % 4000 === 0) grown = Math.max(grown, memory() - before)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(side.destroyed).toBe(true)
  // It is looked at after each answer.
  expect(held).toBeLessThanOrEqual(1024 * 1024 + 200)
  expect(grown / 1e6).toBeLessThan(50)
  socket.ws.terminate()
  await until('nothing leaked', () => app.inside.openConnections.open === 0)
})

it('joining is one call, and one too many is refused', async () => {
  const before = await left()
  const socket = await open()
  await until('ready', () => typesOf(socket).includes('ready'))
  expect(await left()).toBe(before - 2)
  socket.ws.terminate()
  while ((await left()) > 0);
  expect(await (await open()).closed()).toEqual({ code: 4429, reason: 'RATE_LIMITED' })
})

it('guessing tokens is bounded by address', async () => {
  const guess = async () => (await (await TestSocket.open(url, { authorization: 'Bearer x' }, path)).closed()).code
  const codes = new Set<number>()
  await until('the limit', async () => codes.add(await guess()).has(4429))
  expect(codes).toEqual(new Set([4401, 4429]))
})

it('hears 1012 when the server closes, so that it comes back', async () => {
  const friend = await signedIn(app)
  const own = await draftOf(app, friend)
  const socket = await TestSocket.openAs(url, friend.browser, `/v1/ws/drafts/${own.id}`)
  await until('ready', () => typesOf(socket).includes('ready'))
  await app.root.close()
  expect((await socket.closed()).code).toBe(1012)
})
