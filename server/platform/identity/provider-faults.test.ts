import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { buildTestApp, refusal, type TestApp } from '../../test/app.ts'
import { defaultIdentityTimes } from './plugin.ts'
import { sessions, users } from './table.ts'

/** Two have never heard of their provider, one knows it, one knows it but not its keys. */
const [strange, patient] = [await buildTestApp(), await buildTestApp()]
const [acquainted, keyless] = [await buildTestApp(), await buildTestApp()]
await acquainted.signIn()
const apps = [strange, patient, acquainted, keyless]

afterEach(() => {
  vi.useRealTimers()
  for (const { provider } of apps) provider.answers.clear()
})

const discoveryPath = '/.well-known/openid-configuration'
const text =
  (status: number, type: string, body: string | Buffer, headers = {}) =>
  (_request: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(status, { 'content-type': type, ...headers }).end(body)
const page = '<!doctype html><title>Down for maintenance</title>'

const faults = {
  'an HTML page': text(200, 'text/html', page),
  'an error page': text(502, 'text/html', page),
  'an error in JSON': text(500, 'application/json', '{"error":"server_error"}'),
  '404': text(404, 'text/plain', 'not here'),
  nothing: text(200, 'application/json', ''),
  'half of its JSON': text(200, 'application/json', '{"issuer":"http'),
  'JSON of another kind': text(200, 'application/json', '[null]'),
  'NUL bytes': text(200, 'application/json', Buffer.alloc(1000)),
  '10 MB': text(200, 'application/json', `{"a":"${'a'.repeat(10_000_000)}"}`),
  'a redirect': text(302, 'text/plain', '', { location: '/elsewhere' }),
  '204': text(204, 'application/json', ''),
  'a cut connection': (_request: IncomingMessage, response: ServerResponse) => void response.destroy(),
}

/** Signing in comes to a friendly end with nothing stored, and everything else goes on. */
async function expectFriendlyEnd(app: TestApp, codes = ['PROVIDER_UNAVAILABLE', 'SIGN_IN_FAILED']) {
  const { db } = app.database
  const before = [await db.$count(sessions), await db.$count(users)]
  const browser = app.browser()
  const start = await browser.get('/auth/google?returnTo=%2Fdrafts')
  const answer = refusal(start)
    ? start
    : await app.finishSignIn(browser, new URL(String(start.headers.location)), { name: 'Nobody' })
  expect(answer.statusCode).toBe(302)
  expect(codes).toContain(refusal(answer))
  expect(answer.headers.location).toContain('returnTo=%2Fdrafts')
  expect(browser.cookies.size).toBe(0)
  expect([await db.$count(sessions), await db.$count(users)]).toEqual(before)
  expect((await browser.get('/livez')).statusCode).toBe(200)
}

describe('a database that has not been reached since the start', () => {
  it.each([
    ['/auth/google?returnTo=%2Fdrafts', '%2Fdrafts'],
    ['/auth/google/callback?code=x&state=y', null],
  ])('leads a browser that signs in to the sign-in page, which says so: %s', async (url, returnTo) => {
    const away = await buildTestApp({ environment: { DATABASE_URL: 'postgres://127.0.0.1:9/none' }, ready: false })
    const answer = await away.browser({ accept: 'text/html' }).get(url)
    expect([answer.statusCode, refusal(answer)]).toEqual([302, 'DATABASE_UNAVAILABLE'])
    expect(answer.headers.location).toMatch(/^\/sign-in\?/)
    if (returnTo) expect(answer.headers.location).toContain(`returnTo=${returnTo}`)
  })
})

describe('a provider that answers discovery with', () => {
  it.each(Object.entries(faults))('%s is unavailable, and nothing else is', async (_name, answer) => {
    strange.provider.answers.set(discoveryPath, answer)
    await expectFriendlyEnd(strange, ['PROVIDER_UNAVAILABLE'])
    expect(strange.provider.asked).not.toContain('/elsewhere')
  })

  it.each(['https://accounts.google.com', 'http://evil.example', ''])('issuer %j is not believed', async (issuer) => {
    const evil = { authorization_endpoint: 'http://evil.example/', token_endpoint: 'http://evil.example/' }
    const body = JSON.stringify({ issuer, ...evil, jwks_uri: 'http://evil.example/' })
    strange.provider.answers.set(discoveryPath, text(200, 'application/json', body))
    // Before the browser is sent anywhere.
    expect(refusal(await strange.browser().get('/auth/google'))).toBe('PROVIDER_UNAVAILABLE')
    await expectFriendlyEnd(strange, ['PROVIDER_UNAVAILABLE'])
  })

  it('nothing because nobody listens is unavailable, and usable as soon as it is back', async () => {
    await strange.provider.close()
    await expectFriendlyEnd(strange, ['PROVIDER_UNAVAILABLE'])
    await strange.provider.reopen()
    await strange.signIn()
  })
})

describe('a provider that answers the exchange of a code with', () => {
  it.each(Object.entries(faults))('%s signs nobody in', async (_name, answer) => {
    acquainted.provider.answers.set('/token', answer)
    await expectFriendlyEnd(acquainted)
    expect(acquainted.provider.asked).not.toContain('/elsewhere')
    acquainted.provider.answers.clear()
    await acquainted.signIn()
  })

  it.each([
    ['an error page', 'PROVIDER_UNAVAILABLE'],
    ['an error in JSON', 'PROVIDER_UNAVAILABLE'],
    ['an HTML page', 'PROVIDER_UNAVAILABLE'],
    ['10 MB', 'PROVIDER_UNAVAILABLE'],
    ['a cut connection', 'PROVIDER_UNAVAILABLE'],
  ] as const)('%s is told from a refusal', async (name, code) => {
    acquainted.provider.answers.set('/token', faults[name])
    await expectFriendlyEnd(acquainted, [code])
  })

  it.each(['invalid_grant', 'invalid_client', '<script>'])('the error %s signs nobody in', async (error) => {
    acquainted.provider.answers.set('/token', text(400, 'application/json', JSON.stringify({ error })))
    await expectFriendlyEnd(acquainted, ['SIGN_IN_FAILED'])
  })

  it('nothing because nobody listens is unavailable, and usable as soon as it is back', async () => {
    const browser = acquainted.browser()
    const there = await acquainted.beginSignIn(browser)
    await acquainted.provider.close()
    expect(refusal(await acquainted.finishSignIn(browser, there))).toBe('PROVIDER_UNAVAILABLE')
    await acquainted.provider.reopen()
    await acquainted.signIn()
  })
})

describe('a provider that answers for its keys with', () => {
  it.each([
    ...Object.entries(faults),
    ['keys that are none', text(200, 'application/json', '{"keys":[{"kty":"RSA","kid":"test"},null]}')],
    // The last: it is believed for a minute.
    ['no keys', text(200, 'application/json', '{"keys":[]}')],
  ] as const)('%s signs nobody in', async (_name, answer) => {
    keyless.provider.answers.set('/jwks', answer)
    await expectFriendlyEnd(keyless)
    expect(keyless.provider.asked).not.toContain('/elsewhere')
  })
})

describe('a provider that was well yesterday', () => {
  it.each([
    ['is down', faults['an error page']],
    ['is silent', () => {}],
  ])('and %s when it is asked again keeps signing people in', async (_name, answer) => {
    await strange.signIn()
    strange.provider.answers.set(discoveryPath, answer)
    const asked = () => strange.provider.asked.filter((path) => path === discoveryPath).length
    const before = asked()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 25 * 3600_000 })
    await strange.signIn()
    await strange.signIn()
    expect(asked()).toBeGreaterThan(before)
  })
})

describe('a provider that does not answer', () => {
  it('at all, or not to the end, is given up on in bounded time, wherever it stops', async () => {
    const bystander = await acquainted.signIn()
    // Keys are requested again after ten minutes.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11 * 60_000 })
    let asked = 0
    const silent = (_request: IncomingMessage, response: ServerResponse) => {
      if (asked++ % 2 === 0) response.writeHead(200, { 'content-type': 'application/json' }).write('{')
    }
    patient.provider.answers.set(discoveryPath, silent)
    acquainted.provider.answers.set('/token', silent)
    keyless.provider.answers.set('/jwks', silent)
    // Longer where the machine is too slow for all of them to have asked before they give up.
    for (let deadlineMs = 200; asked !== 5 && deadlineMs < 30_000; deadlineMs *= 5) {
      for (const { inside } of apps) inside.identityTimes.providerDeadlineMs = deadlineMs
      asked = 0
      const attempts = [patient, acquainted, keyless].flatMap((app) =>
        [1, 2].map(() => expectFriendlyEnd(app, ['PROVIDER_UNAVAILABLE'])),
      )
      expect((await bystander.get('/me')).statusCode).toBe(200)
      await Promise.all(attempts)
    }
    // Discovery is asked for once for all who wait.
    expect(asked).toBe(5)
    for (const { inside } of apps) inside.identityTimes.providerDeadlineMs = defaultIdentityTimes.providerDeadlineMs
    for (const app of [patient, acquainted, keyless]) {
      app.provider.answers.clear()
      await app.signIn()
    }
  })
})
