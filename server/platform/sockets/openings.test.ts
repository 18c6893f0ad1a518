/** The load of sockets that a thousand clients open at once, as after a restart. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { afterAll, afterEach, expect, it, vi } from 'vitest'
import WebSocket from 'ws'
import { createContext } from '../../context.ts'
import { buildTestApp, publicUrl } from '../../test/app.ts'
import { range } from '../../test/followers.ts'
import { freePort } from '../../test/postgres-server.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'
import { authedProcedure, router } from '../../trpc.ts'
import { Openings } from '../limits/openings.ts'
import { trpcPlugin } from '../trpc/plugin.ts'
import { isUpgradeTo, Upgrades } from './upgrades.ts'

/** Half of the connections of the database pool. */
const atOnce = 3
let [running, most] = [0, 0]
const held: (() => void)[] = []
/** Runs until it is released, and counts how many run. */
async function hold() {
  most = Math.max(most, ++running)
  await new Promise<void>((resolve) => held.push(resolve))
  running--
}
const holding = router({
  follow: authedProcedure.subscription(async ({ signal }) => {
    await hold()
    return (async function* () {
      yield 'begun'
      await new Promise((resolve) => signal?.addEventListener('abort', resolve))
    })()
  }),
})
const app = await buildTestApp({
  environment: { DATABASE_POOL_MAX: '6', TRUST_PROXY: '127.0.0.1' },
  page: async (app) => void app.register(trpcPlugin, { prefix: '/holding', router: holding, createContext }),
})
const url = await app.listen()
const sockets: WebSocket[] = []

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate()
  vi.restoreAllMocks()
  most = 0
})

const addressOf = ({ socket }: IncomingMessage) => socket.remoteAddress

/** Releases each that is held, until `isDone`. */
const releaseUntil = (what: string, isDone: () => boolean) =>
  until(what, () => {
    for (const release of held.splice(0)) release()
    return isDone()
  })

function open(headers: Record<string, string>, to = `${url.replace('http', 'ws')}/trpc`) {
  const socket = new WebSocket(to, { headers: { origin: publicUrl, ...headers } })
  socket.on('error', () => {})
  sockets.push(socket)
  return socket
}

it('many sockets are opened a few at a time, and a concurrent request is served before the last', async () => {
  const browser = await app.signIn()
  const find = app.inside.sessions.find.bind(app.inside.sessions)
  vi.spyOn(app.inside.sessions, 'find').mockImplementation(async (token) => {
    await hold()
    return find(token)
  })
  const opening = range(1, 20).map(() => open({ cookie: browser.cookieHeader }))
  const isOpen = ({ readyState }: WebSocket) => readyState === WebSocket.OPEN
  await until('as many as may', () => running === atOnce)
  expect((await fetch(`${url}/health`)).status).toBe(200)
  expect(opening.some(isOpen)).toBe(false)
  await releaseUntil('all open', () => opening.every(isOpen))
  expect(most).toBe(atOnce)
})

it('many subscriptions begin a few at a time, and a query on one of their sockets is served before the last', async () => {
  const browser = await app.signIn()
  const all = await Promise.all(range(1, 20).map(() => TestSocket.openAs(url, browser, '/holding')))
  sockets.push(...all.map(({ ws }) => ws))
  for (const socket of all) socket.send('subscription', 'follow')
  await until('as many as may', () => running === atOnce)
  expect((await browser.query('account.me')).statusCode).toBe(200)
  const haveBegun = () => all.every(({ answers }) => answers.some(({ result }) => result?.data === 'begun'))
  await releaseUntil('all begun', haveBegun)
  expect(most).toBe(atOnce)
})

it('a refused socket makes room for the next', async () => {
  const browser = await app.signIn()
  const refused = range(1, 12).map(() => open({ cookie: browser.cookieHeader, origin: 'https://elsewhere.example' }))
  // Without a key no WebSocket opens.
  const broken = range(1, 12).map(() => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const lines = ['GET /trpc HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket']
    socket.write([...lines, `Cookie: ${browser.cookieHeader}`, `Origin: ${publicUrl}`, '', ''].join('\r\n'))
    return once(socket.resume(), 'close')
  })
  const last = open({ cookie: browser.cookieHeader })
  await until('the last', () => last.readyState === WebSocket.OPEN)
  await until('the others', () => refused.every(({ readyState }) => readyState === WebSocket.CLOSED))
  await Promise.all(broken)
})

it('a request of another method takes no place of a socket, though it asks for an upgrade', async () => {
  const browser = await app.signIn()
  const head = (path: string) => [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
  ]
  // The first is refused by a hook, and the second has no route.
  const paths = ['/trpc', '/v1/ws/drafts/1']
  const others = range(1, 12).map(async (n) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    afterAll(() => socket.destroy())
    socket.write([...head(paths[n % 2] as string), 'Origin: https://elsewhere.example', '', ''].join('\r\n'))
    const [response] = await once(socket, 'data')
    return Number(String(response).split(' ')[1])
  })
  expect(new Set(await Promise.all(others))).toEqual(new Set([403, 404]))
  const next = open({ cookie: browser.cookieHeader })
  await until('the next', () => next.readyState === WebSocket.OPEN)
})

it('a socket that nothing completes or refuses gives its place back at a deadline', async () => {
  const server = createServer()
  afterAll(() => server.close())
  const upgrades = new Upgrades(server, { openings: new Openings({ poolMax: 2 }), addressOf, settlesWithinMs: 50 })
  upgrades.take(isUpgradeTo('/trpc'))
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const [first, second] = range(1, 2).map(() => open({}, `ws://127.0.0.1:${port}/trpc`)) as [WebSocket, WebSocket]
  await until('their ends', () => [first, second].every(({ readyState }) => readyState === WebSocket.CLOSED))
})

it('a socket whose turn does not come is refused with 503 and a random Retry-After', async () => {
  const server = createServer()
  afterAll(() => server.close())
  const upgrades = new Upgrades(server, { openings: new Openings({ poolMax: 2, waitMs: 50 }), addressOf })
  upgrades.take(isUpgradeTo('/trpc'))
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const at = `ws://127.0.0.1:${port}/trpc`
  const upgraded = new Promise((resolve) => upgrades.once('upgrade', resolve))
  open({}, at)
  await upgraded
  const refusals = await Promise.all(
    range(1, 20).map(async () => {
      const [response] = await new Promise<[{ statusCode: number; headers: Record<string, string> }]>((resolve) =>
        open({}, at).once('unexpected-response', (_request, response) => resolve([response as never])),
      )
      return response
    }),
  )
  expect(new Set(refusals.map(({ statusCode }) => statusCode))).toEqual(new Set([503]))
  const seconds = new Set(refusals.map(({ headers }) => Number(headers['retry-after'])))
  expect(Math.min(...seconds)).toBeGreaterThanOrEqual(5)
  expect(Math.max(...seconds)).toBeLessThan(10)
  expect(seconds.size).toBeGreaterThan(1)
})

it('a network that fills its part of the queue is refused at once, and other networks get their turn before it', async () => {
  const bounded = await buildTestApp({
    environment: {
      DATABASE_POOL_MAX: '2',
      TRUST_PROXY: '127.0.0.1',
      RATE_LIMIT_SOCKETS_PER_ADDRESS: '4',
      RATE_LIMIT_SUBSCRIPTIONS_PER_PERSON: '4',
    },
  })
  const to = `${(await bounded.listen()).replace('http', 'ws')}/trpc`
  const browser = await bounded.signIn()
  const find = bounded.inside.sessions.find.bind(bounded.inside.sessions)
  vi.spyOn(bounded.inside.sessions, 'find').mockImplementation(async (token) => {
    await hold()
    return find(token)
  })
  const order: string[] = []
  const from = (address: string) => {
    const socket = open({ cookie: browser.cookieHeader, 'x-forwarded-for': address }, to)
    socket.once('open', () => order.push(address))
    return socket
  }
  // All of one /64.
  for (const n of range(1, 5)) from(`2001:db8:0:1::${n}`)
  await until('the first one', () => running === 1)
  const refused = range(6, 9).map((n) => from(`2001:db8:0:1::${n}`))
  const statuses = await Promise.all(
    refused.map(
      (socket) =>
        new Promise((resolve) => socket.once('unexpected-response', (_, { statusCode }) => resolve(statusCode))),
    ),
  )
  expect(new Set(statuses)).toEqual(new Set([503]))
  const metrics = await bounded.root.inject({ url: '/metrics' })
  expect(metrics.body).toMatch(/^socket_upgrades_refused_total 4$/m)
  const arrivals = vi.spyOn(bounded.inside.openings, 'run')
  from('2001:db8:0:2::1')
  await until('its arrival', () => arrivals.mock.calls.length === 1)
  await releaseUntil('all open', () => order.length === 6)
  expect(order.indexOf('2001:db8:0:2::1')).toBeLessThan(3)
})
