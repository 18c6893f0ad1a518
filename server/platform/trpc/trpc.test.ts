import { once } from 'node:events'
import { request as send } from 'node:http'
import { describe, expect, it } from 'vitest'
import { buildTestApp, publicUrl } from '../../test/app.ts'
import { until } from '../../test/until.ts'

const app = await buildTestApp()
const away = await buildTestApp({ environment: { DATABASE_URL: 'postgres://127.0.0.1:9/nowhere' }, ready: false })
const url = new URL(await app.listen())
const browser = await app.signIn()

const asTrpc = (code: string, httpStatus: number) => ({
  error: { message: expect.any(String), data: { code, httpStatus } },
})

describe('failures at /trpc', () => {
  it.each([
    ['a call without a session', { url: '/trpc/account.me' }, 401, 'UNAUTHENTICATED'],
    ['an unknown procedure', { url: '/trpc/account.nothing' }, 404, 'NOT_FOUND'],
    ['an empty path', { url: '/trpc/' }, 404, 'NOT_FOUND'],
    ['a path with folders', { url: '/trpc/account/me' }, 404, 'NOT_FOUND'],
    ['the door itself', { url: '/trpc' }, 404, 'NOT_FOUND'],
    [
      'a post to the door itself',
      { method: 'POST', url: '/trpc', headers: { 'content-type': 'application/json' } },
      404,
      'NOT_FOUND',
    ],
    ['a prototype key', { url: '/trpc/__proto__' }, 404, 'NOT_FOUND'],
    ['a nested prototype key', { url: '/trpc/account.constructor' }, 404, 'NOT_FOUND'],
    ['broken escapes', { url: '/trpc/account.me%25E0%25A4%25A' }, 400, 'VALIDATION_ERROR'],
    ['a mutation over GET', { url: '/trpc/account.updateProfile' }, 405, 'METHOD_NOT_ALLOWED'],
    [
      'a mutation over PUT',
      {
        method: 'PUT',
        url: '/trpc/account.sessions.revokeOthers',
        headers: { 'content-type': 'application/json' },
        payload: '{}',
      },
      405,
      'METHOD_NOT_ALLOWED',
    ],
    [
      'a query over PUT',
      { method: 'PUT', url: '/trpc/account.me', headers: { 'content-type': 'application/json' }, payload: '{}' },
      405,
      'METHOD_NOT_ALLOWED',
    ],
    [
      'a foreign origin',
      { method: 'POST', url: '/trpc/account.updateProfile', headers: { origin: 'https://evil.example' } },
      403,
      'ORIGIN_NOT_ALLOWED',
    ],
    [
      'a text body',
      { method: 'POST', url: '/trpc/account.updateProfile', headers: { 'content-type': 'text/plain' }, payload: '{}' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a form over PUT',
      {
        method: 'PUT',
        url: '/trpc/account.updateProfile',
        headers: { 'content-type': 'multipart/form-data; boundary=x' },
        payload: 'x',
      },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a body that is no JSON',
      {
        method: 'POST',
        url: '/trpc/account.updateProfile',
        headers: { 'content-type': 'application/json' },
        payload: '{',
      },
      400,
      'VALIDATION_ERROR',
    ],
    ['a query input that is no JSON', { url: '/trpc/account.sessions.list?input={' }, 400, 'VALIDATION_ERROR'],
    [
      'a body over the limit',
      {
        method: 'POST',
        url: '/trpc/account.updateProfile',
        headers: { 'content-type': 'application/json' },
        payload: `"${'x'.repeat(1024 * 1024)}"`,
      },
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    ['a host with a name in it', { url: '/trpc/account.methods', headers: { host: 'a@b' } }, 400, 'VALIDATION_ERROR'],
    ['a request to be sent back', { method: 'TRACE', url: '/trpc/account.me' }, 405, 'METHOD_NOT_ALLOWED'],
    ['a host that is none', { url: '/trpc/account.methods', headers: { host: 'a b' } }, 400, 'VALIDATION_ERROR'],
  ] as const)('have their form and name the request: %s', async (_, options, status, code) => {
    const answer = await (code === 'UNAUTHENTICATED' ? app.browser() : browser).send({ ...options })
    expect(answer.statusCode).toBe(status)
    expect(answer.json()).toMatchObject(asTrpc(code, status))
    const { requestId } = answer.json().error.data
    if (requestId) expect(requestId).toBe(answer.headers['x-request-id'])
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.body).not.toMatch(/node_modules|\.ts:\d|stack/)
  })

  it('say with Retry-After when to come back while the database is away', async () => {
    for (const url of ['/trpc/account.me', '/trpc/account.methods', '/trpc']) {
      const answer = await away.root.inject({ url })
      expect(answer.statusCode).toBe(503)
      expect(answer.json()).toMatchObject(asTrpc('DATABASE_UNAVAILABLE', 503))
      expect(answer.headers['retry-after']).toBe('2')
    }
  })

  it('read no body beyond the limit, however long it goes on', async () => {
    let status: number | undefined
    let written = 0
    const chunk = Buffer.alloc(64 * 1024, ' ')
    const call = send(
      {
        port: url.port,
        host: url.hostname,
        method: 'POST',
        path: '/trpc/account.updateProfile',
        headers: { 'content-type': 'application/json' },
      },
      (answer) => {
        status = answer.statusCode
        answer.resume()
      },
    ).on('error', () => {})
    await until('the refusal', () => {
      if (status) return true
      written += chunk.length
      call.write(chunk)
    })
    call.destroy()
    expect(status).toBe(413)
    expect(written).toBeLessThan(64 * 1024 * 1024)
  })

  it('break off with the request, without a word about the database', async () => {
    const call = send({
      port: url.port,
      host: url.hostname,
      method: 'POST',
      path: '/trpc/account.updateProfile',
      headers: { 'content-type': 'application/json', 'content-length': '100' },
    }).on('error', () => {})
    const arrived = once(app.root.server, 'request')
    call.write('{"displayName":')
    const [{ socket }] = await arrived
    call.destroy()
    await until('the end of the connection', () => socket.closed)
    expect(app.logs.filter(({ level, code }) => level >= 40 || code === 'DATABASE_UNAVAILABLE')).toEqual([])
  })
})

describe('batches', () => {
  const batch = (paths: string[]) => browser.get(`/trpc/${paths.join(',')}?batch=1&input=%7B%7D`)

  it('hold twenty calls, whatever their names', async () => {
    const answer = await batch(Array<string>(20).fill('account.identities.list'))
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toHaveLength(20)
  })

  it('are refused beyond that', async () => {
    const answer = await batch(Array<string>(21).fill('account.me'))
    expect(answer.statusCode).toBe(400)
    expect(JSON.stringify(answer.json())).toContain('VALIDATION_ERROR')
  })

  it('of ten thousand are refused at once, in the path and in the body', async () => {
    const paths = Array<string>(10_000).fill('account.me')
    const inPath = await batch(paths)
    expect([inPath.statusCode, inPath.body.includes('VALIDATION_ERROR')]).toEqual([400, true])
    const mutations = paths.map(() => 'account.updateProfile').join(',')
    const inBody = await browser.send({
      method: 'POST',
      url: `/trpc/${mutations}?batch=1`,
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify(Object.fromEntries(paths.map((_, at) => [at, { displayName: 'x' }]))),
    })
    expect([inBody.statusCode, inBody.body.includes('VALIDATION_ERROR')]).toEqual([400, true])
    expect((await browser.get('/me')).json().displayName).not.toBe('x')
  })

  it.each([
    ['/trpc/tasks.create', 'x'],
    ['/trpc/account.updateProfile', '{"displayName":x}'],
    ['/trpc/tasks.create?batch=1', '{"0":x}'],
    ['/api/v1/auth/login', '{"email":x}'],
  ])('and calls at %s with JSON 200,000 deep in %s are refused', async (url, around) => {
    const [deep, objects] = [
      '['.repeat(200_000) + ']'.repeat(200_000),
      `${'{"a":'.repeat(150_000)}1${'}'.repeat(150_000)}`,
    ]
    for (const nested of [deep, objects, '['.repeat(200_000)]) {
      const payload = around.replace('x', nested)
      const answer = await browser.send({
        method: 'POST',
        url,
        payload,
        headers: { 'content-type': 'application/json' },
      })
      expect(answer.statusCode).toBe(400)
      expect(answer.body).not.toMatch(/RangeError|stack/)
    }
  })

  it('answer each call for itself', async () => {
    const answer = await app.root.inject({ url: '/trpc/account.me,account.methods?batch=1&input=%7B%7D' })
    expect(answer.statusCode).toBe(207)
    expect(answer.json()).toMatchObject([
      asTrpc('UNAUTHENTICATED', 401),
      { result: { data: { methods: [{ provider: 'google' }] } } },
    ])
  })
})

it('answers a HEAD with nothing', async () => {
  expect((await app.root.inject({ method: 'HEAD', url: '/trpc/account.me' })).body).toBe('')
})

it('needs no origin for a query', async () => {
  const answer = await browser.get('/trpc/account.me', { origin: publicUrl })
  expect(answer.statusCode).toBe(200)
})
