import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { buildTestApp, newPerson, publicUrl, refusal } from '../../test/app.ts'
import { identities, sessions, users } from './table.ts'

const app = await buildTestApp()
const secureApp = await buildTestApp({ environment: { PUBLIC_URL: 'https://plinth.example.org' } })
const { db } = app.database

const setCookies = ({ headers }: { headers: Record<string, unknown> }) =>
  [headers['set-cookie'] ?? []].flat().map(String)

describe('signing in with Google', () => {
  it('makes a person on the first sign-in and finds the same one on the next', async () => {
    const claims = newPerson()
    const first = await app.signIn(claims)
    const me = (await first.get('/me')).json()
    const again = (await (await app.signIn(claims)).get('/me')).json()
    expect(me).toMatchObject({ email: claims.email, displayName: claims.name, role: 'user', username: null })
    expect(again.id).toBe(me.id)
  })

  it('moves last_login_at at each sign-in', async () => {
    const claims = newPerson()
    const { id } = (await (await app.signIn(claims)).get('/me')).json()
    const longAgo = new Date('2020-01-01T00:00:00Z')
    await db.update(users).set({ lastLoginAt: longAgo }).where(eq(users.id, id))
    const { lastLoginAt } = (await (await app.signIn(claims)).get('/me')).json()
    expect(Date.parse(lastLoginAt)).toBeGreaterThan(longAgo.getTime())
  })

  it('asks the provider with PKCE S256, nonce and a state of its own', async () => {
    const browser = app.browser()
    const [one, two] = [await app.beginSignIn(browser), await app.beginSignIn(browser)]
    expect(Object.fromEntries(one.searchParams)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      redirect_uri: `${publicUrl}/auth/google/callback`,
    })
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(one.searchParams.get(name)).toMatch(/[\w-]{43}$/)
      expect(one.searchParams.get(name)).not.toBe(two.searchParams.get(name))
    }
  })

  it('says so when the person changes their mind at the provider, and keeps where they wanted to go', async () => {
    const browser = app.browser()
    const state = (await app.beginSignIn(browser, '/drafts')).searchParams.get('state')
    const answer = await browser.get(`/auth/google/callback?error=access_denied&state=${state}`)
    expect(refusal(answer)).toBe('SIGN_IN_CANCELLED')
    expect(new URL(String(answer.headers.location), publicUrl).searchParams.get('returnTo')).toBe('/drafts')
    expect(browser.cookies.size).toBe(0)
  })

  it.each([
    ['temporarily_unavailable', 'PROVIDER_UNAVAILABLE'],
    ['server_error', 'PROVIDER_UNAVAILABLE'],
    ['invalid_request', 'SIGN_IN_FAILED'],
    ['<script>', 'SIGN_IN_FAILED'],
  ])('answers the error %s of the provider with a code of our own', async (error, code) => {
    const browser = app.browser()
    const state = (await app.beginSignIn(browser)).searchParams.get('state') ?? ''
    const query = new URLSearchParams({ error, error_description: '<b>boo</b>', state })
    const answer = await browser.get(`/auth/google/callback?${query}`)
    expect(refusal(answer)).toBe(code)
    expect(answer.headers.location).not.toMatch(/boo|script/)
  })

  it('lets no cache between keep its answers', async () => {
    const browser = app.browser()
    const start = await browser.get('/auth/google')
    const end = await app.finishSignIn(browser, new URL(String(start.headers.location)))
    const failed = await browser.get('/auth/google/callback')
    for (const answer of [start, end, failed]) expect(answer.headers['cache-control']).toBe('no-store')
  })
})

describe('the cookies of a sign-in', () => {
  it('are HttpOnly and SameSite=Lax, and the attempt is cleared by the callback', async () => {
    const browser = app.browser()
    const start = await browser.get('/auth/google')
    const flags = 'Path=/; HttpOnly; SameSite=Lax'
    expect(setCookies(start)).toEqual([
      expect.stringMatching(new RegExp(`^plinth_sign_in_[0-9a-f-]{36}=[\\w.-]+; Max-Age=600; ${flags}$`)),
    ])
    const end = await app.finishSignIn(browser, new URL(String(start.headers.location)))
    expect(setCookies(end)).toEqual([
      expect.stringMatching(/^plinth_sign_in_[0-9a-f-]{36}=; Max-Age=0; Path=\/; Expires=Thu, 01 Jan 1970 .*HttpOnly/),
      expect.stringMatching(new RegExp(`^plinth_session=[\\w-]{43}; Max-Age=2592000; ${flags}$`)),
    ])
    expect([...browser.cookies.keys()]).toEqual(['plinth_session'])
  })

  it('are bound to this very host and to https where the public URL is https', async () => {
    const browser = secureApp.browser()
    const start = await browser.get('/auth/google')
    const flags = 'Path=/; HttpOnly; Secure; SameSite=Lax'
    expect(setCookies(start)).toEqual([
      expect.stringMatching(new RegExp(`^__Host-plinth_sign_in_[0-9a-f-]{36}=[\\w.-]+; Max-Age=600; ${flags}$`)),
    ])
    const end = await secureApp.finishSignIn(browser, new URL(String(start.headers.location)))
    expect(end.headers.location).toBe('/')
    expect(setCookies(end)).toEqual([
      expect.stringMatching(/^__Host-plinth_sign_in_[0-9a-f-]{36}=; Max-Age=0; Path=\/; .*HttpOnly; Secure; /),
      expect.stringMatching(new RegExp(`^__Host-plinth_session=[\\w-]{43}; Max-Age=2592000; ${flags}$`)),
    ])
    expect((await browser.get('/me')).statusCode).toBe(200)
    const unbound = await secureApp.browser({ cookie: `plinth_session=${browser.sessionToken}` }).get('/me')
    expect(unbound.json().error.code).toBe('UNAUTHENTICATED')
  })

  it('are taken back with the same flags on signing out, and the session is over', async () => {
    const browser = await secureApp.signIn()
    const token = browser.sessionToken
    const answer = await browser.send({ method: 'POST', url: '/auth/logout' })
    expect(answer.statusCode).toBe(204)
    expect(setCookies(answer)).toEqual([
      expect.stringMatching(/^__Host-plinth_session=; Max-Age=0; Path=\/; .*HttpOnly; Secure; SameSite=Lax$/),
    ])
    const replayed = await secureApp.browser({ cookie: `__Host-plinth_session=${token}` }).get('/me')
    expect(replayed.statusCode).toBe(401)
  })
})

describe('a session after sign-in', () => {
  it('has a new token every time, and the one this browser had before is over', async () => {
    const claims = newPerson()
    const browser = await app.signIn(claims)
    const old = browser.sessionToken
    // Used, so that this process would trust it for some seconds more.
    const { id } = (await browser.get('/me')).json()
    await app.signIn(claims, browser)
    expect(browser.sessionToken).not.toBe(old)
    expect((await app.browser({ cookie: `plinth_session=${old}` }).get('/me')).statusCode).toBe(401)
    expect((await browser.get('/me')).statusCode).toBe(200)
    const rows = await db.select().from(sessions).where(eq(sessions.userId, id))
    expect(rows.map(({ endReason }) => endReason)).toEqual(expect.arrayContaining(['replaced', null]))
    expect(rows).toHaveLength(2)
  })

  it('replaces another person who was signed in here before', async () => {
    const browser = await app.signIn()
    const old = browser.sessionToken
    const claims = newPerson()
    await app.signIn(claims, browser)
    expect((await browser.get('/me')).json().email).toBe(claims.email)
    expect((await app.browser({ cookie: `plinth_session=${old}` }).get('/me')).statusCode).toBe(401)
  })

  it('never takes over a token that was planted before (session fixation)', async () => {
    const planted = 'A'.repeat(43)
    const browser = app.browser()
    browser.cookies.set('plinth_session', planted)
    await app.signIn({}, browser)
    expect(browser.sessionToken).not.toBe(planted)
    expect((await app.browser({ cookie: `plinth_session=${planted}` }).get('/me')).statusCode).toBe(401)
  })

  it('is stored as a hash only', async () => {
    const token = (await app.signIn()).sessionToken as string
    expect(await db.select().from(sessions).where(eq(sessions.tokenHash, token))).toEqual([])
  })
})

describe('an account that was disabled', () => {
  it('gets ACCOUNT_DISABLED and no session, and the attempt leaves no trace on it', async () => {
    const claims = newPerson()
    const before = await app.signIn(claims)
    const { id, lastLoginAt } = (await before.get('/me')).json()
    await db.update(users).set({ isActive: false }).where(eq(users.id, id))
    const browser = app.browser()
    expect(refusal(await app.finishSignIn(browser, await app.beginSignIn(browser), claims))).toBe('ACCOUNT_DISABLED')
    expect(browser.cookies.size).toBe(0)
    expect(await db.$count(sessions, eq(sessions.userId, id))).toBe(1)
    const [row] = await db.select().from(users).where(eq(users.id, id))
    expect(row?.lastLoginAt?.toISOString()).toBe(lastLoginAt)
  })

  it('is not entered by another identity with its address either', async () => {
    const claims = newPerson()
    const { id } = (await (await app.signIn(claims)).get('/me')).json()
    await db.update(users).set({ isActive: false }).where(eq(users.id, id))
    const browser = app.browser()
    const other = { ...claims, sub: newPerson().sub }
    expect(refusal(await app.finishSignIn(browser, await app.beginSignIn(browser), other))).toBe('ACCOUNT_DISABLED')
    expect(await db.$count(identities, eq(identities.userId, id))).toBe(1)
  })
})

describe('a sign-in that another site begins', () => {
  const crossSite = { 'sec-fetch-site': 'cross-site' }

  it('does not replace who is signed in here: the sign-in page is shown, and the session stays', async () => {
    const browser = await app.signIn()
    const { id } = (await browser.get('/me')).json()
    const answer = await browser.get('/auth/google?returnTo=%2Fdrafts', crossSite)
    expect([answer.statusCode, answer.headers.location]).toEqual([302, '/sign-in?returnTo=%2Fdrafts'])
    expect(answer.headers['set-cookie']).toBeUndefined()
    expect((await browser.get('/me')).json().id).toBe(id)
  })

  it('goes on where nobody is signed in', async () => {
    const answer = await app.browser().get('/auth/google', crossSite)
    expect(answer.headers.location).toContain(app.provider.issuer)
  })
})

describe('names of hosts in requests', () => {
  const spoofed = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }

  it('change neither the redirect URI nor where the callback leads', async () => {
    const browser = app.browser(spoofed)
    const there = await app.beginSignIn(browser, '/drafts')
    expect(there.searchParams.get('redirect_uri')).toBe(`${publicUrl}/auth/google/callback`)
    expect((await app.finishSignIn(browser, there)).headers.location).toBe('/drafts')
    expect((await browser.get('/auth/google/callback')).headers.location).toMatch(/^\/sign-in\?/)
  })

  it('lead another name of this machine to the public one, where the cookies are', async () => {
    const answer = await app.browser({ host: '127.0.0.1:8000' }).get('/auth/google?returnTo=%2Fdrafts')
    expect(answer.headers.location).toBe(`${publicUrl}/auth/google?returnTo=%2Fdrafts`)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  it.each(['127.0.0.1:9', 'user@localhost:8000', '[', 'localhost:8000/evil.example', 'evil.example:8000'])(
    'never lead anywhere else: Host %s',
    async (host) => {
      const location = String((await app.browser({ host }).get('/auth/google')).headers.location)
      expect(new URL(location).origin).toBe(app.provider.issuer)
    },
  )
})

it('a server that offers no provider has no sign-in route for one, and pages learn that', async () => {
  const none = { REAL_AUTH_PROVIDER: 'none', GOOGLE_CLIENT_ID: '', GOOGLE_CLIENT_SECRET: '' }
  const alone = await buildTestApp({ environment: none })
  const browser = alone.browser()
  expect((await browser.query('account.methods')).json().result.data).toEqual({ methods: [], password: true })
  expect((await browser.get('/auth/google')).statusCode).toBe(404)
})
