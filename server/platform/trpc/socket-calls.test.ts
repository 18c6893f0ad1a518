/** One socket that sends ten thousand calls without waiting for an answer, with the limits that a server has by default. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { createContext } from '../../context.ts'
import { buildTestApp } from '../../test/app.ts'
import { memory } from '../../test/memory.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'
import { authedProcedure, router } from '../../trpc.ts'
import { trpcPlugin } from './plugin.ts'
import { callsAtOncePerSocket, refusalsPerSocket } from './socket-calls.ts'

const budget = 600
let running = 0
let most = 0
const counted = router({
  run: authedProcedure.query(async () => {
    most = Math.max(most, ++running)
    await delay(20)
    running--
    return true
  }),
})
const app = await buildTestApp({
  environment: { RATE_LIMIT_SIGNED_IN: String(budget) },
  page: async (app) => void app.register(trpcPlugin, { prefix: '/counted', router: counted, createContext }),
})
const url = await app.listen()
const sockets: TestSocket[] = []
async function open(path?: string) {
  const socket = await TestSocket.openAs(url, await app.signIn(), path)
  sockets.push(socket)
  return socket
}
afterEach(() => {
  for (const { ws } of sockets.splice(0)) ws.terminate()
})
afterAll(() => vi.restoreAllMocks())

const flood = ({ ws }: TestSocket, path: string, frames: number, callsInEach = 1) => {
  const call = (id: number) => ({ id, method: 'query', params: { path } })
  for (let n = 0; n < frames; n++) {
    const calls = Array.from({ length: callsInEach }, (_, at) => call(n * callsInEach + at + 1))
    ws.send(JSON.stringify(callsInEach === 1 ? calls[0] : calls))
  }
}
const codesOf = ({ answers }: TestSocket) => new Set(answers.map(({ error }) => error?.data.code ?? 'answered'))

describe('calls of one socket', () => {
  it('run a bounded number at once, and each is answered', async () => {
    const socket = await open('/counted')
    most = 0
    flood(socket, 'run', budget)
    await until('all answers', () => socket.answers.length === budget)
    expect(codesOf(socket)).toEqual(new Set(['answered']))
    expect(most).toBe(callsAtOncePerSocket)
    expect(new Set(socket.answers.map(({ id }) => id)).size).toBe(budget)
  })

  it('that come in one frame count together, and the next frame waits for them', async () => {
    const socket = await open('/counted')
    most = 0
    flood(socket, 'run', 6, 100)
    await until('all answers', () => socket.answers.length === budget)
    expect(most).toBeGreaterThanOrEqual(100)
    expect(most).toBeLessThan(100 + callsAtOncePerSocket)
  })

  it('beyond the budget of its user are refused before anybody is looked up, and then the socket is closed', async () => {
    const socket = await open()
    const find = vi.spyOn(app.sessions, 'find')
    flood(socket, 'account.me', 10_000)
    expect(await socket.closed()).toEqual({ code: 4429, reason: 'RATE_LIMITED' })
    expect(codesOf(socket)).toEqual(new Set(['answered', 'RATE_LIMITED']))
    expect(find.mock.calls.length).toBeLessThanOrEqual(budget)
    const refused = socket.answers.filter(({ error }) => error?.data.code === 'RATE_LIMITED')
    // What ran when it was closed is not sent any more.
    expect(refused.length).toBeLessThanOrEqual(refusalsPerSocket)
  })

  it('do not hold up anybody else’s, nor memory', async () => {
    const [socket, other] = [await open(), await open()]
    await other.call('query', 'account.me')
    const before = memory()
    flood(socket, 'account.me', 20_000)
    await until('the flood', () => socket.answers.length > 0)
    const answer = other.call('query', 'account.me')
    expect((await answer).result).toBeDefined()
    expect(socket.answers.length).toBeLessThan(budget)
    expect(memory() - before).toBeLessThan(50e6)
    expect(await socket.closed()).toMatchObject({ code: 4429 })
  })
})

it('subscriptions of one user are bounded on all of their sockets together, and each that ends makes room', async () => {
  const bounded = await buildTestApp({ environment: { RATE_LIMIT_SUBSCRIPTIONS_PER_PERSON: '5' } })
  const [user, other] = [await bounded.signIn(), await bounded.signIn()]
  const at = await bounded.listen()
  const [one, two, third] = await Promise.all([user, user, other].map((browser) => TestSocket.openAs(at, browser)))
  for (const socket of [one, two, third]) sockets.push(socket as TestSocket)
  const follow = (socket: TestSocket | undefined) => (socket as TestSocket).subscribe('account.onSessionEnded')
  for (const socket of [one, one, one, two, two]) await follow(socket)
  for (const socket of [one, two]) await expect(follow(socket)).rejects.toThrow('TOO_MANY_SUBSCRIPTIONS')
  await follow(third)
  one?.ws.terminate()
  await until('room', () =>
    follow(two).then(
      () => true,
      () => false,
    ),
  )
  for (let n = 0; n < 2; n++) await follow(two)
  await expect(follow(two)).rejects.toThrow('TOO_MANY_SUBSCRIPTIONS')
})
