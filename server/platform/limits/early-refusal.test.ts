/** The cost of callers who are over their limits: the server reads no body and runs no statement for them. */

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { crc32 } from 'node:zlib'
import { eq } from 'drizzle-orm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { keyOf } from '../../test/api-keys.ts'
import { buildTestApp, publicUrl, refusal } from '../../test/app.ts'
import { countStatements } from '../../test/counted-statements.ts'
import { signedIn } from '../../test/followers.ts'
import { openProgram } from '../../test/programs.ts'
import { TestSocket } from '../../test/socket.ts'
import { makeRefreshToken } from '../identity/refresh-token.ts'
import { newSessionToken } from '../identity/session-token.ts'
import { users } from '../identity/table.ts'

const [perNetwork, perPerson, attempts] = [12, 30, 3]
const environment = {
  MCP: 'on',
  RATE_LIMIT_ANONYMOUS: String(perNetwork),
  RATE_LIMIT_SIGNED_IN: String(perPerson),
  RATE_LIMIT_SIGN_IN: String(attempts),
  TRUST_PROXY: '127.0.0.1',
}
const app = await buildTestApp({ environment })
const url = await app.listen()

/** Well-formed, and unknown. */
function newApiKey(): string {
  const random = randomBytes(32).toString('hex')
  return `plinth_key_${random}${crc32(random).toString(16).padStart(8, '0')}`
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const lookUp = /from "sessions" inner join "users"/
afterEach(() => void vi.restoreAllMocks())

let hosts = 0
const newAddress = () => `192.0.2.${++hosts}`
const from = (ip: string) => app.browser({ 'x-forwarded-for': ip })

/** An address whose network has no calls left. */
async function spentAddress(): Promise<string> {
  const ip = newAddress()
  for (let n = 0; n < perNetwork; n++) await from(ip).query('account.methods')
  return ip
}

/** The response to a head that announces a body of 1 MiB of which no byte is sent. */
async function responseToHead(path: string, headers: Record<string, string>, method = 'POST') {
  const request: ClientRequest = httpRequest(new URL(path, url), {
    method,
    headers: { 'content-type': 'application/json', 'content-length': 1024 * 1024, host: 'localhost:8000', ...headers },
  })
  request.on('error', () => {})
  request.flushHeaders()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of response) body += chunk
  request.destroy()
  return { status: response.statusCode, headers: response.headers, body }
}

const paths = {
  REST: '/api/v1/auth/login',
  'a REST call of a user': '/api/v1/tasks',
  tRPC: '/trpc/auth.login',
  'a credential in the body': '/trpc/auth.refresh',
  'a credential in the body, over REST': '/api/v1/auth/refresh',
  MCP: '/mcp',
  'sign-out': '/auth/logout',
  'the callback of a provider': '/auth/google/callback',
  'a path of REST that is not there': '/api/v1/nothing',
  'a path of sign-in that is not there': '/auth/nothing',
}

describe('a request of a network that is over its limit', () => {
  it.each(Object.entries(paths))('is refused before its body is read: %s', async (_, path) => {
    const { status, headers, body } = await responseToHead(path, { 'x-forwarded-for': await spentAddress() })
    expect([status, JSON.parse(body)]).toEqual([429, expect.anything()])
    expect(body).toContain('"RATE_LIMITED"')
    expect(headers).toMatchObject({ 'ratelimit-limit': String(perNetwork), 'ratelimit-remaining': '0' })
    expect(headers['retry-after']).toBe(headers['ratelimit-reset'])
  })

  it('is refused before its body is read if its session or key is unknown', async () => {
    const ip = await spentAddress()
    const credentials: Record<string, string>[] = [
      { cookie: `plinth_session=${newSessionToken()}`, origin: publicUrl },
      { authorization: `Bearer ${newApiKey()}` },
      { authorization: 'Bearer x' },
    ]
    for (const credential of credentials) {
      const { status } = await responseToHead('/api/v1/tasks', { 'x-forwarded-for': ip, ...credential })
      expect(status).toBe(429)
    }
  })

  it.each(['/auth/google', '/auth/google/callback?code=x&state=y'])('is refused at %s', async (path) => {
    const ip = await spentAddress()
    expect((await from(ip).get(path)).statusCode).toBe(429)
    const page = await from(ip).get(path, { accept: 'text/html,*/*' })
    expect([page.statusCode, refusal(page)]).toEqual([302, 'RATE_LIMITED'])
  })

  it('is still served if it has a valid session, key or refresh token', async () => {
    const ip = await spentAddress()
    const [user, other] = [await signedIn(app), await signedIn(app)]
    const headers = { 'x-forwarded-for': ip }
    expect((await user.browser.get('/trpc/account.me', headers)).statusCode).toBe(200)
    const { bearer } = await keyOf(app, other)
    expect((await from(ip).get('/me', bearer)).statusCode).toBe(200)
    const by = { provider: 'google', issuer: null, subject: 'nobody' } as const
    const session = { userId: other.id, by, ip, userAgent: undefined }
    const { sessionId } = await app.sessions.create(app.database.db, session, 'tokens')
    const refreshToken = makeRefreshToken(app.inside.config, { sessionId, counter: 0 })
    expect((await from(ip).mutate('auth.refresh', { refreshToken })).statusCode).toBe(200)
  })

  it('is refused before its body is read if its signed-in user has no calls left either', async () => {
    const { browser } = await signedIn(app)
    const credential = { cookie: browser.cookieHeader, origin: publicUrl, 'x-forwarded-for': newAddress() }
    for (let n = 0; n < perPerson; n++) await browser.query('account.me')
    const { status, headers } = await responseToHead('/api/v1/tasks', credential)
    expect([status, headers['ratelimit-limit']]).toEqual([429, String(perPerson)])
  })
})

it.each(['/api/v1/tasks', '/trpc/tasks.create', '/mcp'])(
  'a large body with an unknown credential is refused unread, and counts as a call: %s',
  async (path) => {
    const secrets = [
      () => ({ cookie: `plinth_session=${newSessionToken()}`, origin: publicUrl }),
      () => bearer(newApiKey()),
    ]
    for (const secret of secrets) {
      const ip = newAddress()
      const send = () => responseToHead(path, { 'x-forwarded-for': ip, accept: 'application/json', ...secret() })
      for (let n = 0; n < perNetwork; n++) expect((await send()).status).toBe(401)
      expect((await send()).status).toBe(429)
    }
  },
)

/** How many look-ups a network over its budget may have had since this call: 5 in each second, of which the first has begun. */
function allowedLookUps(): () => number {
  const startedAt = performance.now()
  return () => 5 * (1 + Math.ceil((performance.now() - startedAt) / 1000))
}

const endedToken = async () => (await endedProgram()).refreshToken

async function endedProgram() {
  const program = await openProgram(app)
  await app.sessions.endById(app.database.db, program.sessionId, 'signed-out')
  return program
}

it('access tokens of ended sessions cost few statements once the budget of the network is spent', async () => {
  const programs = await Promise.all(Array.from({ length: 60 }, endedProgram))
  const ip = await spentAddress()
  const count = countStatements(app, lookUp)
  const allowed = allowedLookUps()
  for (let round = 0; round < 2; round++) {
    const answers = await Promise.all(programs.map(({ bearer }) => from(ip).get('/me', bearer)))
    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([429]))
  }
  expect(count()).toBeLessThanOrEqual(allowed())
})

describe('refresh tokens', () => {
  it('of ended sessions count as calls of the network that presents them, in the body and in the cookie', async () => {
    const tokens = await Promise.all(Array.from({ length: perNetwork + 1 }, endedToken))
    const ways = [
      (ip: string, refreshToken: string) => from(ip).mutate('auth.refresh', { refreshToken }),
      (ip: string, token: string) => from(ip).mutate('auth.refresh', {}, { cookie: `plinth_refresh=${token}` }),
      (ip: string, token: string) => from(ip).get('/trpc/account.me', { cookie: `plinth_refresh=${token}` }),
    ]
    for (const present of ways) {
      const ip = newAddress()
      const statuses = []
      for (const token of tokens) statuses.push((await present(ip, token)).statusCode)
      expect(statuses).toEqual([...Array(perNetwork).fill(401), 429])
    }
  })

  it('of ended sessions cost few statements once the budget of the network is spent', async () => {
    const tokens = await Promise.all(Array.from({ length: 60 }, endedToken))
    const ip = await spentAddress()
    const count = countStatements(app, /"sessions"/)
    const allowed = allowedLookUps()
    await Promise.all(tokens.map((refreshToken) => from(ip).mutate('auth.refresh', { refreshToken })))
    expect(count()).toBeLessThanOrEqual(allowed())
  })

  it('two rotations old count as calls of the network, and leave the budget of their user alone', async () => {
    const user = await signedIn(app)
    const program = await openProgram(app, user)
    const { refreshToken: stolen } = program
    for (let n = 0; n < 2; n++) expect((await program.refresh(app)).statusCode).toBe(200)
    const left = async () => Number((await user.browser.query('account.me')).headers['ratelimit-remaining'])
    const before = await left()
    // The session may be cached as it was before the rotations.
    app.sessions.announceChanged(user.id)
    const ip = newAddress()
    const statuses = []
    for (let n = 0; n <= perNetwork; n++) {
      statuses.push((await from(ip).get('/trpc/account.me', { cookie: `plinth_refresh=${stolen}` })).statusCode)
    }
    expect(statuses).toEqual([...Array(perNetwork).fill(401), 429])
    expect(await left()).toBe(before - 1)
    // It still ends its session.
    const refresh = (refreshToken: string, by = newAddress()) => from(by).mutate('auth.refresh', { refreshToken })
    expect((await refresh(stolen, ip)).statusCode).toBe(429)
    expect((await refresh(program.refreshToken)).json().error.data).toMatchObject({
      code: 'SESSION_ENDED',
      endReason: 'stolen',
    })
  })

  it('of one user count together while their sessions have not ended', async () => {
    const user = await signedIn(app)
    const programs = await Promise.all(Array.from({ length: 3 }, () => openProgram(app, user)))
    const statuses = []
    for (let n = 0; n <= perPerson; n++) {
      const { refreshToken } = programs[n % 3] as (typeof programs)[number]
      const headers = { cookie: `plinth_refresh=${refreshToken}` }
      statuses.push((await from(newAddress()).get('/trpc/account.me', headers)).statusCode)
    }
    expect(statuses).toEqual([...Array(perPerson).fill(401), 429])
  })
})

const presented: [what: string, headers: () => Promise<Record<string, string>>][] = [
  ['nothing', async () => ({})],
  ['an unknown session cookie', async () => ({ cookie: `plinth_session=${newSessionToken()}` })],
  ['an unknown API key', async () => bearer(newApiKey())],
  ['a token that is none', async () => bearer('x')],
  ['the access token of an ended session', async () => (await endedProgram()).bearer],
  ['the refresh cookie of an ended session', async () => ({ cookie: `plinth_refresh=${await endedToken()}` })],
  [
    'the cookie of an ended session',
    async () => {
      const { browser } = await signedIn(app)
      const { cookieHeader: cookie } = browser
      await browser.send({ method: 'POST', url: '/auth/logout' })
      return { cookie }
    },
  ],
]

it.each(presented)('a socket that opens with %s counts as a call of its network', async (_, headersOf) => {
  const ip = newAddress()
  for (let n = 0; n < perNetwork; n++) {
    const headers = { 'x-forwarded-for': ip, origin: publicUrl, ...(await headersOf()) }
    const socket = await TestSocket.open(url, headers)
    expect(await socket.closed()).toMatchObject({ code: 4401 })
  }
  expect((await from(ip).query('account.methods')).statusCode).toBe(429)
})

it.each(['/api/v1/auth/login', '/mcp'])('a body that cannot be parsed counts as a call: %s', async (url) => {
  const ip = newAddress()
  const headers = { 'content-type': 'application/json' }
  const send = () => from(ip).send({ method: 'POST', url, headers, payload: '[[[[' })
  for (let n = 0; n < perNetwork; n++) expect((await send()).statusCode).toBe(400)
  expect((await send()).statusCode).toBe(429)
})

it('an unknown path, or one that does not support the method, responds before a body is read', async () => {
  const headers = { 'x-forwarded-for': newAddress() }
  expect(await responseToHead('/api/v1/auth/login', headers, 'PUT')).toMatchObject({ status: 405 })
  expect(await responseToHead('/auth/nothing', headers)).toMatchObject({ status: 404 })
})

describe('secrets that are unknown', () => {
  const random = {
    'session cookies': () => ({ cookie: `plinth_session=${newSessionToken()}` }),
    'API keys': () => ({ authorization: `Bearer ${newApiKey()}` }),
  }

  it.each(Object.entries(random))('cost one statement each, however often they are sent: %s', async (_, secret) => {
    const [headers, count] = [secret(), countStatements(app, lookUp)]
    for (let n = 0; n < 20; n++) expect((await from(newAddress()).get('/me', headers)).statusCode).toBe(401)
    expect(count()).toBe(1)
  })

  it.each(Object.entries(random))(
    'many of them at once cost no more statements than the network has calls, and a few: %s',
    async (_, secret) => {
      const ip = newAddress()
      const count = countStatements(app, lookUp)
      const answers = await Promise.all(Array.from({ length: 300 }, () => from(ip).get('/me', secret())))
      expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([401, 429]))
      // 20 at a time, and 5 a second of a network without calls left.
      expect(count()).toBeLessThanOrEqual(perNetwork + 20 + 3 * 5)
    },
  )

  it('of one caller leave others of the same network signed in and able to sign in', async () => {
    const ip = await spentAddress()
    const user = await signedIn(app)
    await user.browser.get('/trpc/account.me', { 'x-forwarded-for': ip })
    const flood = Promise.all(Array.from({ length: 100 }, () => from(ip).get('/me', random['session cookies']())))
    expect((await user.browser.get('/trpc/account.me', { 'x-forwarded-for': ip })).statusCode).toBe(200)
    await flood
  })

  it('become known as soon as they are valid: a sign-in or a new key is never mistaken for a refused one', async () => {
    const user = await signedIn(app)
    const { sessions } = app
    for (let n = 0; n < 5; n++) {
      const key = await keyOf(app, user)
      expect((await from(newAddress()).get('/me', key.bearer)).statusCode).toBe(200)
      const again = await app.enterAgain(user.id)
      expect((await again.query('account.me')).statusCode).toBe(200)
    }
    expect(await sessions.find(newSessionToken())).toBeNull()
  })

  it('do not include those of a disabled user, which are valid again as soon as the user is enabled', async () => {
    const user = await signedIn(app)
    const { bearer } = await keyOf(app, user)
    const { db } = app.database
    await db.update(users).set({ isActive: false }).where(eq(users.id, user.id))
    app.sessions.announceChanged(user.id)
    expect((await from(newAddress()).get('/me', bearer)).statusCode).toBe(401)
    await db.update(users).set({ isActive: true }).where(eq(users.id, user.id))
    expect((await from(newAddress()).get('/me', bearer)).statusCode).toBe(200)
  })
})

describe('a callback of a provider that fails', () => {
  it('counts as a failed attempt of its network, and one that succeeds or was cancelled does not', async () => {
    const ip = newAddress()
    const start = async () => {
      const browser = from(ip)
      return { browser, at: await app.beginSignIn(browser) }
    }
    for (let n = 0; n < 2 * attempts; n++) {
      const { browser, at } = await start()
      expect(refusal(await app.finishSignIn(browser, at))).toBeNull()
      const cancelled = await start()
      const state = cancelled.at.searchParams.get('state')
      const answer = await cancelled.browser.get(`/auth/google/callback?error=access_denied&state=${state}`)
      expect(refusal(answer)).toBe('SIGN_IN_CANCELLED')
    }
    const codes = []
    for (let n = 0; n < attempts + 2; n++) {
      const { browser, at } = await start()
      const state = at.searchParams.get('state')
      codes.push(refusal(await browser.get(`/auth/google/callback?code=made-up&state=${state}`)))
    }
    const failures = codes.slice(0, attempts)
    expect([new Set(failures), codes.slice(attempts)]).toEqual([
      new Set(['SIGN_IN_FAILED']),
      ['TOO_MANY_ATTEMPTS', 'TOO_MANY_ATTEMPTS'],
    ])
  })
})
