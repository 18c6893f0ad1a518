import { afterEach, describe, expect, it, vi } from 'vitest'
import { buildTestApp, newPerson, refusal } from '../../test/app.ts'
import { sessions } from './table.ts'

const app = await buildTestApp()
const other = await buildTestApp()
const { db } = app.database

afterEach(() => vi.useRealTimers())

/** Time as this process sees it; nothing waits. */
const laterBy = (s: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + s * 1000 })

const parameters = (there: URL, code: string) => ({ code, state: there.searchParams.get('state') ?? '' })
const callback = (query: Record<string, string>) => `/auth/google/callback?${new URLSearchParams(query)}`

/** Nobody is signed in by `answer`: no cookie, no row. */
async function refusedWithoutSession(send: () => Promise<{ headers: { location?: unknown } }>) {
  const before = await db.$count(sessions)
  const answer = await send()
  expect(String(answer.headers['set-cookie' as 'location'])).not.toContain('plinth_session=')
  expect(await db.$count(sessions)).toBe(before)
  return refusal(answer)
}

describe('the state of a sign-in', () => {
  it.each([
    ['missing', (_own: string) => ({})],
    ['empty', () => ({ state: '' })],
    ['wrong in its secret', (own: string) => ({ state: `${own.slice(0, -1)}${own.endsWith('A') ? 'B' : 'A'}` })],
    ['cut', (own: string) => ({ state: own.split('.')[0] as string })],
    ['longer', (own: string) => ({ state: `${own}A` })],
    ['of an attempt that never was', (own: string) => ({ state: own.replace(/^.{8}/, '00000000') })],
    ['the name of something every object has', () => ({ state: '__proto__' })],
    ['10 kB', () => ({ state: 'a'.repeat(10_000) })],
    ['NUL', () => ({ state: '\0' })],
  ])('must be ours: %s is refused', async (_name, bend) => {
    const browser = app.browser()
    const there = await app.beginSignIn(browser)
    const code = app.provider.grant(there, newPerson())
    const query = { code, ...bend(there.searchParams.get('state') ?? '') }
    expect(await refusedWithoutSession(() => browser.get(callback(query)))).toBe('SIGN_IN_EXPIRED')
  })

  it('of another browser is refused (login CSRF)', async () => {
    const there = await app.beginSignIn(app.browser())
    for (const browser of [app.browser(), await app.signIn()]) {
      await app.beginSignIn(browser)
      const url = callback(parameters(there, app.provider.grant(there, newPerson())))
      expect(await refusedWithoutSession(() => browser.get(url))).toBe('SIGN_IN_EXPIRED')
    }
  })

  it('holds for ten minutes and not longer, whatever the browser still sends', async () => {
    const [quick, slow] = [app.browser(), app.browser()]
    const [first, second] = [await app.beginSignIn(quick), await app.beginSignIn(slow)]
    laterBy(590)
    expect(refusal(await app.finishSignIn(quick, first))).toBeNull()
    laterBy(20)
    expect(slow.cookies.size).toBe(1)
    expect(await refusedWithoutSession(() => app.finishSignIn(slow, second))).toBe('SIGN_IN_EXPIRED')
  })

  it('is used once, even by who kept the cookie', async () => {
    const browser = app.browser()
    const there = await app.beginSignIn(browser)
    const kept = new Map(browser.cookies)
    expect(refusal(await app.finishSignIn(browser, there))).toBeNull()
    for (const [name, value] of kept) browser.cookies.set(name, value)
    expect(await refusedWithoutSession(() => app.finishSignIn(browser, there))).toBe('SIGN_IN_EXPIRED')
  })

  it('is spent by a failed try too', async () => {
    const browser = app.browser()
    const there = await app.beginSignIn(browser)
    const kept = new Map(browser.cookies)
    expect(refusal(await app.finishSignIn(browser, there, { nonce: 'wrong' }))).toBe('SIGN_IN_FAILED')
    for (const [name, value] of kept) browser.cookies.set(name, value)
    expect(await refusedWithoutSession(() => app.finishSignIn(browser, there))).toBe('SIGN_IN_EXPIRED')
  })

  it('gives one session to ten callbacks at once', async () => {
    const browser = app.browser()
    const there = await app.beginSignIn(browser)
    const before = await db.$count(sessions)
    const asked = app.provider.asked.filter((path) => path === '/token').length
    const url = callback(parameters(there, app.provider.grant(there, newPerson())))
    const answers = await Promise.all(Array.from({ length: 10 }, () => browser.get(url)))
    expect(answers.map(refusal).sort()).toEqual([...Array(9).fill('SIGN_IN_EXPIRED'), null])
    expect(await db.$count(sessions)).toBe(before + 1)
    expect(app.provider.asked.filter((path) => path === '/token')).toHaveLength(asked + 1)
  })

  it('sealed under another COOKIE_SECRET, or not at all, is nobody’s', async () => {
    const browser = other.browser()
    const there = await other.beginSignIn(browser)
    const [name = '', sealed = ''] = [...browser.cookies][0] ?? []
    const payload = Buffer.from(JSON.stringify({ id: name.slice(-36), state: there.searchParams.get('state') }))
    for (const value of [sealed, payload.toString('base64url'), `${sealed.slice(0, -2)}AA`, '', '%', 'a.b.c.d.e']) {
      const forger = app.browser({ cookie: `${name}=${value}` })
      expect(await refusedWithoutSession(() => app.finishSignIn(forger, there))).toBe('SIGN_IN_EXPIRED')
    }
  })
})

describe('two tabs signing in', () => {
  it.each(['first', 'second'])('never mix, the %s coming back first', async (order) => {
    const browser = app.browser()
    const tabs = []
    for (const returnTo of ['/one', '/two']) {
      tabs.push({ returnTo, there: await app.beginSignIn(browser, returnTo), person: newPerson() })
    }
    for (const { returnTo, there, person } of order === 'first' ? tabs : tabs.toReversed()) {
      expect((await app.finishSignIn(browser, there, person)).headers.location).toBe(returnTo)
      expect((await browser.get('/me')).json().email).toBe(person.email)
    }
  })

  it('never mix when both start and come back at the same time', async () => {
    const browser = app.browser()
    const starts = await Promise.all([app.beginSignIn(browser, '/one'), app.beginSignIn(browser, '/two')])
    const answers = await Promise.all(starts.map((there) => app.finishSignIn(browser, there)))
    expect(answers.map(({ headers }) => headers.location)).toEqual(['/one', '/two'])
  })

  it('cannot swap their codes', async () => {
    const browser = app.browser()
    const [one, two] = [await app.beginSignIn(browser), await app.beginSignIn(browser)]
    const [codeOne, codeTwo] = [app.provider.grant(one, newPerson()), app.provider.grant(two, newPerson())]
    for (const [there, code] of [
      [one, codeTwo],
      [two, codeOne],
    ] as const) {
      expect(await refusedWithoutSession(() => browser.get(callback(parameters(there, code))))).toBe('SIGN_IN_FAILED')
    }
  })

  it('lose their oldest attempt rather than grow the headers of every request', async () => {
    const browser = app.browser()
    const first = await app.beginSignIn(browser)
    for (let tab = 0; tab < 8; tab++) await app.beginSignIn(browser)
    expect(browser.cookies.size).toBe(6)
    expect(browser.cookieHeader.length).toBeLessThan(4096)
    expect(refusal(await app.finishSignIn(browser, first))).toBe('SIGN_IN_EXPIRED')
    expect(refusal(await app.finishSignIn(browser, await app.beginSignIn(browser)))).toBeNull()
  })
})

describe('a code', () => {
  it('of somebody else’s attempt is refused by its PKCE verifier (code injection)', async () => {
    const attacker = await app.beginSignIn(app.browser())
    const victim = app.browser()
    const there = await app.beginSignIn(victim)
    const url = callback(parameters(there, app.provider.grant(attacker, newPerson())))
    expect(await refusedWithoutSession(() => victim.get(url))).toBe('SIGN_IN_FAILED')
  })

  it('is refused by its nonce where the provider checks no PKCE', async () => {
    const attacker = await app.beginSignIn(app.browser())
    const victim = app.browser()
    const there = await app.beginSignIn(victim)
    const challenge = there.searchParams.get('code_challenge') ?? ''
    const url = callback(parameters(there, app.provider.grant(attacker, newPerson(), { challenge })))
    expect(await refusedWithoutSession(() => victim.get(url))).toBe('SIGN_IN_FAILED')
  })

  it.each([
    ['missing', {}],
    ['empty', { code: '' }],
    ['unknown', { code: 'never-issued' }],
    ['NUL', { code: '\0' }],
    ['10 kB', { code: 'a'.repeat(10_000) }],
  ])('%s is refused', async (_name, query: Record<string, string>) => {
    const browser = app.browser()
    const state = (await app.beginSignIn(browser)).searchParams.get('state') ?? ''
    const url = callback({ ...query, state })
    expect(await refusedWithoutSession(() => browser.get(url))).toBe('SIGN_IN_FAILED')
  })
})

describe('parameters of the callback', () => {
  it.each([
    ['code', 'SIGN_IN_FAILED'],
    ['state', 'SIGN_IN_EXPIRED'],
  ] as const)('count as absent when sent twice: %s', async (name, code) => {
    const browser = app.browser()
    const there = await app.beginSignIn(browser)
    const query = parameters(there, app.provider.grant(there, newPerson()))
    const url = `${callback(query)}&${name}=${encodeURIComponent(query[name])}`
    expect(await refusedWithoutSession(() => browser.get(url))).toBe(code)
  })

  it('cannot bring an error and a code together', async () => {
    const browser = app.browser()
    const there = await app.beginSignIn(browser)
    const query = parameters(there, app.provider.grant(there, newPerson()))
    const url = callback({ ...query, error: 'access_denied' })
    expect(await refusedWithoutSession(() => browser.get(url))).toBe('SIGN_IN_CANCELLED')
  })

  it('name another issuer in vain (mix-up, RFC 9207)', async () => {
    const browser = app.browser()
    const there = await app.beginSignIn(browser)
    const query = parameters(there, app.provider.grant(there, newPerson()))
    const url = callback({ ...query, iss: 'https://evil.example' })
    expect(await refusedWithoutSession(() => browser.get(url))).toBe('SIGN_IN_FAILED')
  })

  it('and cookies with names that no answer can carry are refused like any other', async () => {
    for (const name of ['é', 'a b', '"', 'x'.repeat(4000)]) {
      const browser = app.browser({ cookie: `plinth_sign_in_${name}=1` })
      const url = callback({ code: 'x', state: name })
      expect(await refusedWithoutSession(() => browser.get(url))).toBe('SIGN_IN_EXPIRED')
      const many = Array.from({ length: 8 }, (_, at) => `plinth_sign_in_${name}${at}=1`).join('; ')
      expect((await app.browser({ cookie: many }).get('/auth/google')).statusCode).toBe(302)
    }
  })
})
