import type { InjectOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import { buildTestApp, publicUrl } from '../../test/app.ts'

const partner = 'https://partner.example'
const app = await buildTestApp({ environment: { CORS_ORIGINS: `${partner}, http://localhost:5173` } })
const browser = await app.signIn()
const cookie = browser.cookieHeader

const rename = (headers: Record<string, string>, payload: InjectOptions['payload'] = '{"displayName":"Renamed"}') =>
  app.root.inject({
    method: 'POST',
    url: '/trpc/account.updateProfile',
    headers: { 'content-type': 'application/json', ...headers },
    payload,
  })
const codeOf = (answer: Awaited<ReturnType<typeof rename>>) =>
  answer.json().error?.data?.code ?? answer.json().error?.code

describe('an unsafe request with a session cookie', () => {
  it.each([
    ['our own origin', { origin: publicUrl }],
    ['an origin of CORS_ORIGINS', { origin: partner }],
    ['another one of CORS_ORIGINS', { origin: 'http://localhost:5173' }],
    [
      'a same-origin fetch under another name of this machine',
      { origin: 'http://[::1]:8000', 'sec-fetch-site': 'same-origin' },
    ],
    ['a same-origin fetch that names no origin', { 'sec-fetch-site': 'same-origin' }],
  ])('is served from %s', async (_, headers) => {
    expect((await rename({ cookie, ...headers })).statusCode).toBe(200)
  })

  const lookAlikes = [
    'https://evil.example',
    'null',
    '',
    `${publicUrl}.evil.example`,
    `${publicUrl}/`,
    `${publicUrl}0`,
    'http://localhost',
    'http://localhost:8001',
    'https://localhost:8000',
    'http://evil.localhost:8000',
    'HTTP://LOCALHOST:8000',
    `http://localhost:8000@evil.example`,
    `${publicUrl}, https://evil.example`,
    `https://evil.example, ${publicUrl}`,
    `${partner}.evil.example`,
    'https://evilpartner.example',
    'https://sub.partner.example',
    'http://partner.example',
    `${partner}:8443`,
    'https://PARTNER.example',
  ]
  it.each(lookAlikes)('is refused from origin %j', async (origin) => {
    for (const site of ['cross-site', 'same-site', 'none', undefined]) {
      const answer = await rename({ cookie, origin, ...(site && { 'sec-fetch-site': site }) })
      expect([answer.statusCode, codeOf(answer)]).toEqual([403, 'ORIGIN_NOT_ALLOWED'])
    }
  })

  it.each(['cross-site', 'same-site', 'none', 'SAME-ORIGIN', 'same-origin, same-origin', undefined])(
    'is refused without an origin, with Sec-Fetch-Site %s',
    async (site) => {
      const answer = await rename({ cookie, ...(site && { 'sec-fetch-site': site }) })
      expect([answer.statusCode, codeOf(answer)]).toEqual([403, 'ORIGIN_NOT_ALLOWED'])
    },
  )

  const types = [
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    '',
    undefined,
  ]
  it.each(types)('is refused from elsewhere with the content type %j, by either cookie', async (type) => {
    const headers = type === undefined ? {} : { 'content-type': type }
    for (const jar of [cookie, `plinth_refresh=${'x'.repeat(43)}`]) {
      for (const url of [
        '/trpc/account.updateProfile',
        '/api/v1/auth/refresh',
        '/api/v1/auth/logout',
        '/auth/logout',
      ]) {
        for (const origin of ['https://evil.example', 'null']) {
          const payload = '{"displayName":"Evil"}'
          const answer = await app.root.inject({
            method: 'POST',
            url,
            headers: { ...headers, cookie: jar, origin },
            payload,
          })
          expect([url, answer.statusCode, codeOf(answer)]).toEqual([url, 403, 'ORIGIN_NOT_ALLOWED'])
        }
      }
    }
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)('is refused as %s on every door', async (method) => {
    for (const url of ['/trpc/account.updateProfile', '/trpc', '/auth/logout', '/me', '/auth/nowhere']) {
      const answer = await app.root.inject({ method, url, headers: { cookie, origin: 'https://evil.example' } })
      expect([url, answer.statusCode, codeOf(answer)]).toEqual([url, 403, 'ORIGIN_NOT_ALLOWED'])
    }
    expect((await browser.get('/me')).statusCode).toBe(200)
  })
})

describe('an unsafe request without a cookie', () => {
  it('reaches the procedure when it comes from no page', async () => {
    expect(codeOf(await rename({}))).toBe('UNAUTHENTICATED')
  })

  it('is refused when a page of another site sent it', async () => {
    expect(codeOf(await rename({ origin: 'https://evil.example' }))).toBe('ORIGIN_NOT_ALLOWED')
    expect(codeOf(await rename({ 'sec-fetch-site': 'cross-site' }))).toBe('ORIGIN_NOT_ALLOWED')
  })
})

describe('a call over POST', () => {
  const own = { cookie, origin: publicUrl }

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'Application/JSON ; charset=utf-8',
    'APPLICATION/JSON',
  ])('is taken as %j', async (type) => {
    expect((await rename({ ...own, 'content-type': type })).statusCode).toBe(200)
  })

  it.each([
    'text/plain',
    'text/plain; application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/json-seq',
    'application/json, text/plain',
    'text/plain, application/json',
    'application/octet-stream',
    'application /json',
    '',
    ';',
  ])('is refused as %j', async (type) => {
    const answer = await rename({ ...own, 'content-type': type })
    expect([answer.statusCode, codeOf(answer)]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
  })

  it('is refused without a content type, with or without a body', async () => {
    for (const payload of ['{"displayName":"x"}', undefined]) {
      const answer = await app.root.inject({
        method: 'POST',
        url: '/trpc/account.sessions.revokeOthers',
        headers: own,
        ...(payload && { payload }),
      })
      expect([answer.statusCode, codeOf(answer)]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
    }
  })

  it('changes nothing when it is refused', async () => {
    const before = (await browser.get('/me')).json()
    await rename({ cookie, origin: 'https://evil.example' }, '{"displayName":"Evil"}')
    await rename({ ...own, 'content-type': 'text/plain' }, '{"displayName":"Evil"}')
    expect((await browser.get('/me')).json()).toEqual(before)
  })
})

describe('CORS', () => {
  const preflight = (origin: string, url = '/trpc/account.updateProfile', requestHeaders = 'content-type') =>
    app.root.inject({
      method: 'OPTIONS',
      url,
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': requestHeaders },
    })

  it.each(['/trpc/account.updateProfile', '/auth/logout', '/me'])(
    'answers the preflight of a listed origin for %s',
    async (url) => {
      const answer = await preflight(partner, url)
      expect(answer.statusCode).toBe(204)
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': partner,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
        'access-control-allow-headers': expect.stringContaining('content-type'),
      })
      expect(answer.headers.vary).toMatch(/origin/i)
    },
  )

  it('allows the headers that Plinth reads, whatever the preflight names', async () => {
    const answer = await preflight(partner, '/trpc/account.updateProfile', 'x-legacy-secret, x-unknown')
    expect(String(answer.headers['access-control-allow-headers']).split(', ')).toEqual([
      'authorization',
      'content-type',
      'idempotency-key',
      'if-none-match',
      'last-event-id',
      'mcp-method',
      'mcp-name',
      'mcp-protocol-version',
      'mcp-session-id',
      'plinth-person',
      'trpc-accept',
      'x-user-id',
    ])
  })

  it.each(['https://evil.example', 'null', `${partner}.evil.example`, 'https://PARTNER.example', '*'])(
    'says nothing to %s',
    async (origin) => {
      const answers = [
        await preflight(origin),
        await app.root.inject({ url: '/me', headers: { cookie, origin } }),
        await rename({ cookie, origin }),
      ]
      for (const { headers } of answers) {
        expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
      }
    },
  )

  it('lets a listed origin read answers, failures included', async () => {
    const answers = [
      await rename({ cookie, origin: partner }),
      await rename({ cookie, origin: partner }, '{"displayName":""}'),
      await app.root.inject({ url: '/me', headers: { origin: partner } }),
      await app.root.inject({ url: '/trpc/account.methods', headers: { origin: partner } }),
    ]
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 400, 401, 200])
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        'access-control-allow-origin': partner,
        'access-control-allow-credentials': 'true',
      })
    }
  })
})
