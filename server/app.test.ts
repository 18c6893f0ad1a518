import { once } from 'node:events'
import { createServer } from 'node:http'
import cookie from '@fastify/cookie'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { afterEach, describe, expect, it, vi } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import { plinth, serverOptions } from './app.ts'
import { readConfig } from './platform/config/config.ts'
import { testEnvironment } from './test/app.ts'
import { TestSocket } from './test/socket.ts'
import { until } from './test/until.ts'

const hosts: FastifyInstance[] = []
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()))
})

type Setting = {
  environment?: Record<string, string>
  options?: FastifyServerOptions
  before?: (host: FastifyInstance) => unknown
  after?: (host: FastifyInstance) => unknown
}

/** Somebody's own server, bare, with Plinth in it. Its database is away: nothing here needs one. */
async function hostWithPlinth({ environment = {}, options = {}, before, after }: Setting = {}) {
  const host = Fastify(options)
  hosts.push(host)
  await before?.(host)
  const url = 'postgres://127.0.0.1:9/nowhere'
  await host.register(plinth, { config: readConfig(testEnvironment({ DATABASE_URL: url, ...environment })) })
  await after?.(host)
  await host.ready()
  return host
}

describe('in a server of somebody else, Plinth', () => {
  it('leaves their body parsers, error handler and missing pages alone', async () => {
    const host = await hostWithPlinth({
      before(host) {
        host.addContentTypeParser('text/csv', { parseAs: 'string' }, (_request, body, done) =>
          done(null, { csv: body }),
        )
        host.addContentTypeParser('multipart/form-data', (_request, payload, done) => {
          payload.resume()
          payload.on('end', () => done(null, { form: true }))
        })
        host.setErrorHandler((error, _request, reply) => reply.code(418).send({ theirs: (error as Error).message }))
        host.setNotFoundHandler((request, reply) => reply.code(404).send({ theirs: request.url }))
      },
      after(host) {
        host.post('/echo', async ({ body }) => body)
        host.get('/throw', async () => {
          throw new Error('broken')
        })
      },
    })
    const post = (type: string, payload: string) =>
      host.inject({ method: 'POST', url: '/echo', headers: { 'content-type': type }, payload })
    expect((await post('application/json', '{"a":1}')).json()).toEqual({ a: 1 })
    expect((await post('text/csv', 'a,b')).json()).toEqual({ csv: 'a,b' })
    expect((await post('multipart/form-data; boundary=x', '--x--')).json()).toEqual({ form: true })
    expect((await post('text/plain', 'hello')).body).toBe('hello')
    expect((await host.inject('/throw')).json()).toEqual({ theirs: 'broken' })
    for (const url of ['/nowhere', '/authors', '/menu', '/trpcx', '/api/x']) {
      expect((await host.inject(url)).json()).toEqual({ theirs: url })
    }
  })

  it('answers in its own form where it is at home', async () => {
    const host = await hostWithPlinth()
    for (const url of ['/auth/nowhere', '/auth', '/me/nowhere', '/me']) {
      const { error, requestId } = (await host.inject(url)).json()
      expect([url, error.code, typeof requestId]).toEqual([url, 'DATABASE_UNAVAILABLE', 'string'])
    }
    for (const url of ['/trpc/nowhere', '/trpc', '/trpc/a/b']) {
      expect((await host.inject(url)).json()).toMatchObject({ error: { data: { code: 'DATABASE_UNAVAILABLE' } } })
    }
  })

  it('runs none of its hooks for their routes, and all of theirs for both', async () => {
    const seen: string[] = []
    const host = await hostWithPlinth({
      before: (host) => host.addHook('onRequest', async ({ url }) => void seen.push(url)),
      after: (host) => host.post('/theirs', async () => 'theirs'),
    })
    const theirs = await host.inject({
      method: 'POST',
      url: '/theirs',
      headers: { origin: 'https://elsewhere.example', cookie: 'a=b' },
    })
    // No CSRF check, no header, no id of ours.
    expect(theirs.statusCode).toBe(200)
    expect(Object.keys(theirs.headers).sort()).toEqual(['connection', 'content-length', 'content-type', 'date'])
    const ours = await host.inject('/livez')
    expect(ours.headers).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'self'"),
      'x-request-id': expect.any(String),
    })
    expect(seen).toEqual(['/theirs', '/livez'])
  })

  it('shows them none of its decorators, and takes none of theirs for its own', async () => {
    const host = await hostWithPlinth({
      before: (host) => host.decorate('config', { theirs: true } as never).decorate('sessions', 'theirs' as never),
    })
    expect(host.config).toEqual({ theirs: true })
    expect(host.sessions).toBe('theirs')
    for (const name of ['database', 'notices', 'websocketServer', 'parseCookie']) {
      expect([name, host.hasDecorator(name)]).toEqual([name, false])
    }
    expect(host.hasRequestDecorator('cookies')).toBe(false)
    expect((await host.inject('/health')).statusCode).toBe(503)
  })

  it.each([10, 50 * 1024 * 1024])('keeps its own limit of bodies beside theirs of %i bytes', async (bodyLimit) => {
    const host = await hostWithPlinth({
      environment: { DATABASE_URL: 'pglite://memory' },
      options: { bodyLimit },
      after: (host) => host.post('/theirs', async ({ body }) => String(body).length),
    })
    await until('the database', async () => (await host.inject('/readyz')).statusCode === 200)
    const post = async (url: string, type: string, length: number) =>
      host.inject({ method: 'POST', url, headers: { 'content-type': type }, payload: ' '.repeat(length) })
    expect((await post('/theirs', 'text/plain', bodyLimit)).body).toBe(String(bodyLimit))
    expect((await post('/theirs', 'text/plain', bodyLimit + 1)).statusCode).toBe(413)
    const url = '/trpc/account.sessions.revokeOthers'
    expect((await post(url, 'application/json', 1024 * 1024)).statusCode).toBe(401)
    expect((await post(url, 'application/json', 1024 * 1024 + 1)).statusCode).toBe(413)
  })

  it('answers no OPTIONS but its own, also when other origins may call it', async () => {
    const host = await hostWithPlinth({
      environment: { CORS_ORIGINS: 'https://partner.example' },
      before: (host) => host.setNotFoundHandler((_request, reply) => reply.code(404).send('theirs')),
      after: (host) => host.options('/theirs', async () => 'their options'),
    })
    const options = (url: string) =>
      host.inject({
        method: 'OPTIONS',
        url,
        headers: { origin: 'https://partner.example', 'access-control-request-method': 'POST' },
      })
    expect((await options('/theirs')).body).toBe('their options')
    for (const url of ['/', '/nowhere', '/authors', '/menu', '/trpcx']) expect((await options(url)).body).toBe('theirs')
    for (const url of ['/trpc/account.me', '/auth/logout', '/me']) expect((await options(url)).statusCode).toBe(204)
  })

  it('lives with the cookie plugin they have', async () => {
    const host = await hostWithPlinth({
      before: (host) => host.register(cookie),
      after: (host) => host.get('/theirs', async ({ cookies }) => cookies),
    })
    expect((await host.inject({ url: '/theirs', headers: { cookie: 'a=b' } })).json()).toEqual({ a: 'b' })
    expect((await host.inject('/me')).json().error.code).toBe('DATABASE_UNAVAILABLE')
  })

  it('shares the WebSocket server they have', async () => {
    const host = await hostWithPlinth({
      before: (host) => host.register(websocket),
      after: (host) =>
        host.register(async (scope) => {
          scope.get('/theirs', { websocket: true }, (socket) => {
            socket.on('message', (data: Buffer) => socket.send(`${data}!`))
          })
        }),
    })
    const url = await host.listen({ port: 0, host: '127.0.0.1' })
    const socket = new WebSocket(`${url.replace('http', 'ws')}/theirs`)
    await once(socket, 'open')
    socket.send('hello')
    expect(String((await once(socket, 'message'))[0])).toBe('hello!')
    socket.close()
    await expect(TestSocket.open(url)).rejects.toThrow('503')
  })

  it('leaves sockets at other paths to whoever serves them on the same server', async () => {
    const host = await hostWithPlinth({
      before(host) {
        const theirs = new WebSocketServer({ noServer: true })
        host.server.on('upgrade', (request, socket, head) => {
          if (request.url === '/theirs') theirs.handleUpgrade(request, socket, head, (client) => client.send('theirs'))
        })
      },
    })
    const url = await host.listen({ port: 0, host: '127.0.0.1' })
    const socket = new WebSocket(`${url.replace('http', 'ws')}/theirs`)
    expect(String((await once(socket, 'message'))[0])).toBe('theirs')
    socket.close()
  })
})

it('takes a server it did not make', async () => {
  const host = await hostWithPlinth({ options: { serverFactory: (handler) => createServer(handler) } })
  expect((await host.inject('/livez')).json()).toEqual({ status: 'alive' })
})

it('starts on a machine on which a plugin takes as long as it likes', async () => {
  const root = Fastify({ ...serverOptions(readConfig(testEnvironment())), logger: false })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const loaded = Promise.withResolvers<void>()
  root.register(() => loaded.promise)
  const ready = root.ready()
  // Fastify gives a plugin ten seconds otherwise.
  for (let n = 0; n < 10; n++) await new Promise((resolve) => setImmediate(resolve))
  vi.advanceTimersByTime(3_600_000)
  loaded.resolve()
  await ready
  await root.close()
})
