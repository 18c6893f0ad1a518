import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { sql } from 'drizzle-orm'
import type { InjectOptions } from 'fastify'
import { expect, it } from 'vitest'
import { keyOf } from '../../test/api-keys.ts'
import { buildTestApp, newPerson, publicUrl, refusal, type TestApp } from '../../test/app.ts'
import { procedures } from '../../test/calls.ts'
import { dump } from '../../test/dump.ts'
import { signedIn } from '../../test/followers.ts'
import { clientSecret } from '../../test/openid-provider.ts'
import { openProgram } from '../../test/programs.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'
import { hashApiKey } from './api-keys.ts'
import { hashSessionToken } from './session-token.ts'

it('a sign-in leaves no secret in any table and in no line of the log', async () => {
  const app = await buildTestApp()
  const claims = newPerson()
  const secrets: Record<string, string> = {
    clientSecret,
    cookieSecret: app.inside.config.auth.cookieSecret,
  }
  const remember = (when: string, values: Record<string, string | null | undefined>) => {
    for (const [name, value] of Object.entries(values)) {
      expect(value?.length, `${when} ${name}`).toBeGreaterThan(10)
      secrets[`${when} ${name}`] = value as string
    }
  }
  const signIn = async (when: string, bend: Record<string, unknown> = {}) => {
    const browser = app.browser()
    const there = await app.beginSignIn(browser, `/drafts?when=${when}`)
    const state = there.searchParams.get('state') ?? ''
    const code = app.provider.grant(there, { ...claims, ...bend })
    const nonce = there.searchParams.get('nonce')
    remember(when, { stateSecret: state.split('.')[1], nonce, code, attemptCookie: [...browser.cookies.values()][0] })
    const query = new URLSearchParams({ code, state, ...(bend.error === true && { error: 'access_denied' }) })
    const answer = await browser.get(`/auth/google/callback?${query}`)
    remember(when, { verifier: app.provider.secrets.verifiers.at(-1), idToken: app.provider.secrets.idTokens.at(-1) })
    return { browser, answer }
  }

  const { browser, answer } = await signIn('right')
  remember('right', { sessionToken: browser.sessionToken })
  expect(refusal(answer)).toBeNull()
  expect((await browser.get('/me')).json().email).toBe(claims.email)
  const stored = await dump(app)

  expect(refusal((await signIn('cancelled', { error: true })).answer)).toBe('SIGN_IN_CANCELLED')
  expect(refusal((await signIn('wrong nonce', { nonce: 'wrong' })).answer)).toBe('SIGN_IN_FAILED')
  expect(refusal((await signIn('wrong subject', { sub: '' })).answer)).toBe('SIGN_IN_FAILED')
  app.provider.answers.set('/token', (_request, response) => void response.end(app.provider.secrets.idTokens.at(-1)))
  expect(refusal((await signIn('no JSON')).answer)).toBe('PROVIDER_UNAVAILABLE')
  app.provider.answers.clear()

  // A statement that fails takes its parameters into the error.
  app.expectErrorLog(/sign-in failed/)
  await app.database.db.execute(sql`alter table identities rename column email to address`)
  expect(refusal((await signIn('broken database')).answer)).toBe('INTERNAL_ERROR')
  await app.database.db.execute(sql`alter table identities rename column address to email`)

  expect((await browser.send({ method: 'POST', url: '/auth/logout' })).statusCode).toBe(204)
  const [tables, logs] = [stored + (await dump(app)), JSON.stringify(app.logs)]
  // The nets are real: what may be there is there.
  expect(tables).toContain(hashSessionToken(secrets['right sessionToken'] ?? ''))
  expect(tables).toContain(claims.email)
  expect(logs).toContain('sign-in refused')
  expect(logs).toContain('/auth/google/callback')
  for (const [name, secret] of Object.entries(secrets)) {
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
      expect(tables.includes(form), `${name} in a table`).toBe(false)
      expect(logs.includes(form), `${name} in the log`).toBe(false)
    }
  }
  expect(logs).not.toContain(claims.email)
  expect(logs).not.toContain(claims.sub)
  expect(logs).not.toContain(hashSessionToken(secrets['right sessionToken'] ?? ''))
})

/** Every route with its methods, and every procedure, as a path that one can ask for. */
function doors(app: TestApp): { url: string; methods: InjectOptions['method'][] }[] {
  const parents: string[] = []
  const routes = app.root
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', part = '', methods] = /^(.*)[├└]── (\S+)(?: \((.+)\))?/.exec(line) ?? []
      if (!part) return []
      parents.splice(indent.length / 4, Infinity, part)
      const url = parents.join('').replace('//', '/').replace(':id', 'x').replace('*', '/nowhere')
      return [{ url, methods: (methods ?? '').split(', ').filter((name) => name !== 'HEAD' && name !== 'TRACE') }]
    })
  const calls = procedures.map(({ path, type }) => ({
    url: `/trpc/${path}`,
    methods: [type === 'mutation' ? 'POST' : 'GET'],
  }))
  const nowhere = ['/auth', '/me', '/api/v1'].map((door) => ({ url: `${door}/nowhere`, methods: ['GET', 'POST'] }))
  return [...routes, ...calls, ...nowhere] as ReturnType<typeof doors>
}

it('credentials, right and wrong and misplaced, at every door are in no table, line, answer or figure', async () => {
  const random = () => randomBytes(48).toString('base64')
  const [legacySecret, metricsToken] = [random(), random()]
  const app = await buildTestApp({
    environment: {
      // What the framework says by itself, too.
      LOG_LEVEL: 'trace',
      AUTH_LEGACY_HEADER: 'on',
      LEGACY_HEADER_SECRET: legacySecret,
      METRICS_TOKEN: metricsToken,
    },
  })
  const at = doors(app)
  expect(at.map(({ url }) => url)).toEqual(
    expect.arrayContaining(['/metrics', '/dev/mail/x/html', '/api/v1/auth/login']),
  )
  const url = await app.listen()
  const { browser, id } = await signedIn(app)
  const program = await openProgram(app, { id })
  const wrong = `canary-${randomBytes(24).toString('hex')}`
  // With the form of a right one, so that it gets as far as one can.
  const made = await browser.send({
    method: 'POST',
    url: '/api/v1/api-keys',
    payload: { name: 'A program', scopes: ['draft:read'] },
  })
  expect(made.statusCode, made.body).toBe(201)
  const apiKey: string = made.json().data.key
  const { key: over, id: overId } = await keyOf(app, { id })
  await browser.send({ method: 'DELETE', url: `/api/v1/api-keys/${overId}` })
  const forged = `${program.refreshToken.slice(0, -20)}${randomBytes(15).toString('base64url')}`
  const secrets: Record<string, string> = {
    legacySecret,
    metricsToken,
    wrong,
    forged: forged.slice(-20),
    session: browser.sessionToken as string,
    refresh: program.refreshToken,
    access: program.accessToken.split('.')[2] as string,
    apiKey: apiKey.slice(-72),
    revokedKey: over.slice(-72),
  }

  const answers: string[] = []
  const ask = async (options: InjectOptions) => {
    const { statusCode, headers, body } = await app.root.inject(options)
    expect(statusCode, `${options.method} ${String(options.url)}`).not.toBe(500)
    answers.push(JSON.stringify(headers), body)
  }
  const everywhere = (token: string, cookie: string) => ({
    authorization: `Bearer ${token}`,
    cookie: `plinth_session=${cookie}; plinth_refresh=${cookie}; __Host-plinth_session=${cookie}`,
    'x-legacy-secret': token,
    'x-user-id': 'ada',
    'x-api-key': token,
    'sec-websocket-protocol': `plinth, plinth.bearer.${token}`,
    origin: publicUrl,
    'content-type': 'application/json',
  })
  const fields = Object.fromEntries(
    ['password', 'newPassword', 'currentPassword', 'token', 'refreshToken', 'code', 'state', 'key', 'api_key'].map(
      (name) => [name, wrong],
    ),
  )
  for (const { url, methods } of at) {
    for (const method of methods) {
      const to = { method, url: `${url}?${new URLSearchParams(fields)}` }
      const body = method === 'GET' ? {} : { payload: JSON.stringify(fields) }
      await ask({ ...to, ...body, headers: everywhere(wrong, forged) })
      await ask({ ...to, ...body, headers: { ...everywhere(wrong, wrong), authorization: `Basic ${wrong}` } })
      await ask({ ...to, ...body, headers: everywhere(over, over) })
      if (method === 'GET') continue
      const { authorization: _, ...others } = everywhere(wrong, wrong)
      await ask({ ...to, payload: `{"password":"${wrong}"`, headers: others })
      await ask({ ...to, payload: `password=${wrong}`, headers: { ...others, 'content-type': 'text/plain' } })
    }
  }
  // What tRPC does not know it names to who asked for it; nothing else does.
  for (const path of [`/auth/${wrong}`, `/dev/mail/${wrong}`, `/trpc/${wrong}`, `/api/v1/${wrong}`]) {
    const { body } = await app.root.inject({ url: path })
    answers.push(body.replace(`"path":"${wrong}"`, ''))
  }

  // The right ones: they open what they are for, and are said nowhere.
  const opens = async (url: string, headers: Record<string, string>) => {
    const answer = await app.root.inject({ url, headers })
    expect(answer.statusCode, url).toBe(200)
    answers.push(answer.body)
  }
  await opens('/metrics', { authorization: `Bearer ${metricsToken}` })
  await opens('/me', program.bearer)
  await opens('/v1/collab/drafts', { authorization: `Bearer ${apiKey}` })
  await opens('/me', { cookie: browser.cookieHeader })
  await opens('/me', { 'x-legacy-secret': legacySecret, 'x-user-id': 'ada' })
  const right = { 'content-type': 'application/json', origin: publicUrl }
  const cookie = `plinth_refresh=${program.refreshToken}`
  const refreshed = await app.root.inject({
    method: 'POST',
    url: '/api/v1/auth/refresh',
    headers: { ...right, cookie },
    payload: '{}',
  })
  expect(refreshed.statusCode, refreshed.body).toBe(200)
  secrets.successor = String(refreshed.cookies.find(({ name }) => name === 'plinth_refresh')?.value)
  for (const token of [program.accessToken, wrong]) {
    const socket = await TestSocket.openByToken(url, token)
    await Promise.race([socket.call('query', 'account.me').catch(() => {}), socket.closed()])
    answers.push(JSON.stringify([socket.answers, socket.close, socket.ws.protocol]))
    socket.ws.close()
  }
  // No HTTP at all, with a credential in it.
  for (const line of ['GET /me HTTP/9.9', 'BREW /me HTTP/1.1', `GET /me HTTP/1.1\r\nBad Header: x`]) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.on('data', (chunk) => answers.push(String(chunk)))
    socket.write(
      `${line}\r\nHost: localhost\r\nCookie: plinth_session=${wrong}\r\nAuthorization: Bearer ${wrong}\r\n\r\n`,
    )
    await until('the end of the connection', () => socket.closed)
  }

  const figures = (await app.root.inject({ url: '/metrics', headers: { authorization: `Bearer ${metricsToken}` } }))
    .body
  const places = { table: await dump(app), log: JSON.stringify(app.logs), answer: answers.join('\n'), figures }
  // The nets are real.
  expect(places.table).toContain(hashSessionToken(secrets.session ?? ''))
  expect(places.table).toContain(hashApiKey(apiKey))
  expect(places.log).toContain('/dev/mail/:id/html')
  expect(places.figures).toContain('/api/v1/auth/login')
  for (const [name, secret] of Object.entries(secrets)) {
    expect(secret.length, name).toBeGreaterThanOrEqual(20)
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').slice(0, -4)]) {
      for (const [place, text] of Object.entries(places)) {
        const found = text.indexOf(form)
        expect(found < 0 ? '' : text.slice(Math.max(0, found - 200), found), `${name} in a ${place}`).toBe('')
      }
    }
  }
})
