import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createContext } from '../../context.ts'
import { buildTestApp, publicUrl } from '../../test/app.ts'
import { memory } from '../../test/memory.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'
import { authedProcedure, router } from '../../trpc.ts'
import { trpcPlugin } from './plugin.ts'
import { callsAtOncePerSocket, subscriptionsPerSocket } from './socket-calls.ts'

const gate = Promise.withResolvers<void>()
/** A subscription that is stopped while who asks for it is still being looked up. */
const slow = router({
  follow: authedProcedure
    .use(async ({ next }) => {
      await gate.promise
      return next()
    })
    .subscription(async function* ({ signal }) {
      await once(signal as AbortSignal, 'abort')
      yield null
    }),
})
const slowApp = await buildTestApp({
  page: async (app) => void app.register(trpcPlugin, { prefix: '/slow', router: slow, createContext }),
})
const app = await buildTestApp()
const url = await app.listen()
const browser = await app.signIn()
const me = (await browser.get('/me')).json()
const cookie = browser.cookieHeader

const opened: TestSocket[] = []
async function open(headers: Record<string, string> = { cookie, origin: publicUrl }) {
  const socket = await TestSocket.open(url, headers)
  opened.push(socket)
  return socket
}
afterEach(() => {
  for (const { ws } of opened.splice(0)) ws.terminate()
})

/** The process is well: somebody else's socket works. */
const expectAlive = async () =>
  expect((await (await open()).call('query', 'account.me')).result?.data).toMatchObject({ id: me.id })

describe('who may open a socket', () => {
  it.each([
    ['a foreign origin', { cookie, origin: 'https://evil.example' }],
    ['a look-alike origin', { cookie, origin: `${publicUrl}.evil.example` }],
    ['a null origin', { cookie, origin: 'null' }],
    ['no origin beside a cookie', { cookie }],
    ['no origin beside a refresh cookie', { cookie: `plinth_refresh=${'x'.repeat(43)}` }],
    ['a foreign origin beside a bearer', { cookie, origin: 'https://evil.example', authorization: 'Bearer x' }],
    ['a foreign origin and no cookie', { origin: 'https://evil.example' }],
    ['a cross-site fetch', { cookie, 'sec-fetch-site': 'cross-site' }],
  ])('refuses %s before the upgrade', async (_, headers) => {
    await expect(TestSocket.open(url, headers)).rejects.toThrow('Unexpected server response: 403')
  })

  it.each([
    ['no cookie', { origin: publicUrl }],
    ['neither cookie nor origin', {}],
    ['a cookie that was never a session', { origin: publicUrl, cookie: `plinth_session=${'x'.repeat(43)}` }],
    ['an Authorization header beside a good cookie', { origin: publicUrl, cookie, authorization: 'Bearer x' }],
    ['an X-User-Id', { origin: publicUrl, 'x-user-id': me.id }],
  ])('accepts %s and closes with 4401, so that a browser learns why', async (_, headers) => {
    const socket = await open(headers)
    expect(await socket.closed()).toMatchObject({ code: 4401 })
  })

  it('closes a socket with an ended session with 4401', async () => {
    const other = await app.signIn()
    const cookie = other.cookieHeader
    await other.send({ method: 'POST', url: '/auth/logout' })
    expect(await (await open({ cookie, origin: publicUrl })).closed()).toMatchObject({ code: 4401 })
  })

  it('answers calls on a socket with a valid session', async () => {
    const socket = await open()
    expect((await socket.call('query', 'account.me')).result?.data).toEqual(me)
    const renamed = await socket.call('mutation', 'account.updateProfile', { displayName: 'By socket' })
    expect(renamed.result?.data).toMatchObject({ displayName: 'By socket' })
    expect((await socket.call('query', 'account.sessions.list')).result?.data.items).toHaveLength(1)
  })

  it('answers faults in the same form as over HTTP', async () => {
    const socket = await open()
    const answer = await socket.call('mutation', 'account.updateProfile', { displayName: 5 })
    expect(answer.error).toMatchObject({
      data: { code: 'VALIDATION_ERROR', httpStatus: 400, details: [{ field: 'displayName' }] },
    })
    const missing = await socket.call('query', 'account.nothing')
    expect(missing.error?.data).toMatchObject({ code: 'NOT_FOUND', httpStatus: 404 })
  })
})

describe('upgrades', () => {
  /** What a raw upgrade request is answered with, to the end of the connection. */
  async function upgrade(path: string, protocol = 'websocket', ...headers: string[]) {
    const { port } = new URL(url)
    const socket = connect(Number(port), '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: ${protocol}\r\n` +
        ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', ...headers, '\r\n'].join('\r\n'),
    )
    await until('the end of the connection', () => socket.closed)
    return answer.split('\r\n')[0]
  }

  it.each(['/livez', '/trpc/account.methods'])('answers %s as an ordinary request and lets go of it', async (path) => {
    expect(await upgrade(path)).toBe('HTTP/1.1 200 OK')
  })

  it.each(['/nowhere', '/trpc/', '/TRPC'])('does not upgrade %s', async (path) => {
    expect(await upgrade(path)).toMatch('HTTP/1.1 404')
  })

  it('lets go of a connection whose upgrade it refused', async () => {
    expect(await upgrade('/trpc', 'websocket', 'Origin: https://evil.example')).toBe('HTTP/1.1 403 Forbidden')
  })

  it('does not take other protocols at /trpc for a socket', async () => {
    expect(await upgrade('/trpc', 'h2c')).toMatch('HTTP/1.1 404')
  })
})

describe('limits of a socket', () => {
  it('refuses a frame with more calls than a socket may follow, and answers each', async () => {
    const socket = await open()
    const calls = Array.from({ length: subscriptionsPerSocket + 1 }, (_, id) => ({
      id: id + 1,
      method: 'query',
      params: { path: 'account.me' },
    }))
    socket.ws.send(JSON.stringify(calls))
    await until('all answers', () => socket.answers.length === calls.length)
    expect(new Set(socket.answers.map(({ error }) => error?.data.code))).toEqual(new Set(['VALIDATION_ERROR']))
  })

  it('closes at a frame over 128 KiB', async () => {
    const socket = await open()
    socket.ws.send(JSON.stringify({ id: 1, method: 'query', params: { path: 'x', input: 'x'.repeat(128 * 1024) } }))
    expect(await socket.closed()).toMatchObject({ code: 1009 })
    await expectAlive()
  })

  it('ends a client that asks without reading', async () => {
    const socket = await open()
    const frame = JSON.stringify(
      Array.from({ length: subscriptionsPerSocket }, (_, id) => ({ id, method: 'query', params: { path: 'none' } })),
    )
    socket.ws.pause()
    const flood = () => {
      for (let sent = 0; sent < 50; sent++) socket.ws.send(frame)
      return app.sessions.watch.size === 0
    }
    await until('the end of the socket', flood)
    await expectAlive()
  })

  it('refuses one subscription too many, and stopping one frees its place', async () => {
    const socket = await open()
    const ids: number[] = []
    for (let n = 0; n < subscriptionsPerSocket; n++) ids.push(await socket.subscribe('account.onSessionEnded'))
    await expect(socket.subscribe('account.onSessionEnded')).rejects.toThrow('TOO_MANY_SUBSCRIPTIONS')
    // Refusals hold no place themselves.
    await expect(socket.subscribe('account.onSessionEnded')).rejects.toThrow('TOO_MANY_SUBSCRIPTIONS')
    socket.stop(ids[0] as number)
    await socket.answerTo(ids[0] as number)
    await socket.subscribe('account.onSessionEnded')
    await expect(socket.subscribe('account.onSessionEnded')).rejects.toThrow('TOO_MANY_SUBSCRIPTIONS')
  })

  it('holds no place for subscriptions that were stopped before they began', async () => {
    const socket = await TestSocket.openAs(await slowApp.listen(), await slowApp.signIn(), '/slow')
    opened.push(socket)
    const stopped = () => socket.answers.filter(({ result }) => result?.type === 'stopped').length
    const early = Math.floor(callsAtOncePerSocket / 2)
    for (let n = 0; n < early; n++) {
      const id = socket.send('subscription', 'follow')
      // Between a subscription and its stop: its lookup has begun, and waits at the gate.
      await socket.call('query', 'none')
      socket.stop(id)
    }
    await socket.call('query', 'none')
    gate.resolve()
    await until('the stop of all of them', () => stopped() === early)
    for (let n = 0; n < subscriptionsPerSocket; n++) await socket.subscribe('follow')
    await expect(socket.subscribe('follow')).rejects.toThrow('TOO_MANY_SUBSCRIPTIONS')
  })

  it('leaves nothing watched behind when sockets go, however they go', async () => {
    for (let n = 0; n < 20; n++) {
      const socket = await open()
      await socket.subscribe('account.onSessionEnded')
      if (n % 2) socket.ws.close()
      else socket.ws.terminate()
    }
    await until('nobody watches', () => app.sessions.watch.size === 0)
  })
})

describe('garbage on a socket', () => {
  const deep = '['.repeat(60_000)
  it.each([
    ['no JSON', 'garbage'],
    ['half a frame', '{"id":1,"method":'],
    ['a number', '5'],
    ['null', 'null'],
    ['an empty array', '[]'],
    ['deep arrays', deep + ']'.repeat(60_000)],
    ['deep arrays without end', deep],
    ['deep objects', '{"a":'.repeat(20_000)],
    ['deep input', `{"id":1,"method":"query","params":{"path":"account.me","input":${deep}${']'.repeat(60_000)}}}`],
    ['ten thousand calls', JSON.stringify(Array.from({ length: 10_000 }, (_, id) => ({ id })))],
    ['an unknown method', '{"id":1,"method":"drop","params":{"path":"account.me"}}'],
    ['no id', '{"method":"query","params":{"path":"account.me"}}'],
    ['an id that is an object', '{"id":{},"method":"query","params":{"path":"account.me"}}'],
    ['no params', '{"id":1,"method":"query"}'],
    ['a path that is an object', '{"id":1,"method":"query","params":{"path":{"a":1}}}'],
    ['a prototype key as path', '{"id":1,"method":"query","params":{"path":"__proto__"}}'],
    ['a nested prototype key', '{"id":1,"method":"query","params":{"path":"account.__proto__.constructor"}}'],
    ['constructor', '{"id":1,"method":"mutation","params":{"path":"constructor"}}'],
    [
      'prototype keys in the input',
      '{"id":1,"method":"mutation","params":{"path":"account.updateProfile","input":{"__proto__":{"displayName":"x"}}}}',
    ],
    ['a stop of what never began', '{"id":9,"method":"subscription.stop"}'],
    [
      'a last event id that is an object',
      '{"id":1,"method":"subscription","params":{"path":"account.methods","lastEventId":{}}}',
    ],
    ['binary', Buffer.from([0, 255, 254])],
  ])('survives %s', async (_, frame) => {
    const socket = await open()
    socket.ws.send(frame)
    // The socket still answers, or was closed; either way the process lives.
    await Promise.race([socket.call('query', 'account.methods').catch(() => {}), socket.closed()])
    await expectAlive()
    for (const { error } of socket.answers) if (error) expect(JSON.stringify(error)).not.toMatch(/\bat .*:\d+/)
  })

  it('closes at bytes that are no frames, without a line at error level', async () => {
    const socket = await open()
    // @ts-expect-error the transport below, which ws keeps to itself
    socket.ws._socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]))
    expect(await socket.closed()).toMatchObject({ code: 1002 })
    await expectAlive()
  })

  it('survives a hundred thousand one-byte fragments', async () => {
    const socket = await open()
    for (let n = 0; n < 100_000; n++) socket.ws.send('x', { fin: false })
    socket.ws.send('x', { fin: true })
    await until('an answer or the end', () => socket.answers.length > 0 || socket.close)
    await expectAlive()
  })

  it('holds at most 50 MB, of whatever and however often', async () => {
    const calls = JSON.stringify(Array.from({ length: 10_000 }, (_, id) => ({ id })))
    const frames = [calls, deep, deep + ']'.repeat(60_000), '{"a":'.repeat(20_000)]
    await expectAlive()
    const before = memory()
    let most = 0
    const look = () => {
      most = Math.max(most, memory() - before)
    }
    // Thousands of subscriptions, held while the rest comes.
    const following = await Promise.all(Array.from({ length: 20 }, () => open()))
    for (const socket of following) {
      for (let n = 0; n < subscriptionsPerSocket; n++) socket.send('subscription', 'account.onSessionEnded')
    }
    await until('their starts', () => following.every(({ answers }) => answers.length >= subscriptionsPerSocket))
    look()
    for (let round = 0; round < 3; round++) {
      const sockets = await Promise.all(frames.map(() => open()))
      for (const [at, socket] of sockets.entries()) for (let n = 0; n < 5; n++) socket.ws.send(frames[at] as string)
      const fragments = await open()
      for (let n = 0; n < 5000; n++) fragments.ws.send('x', { fin: false })
      const ended = sockets.map((socket) =>
        Promise.race([socket.call('query', 'account.methods').catch(() => {}), socket.closed()]),
      )
      await Promise.all(ended)
      look()
      for (const { ws } of [...sockets, fragments]) ws.terminate()
    }
    await expectAlive()
    look()
    expect(most / 1e6).toBeLessThan(50)
  })
})
