import { randomUUID } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { identities, sessions, users } from '../../platform/identity/table.ts'
import { buildTestApp, newPerson } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { until } from '../../test/until.ts'

const app = await buildTestApp()
let browser: TestBrowser
beforeAll(async () => {
  browser = await app.signIn()
})

type Answer = Awaited<ReturnType<TestBrowser['query']>>
const data = (answer: Answer) => answer.json().result?.data
const codeOf = (answer: Answer) => [answer.statusCode, answer.json().error?.data?.code]

describe('me', () => {
  it('is a bare person at /me', async () => {
    const claims = newPerson()
    const answer = await (await app.signIn({ ...claims, picture: 'https://img.example/a.png' })).get('/me')
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.json()).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      email: claims.email,
      emailVerified: true,
      username: null,
      displayName: claims.name,
      avatarUrl: 'https://img.example/a.png',
      role: 'user',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      lastLoginAt: expect.stringMatching(/Z$/),
    })
  })

  it('is the same over tRPC', async () => {
    expect(data(await browser.query('account.me'))).toEqual((await browser.get('/me')).json())
  })

  it('is null for a visitor who asks which user is signed in, and otherwise the same user', async () => {
    const anonymous = await app.browser().query('account.current')
    expect([anonymous.statusCode, data(anonymous)]).toEqual([200, null])
    expect(data(await browser.query('account.current'))).toEqual(data(await browser.query('account.me')))
    const forged = await app.browser({ authorization: 'Bearer forged' }).query('account.current')
    expect(codeOf(forged)).toEqual([401, 'INVALID_CREDENTIAL'])
  })

  it('answers nobody with the form of plain routes, and the id of the request in body and header', async () => {
    const answer = await app.browser().get('/me')
    expect(answer.statusCode).toBe(401)
    expect(answer.json()).toEqual({
      error: { code: 'UNAUTHENTICATED', message: expect.any(String) },
      requestId: answer.headers['x-request-id'],
    })
  })
})

describe('sign-in methods', () => {
  it('are known to everybody', async () => {
    expect(data(await app.browser().query('account.methods'))).toEqual({
      methods: [{ provider: 'google', name: 'Google', path: '/auth/google' }],
      password: true,
    })
  })
})

describe('a display name', () => {
  const rename = (displayName: unknown, more = {}) => browser.mutate('account.updateProfile', { displayName, ...more })

  it.each([
    ['plain', 'Ada Lovelace'],
    ['emoji and joiners', '👩🏽‍🚀 Ada 🏳️‍🌈'],
    ['accents, composed and not', 'Zoë Zoë'],
    ['right-to-left letters', 'עדה לאבלייס'],
    ['markup', '<script>alert(1)</script>'],
    ['SQL and templates', `'; drop table users; -- \${x} {{x}} %s`],
    ['eighty characters', 'x'.repeat(80)],
  ])('is kept byte for byte: %s', async (_, name) => {
    expect(data(await rename(name)).displayName).toBe(name)
    expect((await browser.get('/me')).json().displayName).toBe(name)
  })

  it('is trimmed', async () => {
    expect(data(await rename('  \u00A0Ada\t ')).displayName).toBe('Ada')
  })

  it.each([
    ['null', null],
    ['a number', 5],
    ['an array', ['Ada']],
    ['an object', { toString: 'Ada' }],
    ['empty', ''],
    ['blank', ' \t\u00A0 '],
    ['81 characters', 'x'.repeat(81)],
    ['81 emoji', '😀'.repeat(81)],
    ['NUL', 'A\u0000da'],
    ['a line break', 'A\nda'],
    ['a carriage return', 'A\rda'],
    ['an escape sequence', 'A\u001B[31mda'],
    ['DEL', 'A\u007Fda'],
    ['a C1 control', 'A\u0085da'],
    ['a line separator', 'A\u2028da'],
    ['a lone high surrogate', 'A\uD800da'],
    ['a lone low surrogate', 'A\uDC00da'],
    ['a right-to-left override', 'A\u202Eda'],
    ['an isolate', 'A\u2066da'],
    ['a mark of direction, which is not seen', 'Ada\u200Fעדה'],
    ['a code point that is no character', '\u{10FFFF}'],
    ['a look-alike', '\u0410da'],
    ['a megabyte', 'x'.repeat(1_000_000)],
  ])('is refused when it is %s, and stays what it was', async (_, name) => {
    const before = (await browser.get('/me')).json()
    const answer = await rename(name)
    expect(codeOf(answer)).toEqual([400, 'VALIDATION_ERROR'])
    expect(answer.json().error.data.details[0].field).toBe('displayName')
    expect((await browser.get('/me')).json()).toEqual(before)
  })

  it('is all that the call changes', async () => {
    const before = (await browser.get('/me')).json()
    const more = {
      id: randomUUID(),
      role: 'admin',
      email: 'x@example.org',
      emailVerified: true,
      isActive: false,
    }
    const evil = '{"displayName":"Kept","__proto__":{"role":"admin"},"constructor":{"prototype":{"role":"admin"}}}'
    expect(data(await rename('Kept', more))).toMatchObject({ ...before, displayName: 'Kept' })
    const headers = { 'content-type': 'application/json' }
    await browser.send({ method: 'POST', url: '/trpc/account.updateProfile', headers, payload: evil })
    expect((await browser.get('/me')).json()).toEqual({ ...before, displayName: 'Kept' })
  })
})

describe('the list of sessions', () => {
  it('holds the live ones of this person alone, the newest first, in words', async () => {
    const claims = newPerson()
    const laptop = await app.signIn(claims)
    const phone = await app.signIn(
      claims,
      app.browser({
        'user-agent':
          'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1',
      }),
    )
    const script = await app.signIn(claims, app.browser({ 'user-agent': 'curl/8.5.0' }))
    const gone = await app.signIn(claims)
    await gone.send({ method: 'POST', url: '/auth/logout' })
    const idle = await app.signIn(claims, app.browser({ 'user-agent': '' }))
    await app.database.db.execute(sql`update ${sessions} set last_used_at = now() - interval '8 days'
      where id = ${data(await idle.query('account.sessions.list')).items[0].id}`)

    const { items, nextCursor } = data(await phone.query('account.sessions.list'))
    expect(nextCursor).toBeNull()
    expect(items.map(({ device, current }: Record<string, unknown>) => [device, current])).toEqual([
      ['curl', false],
      ['Safari on iOS', true],
      ['Chrome on Linux', false],
    ])
    expect(items[0]).toEqual({
      id: expect.any(String),
      current: false,
      device: 'curl',
      ip: '127.0.0.1',
      createdAt: expect.any(String),
      lastUsedAt: expect.any(String),
      expiresAt: expect.any(String),
    })
    const days = (Date.parse(items[0].expiresAt) - Date.parse(items[0].lastUsedAt)) / 86_400_000
    expect(days).toBeCloseTo(7, 3)
    for (const one of [laptop, script]) expect(data(await one.query('account.sessions.list')).items).toHaveLength(3)
  })

  it('comes in pages that hold each once', async () => {
    const claims = newPerson()
    const first = await app.signIn(claims)
    for (let n = 0; n < 4; n++) await app.signIn(claims)
    const seen: string[] = []
    let cursor: string | null | undefined
    do {
      const page = data(await first.query('account.sessions.list', { limit: 2, ...(cursor && { cursor }) }))
      expect(page.items.length).toBeLessThanOrEqual(2)
      seen.push(...page.items.map(({ id }: { id: string }) => id))
      cursor = page.nextCursor
    } while (cursor)
    expect(seen).toHaveLength(5)
    expect(new Set(seen).size).toBe(5)
    expect(seen).toEqual(seen.toSorted().toReversed())
  })

  it('shows nothing of anybody else, whatever the cursor', async () => {
    const other = await app.signIn()
    const [theirs] = data(await other.query('account.sessions.list')).items
    const own = data(await browser.query('account.sessions.list')).items
    for (const cursor of [theirs.id, randomUUID(), 'ffffffff-ffff-7fff-bfff-ffffffffffff']) {
      const { items } = data(await browser.query('account.sessions.list', { cursor }))
      expect(own).toEqual(expect.arrayContaining(items))
    }
  })

  it.each([
    { cursor: 'garbage' },
    { cursor: '' },
    { cursor: 5 },
    { cursor: "' or 1=1 --" },
    { limit: 0 },
    { limit: -1 },
    { limit: 101 },
    { limit: 1e9 },
    { limit: 1.5 },
    { limit: '5' },
    { limit: null },
    [],
    'text',
  ])('refuses %j', async (input) => {
    for (const list of ['account.sessions.list', 'account.identities.list']) {
      expect(codeOf(await browser.query(list, input))).toEqual([400, 'VALIDATION_ERROR'])
    }
  })
})

describe('ending sessions', () => {
  const list = async (of: TestBrowser) =>
    data(await of.query('account.sessions.list')).items as { id: string; current: boolean }[]

  it('ends one of one’s own at once, and only that one', async () => {
    const claims = newPerson()
    const [here, there, third] = [await app.signIn(claims), await app.signIn(claims), await app.signIn(claims)]
    expect((await there.get('/me')).statusCode).toBe(200)
    const sessionId = (await list(there)).find(({ current }) => current)?.id
    expect(data(await here.mutate('account.sessions.revoke', { sessionId }))).toEqual({ ended: 1 })
    expect((await there.get('/me')).json().error.code).toBe('SESSION_ENDED')
    expect((await here.get('/me')).statusCode).toBe(200)
    expect((await third.get('/me')).statusCode).toBe(200)
    expect(codeOf(await here.mutate('account.sessions.revoke', { sessionId }))).toEqual([404, 'NOT_FOUND'])
  })

  it('knows nothing of somebody else’s, and leaves it alone', async () => {
    const other = await app.signIn()
    const [theirs] = await list(other)
    const answers = [
      await browser.mutate('account.sessions.revoke', { sessionId: theirs?.id }),
      await browser.mutate('account.sessions.revoke', { sessionId: randomUUID() }),
    ]
    for (const answer of answers) expect(codeOf(answer)).toEqual([404, 'NOT_FOUND'])
    const bodies = answers.map((answer) => ({ ...answer.json().error.data, requestId: '' }))
    expect(bodies[0]).toEqual(bodies[1])
    expect((await other.get('/me')).statusCode).toBe(200)
  })

  it('ends all others and none twice', async () => {
    const claims = newPerson()
    const [here, ...others] = [await app.signIn(claims), await app.signIn(claims), await app.signIn(claims)]
    expect(data(await here.mutate('account.sessions.revokeOthers'))).toEqual({ ended: 2 })
    expect(data(await here.mutate('account.sessions.revokeOthers'))).toEqual({ ended: 0 })
    for (const other of others) expect((await other.get('/me')).statusCode).toBe(401)
    expect(await list(here)).toMatchObject([{ current: true }])
    expect((await browser.get('/me')).statusCode).toBe(200)
  })

  it('ends the one that asks for it, too', async () => {
    const here = await app.signIn()
    const [own] = await list(here)
    expect(data(await here.mutate('account.sessions.revoke', { sessionId: own?.id }))).toEqual({ ended: 1 })
    expect((await here.get('/me')).json().error.code).toBe('SESSION_ENDED')
  })
})

describe('signing out', () => {
  const signOut = (of: TestBrowser) => of.send({ method: 'POST', url: '/auth/logout' })

  it('answers 204 however often, takes the cookie back and ends this session alone', async () => {
    const claims = newPerson()
    const [here, there] = [await app.signIn(claims), await app.signIn(claims)]
    const token = here.sessionToken
    const answer = await signOut(here)
    expect([answer.statusCode, answer.body]).toEqual([204, ''])
    expect(answer.headers['set-cookie']).toMatch(/^plinth_session=; Max-Age=0; Path=\//)
    here.cookies.set('plinth_session', token as string)
    expect((await signOut(here)).statusCode).toBe(204)
    expect((await signOut(app.browser())).statusCode).toBe(204)
    const stolen = app.browser({ cookie: `plinth_session=${token}` })
    expect((await stolen.get('/me')).json().error.code).toBe('SESSION_ENDED')
    expect((await there.get('/me')).statusCode).toBe(200)
  })

  it('keeps the row, which says why', async () => {
    const here = await app.signIn()
    const [own] = data(await here.query('account.sessions.list')).items
    await signOut(here)
    const [row] = await app.database.db.select().from(sessions).where(eq(sessions.id, own.id))
    expect(row).toMatchObject({ endReason: 'signed-out', endedAt: expect.any(Date) })
  })
})

describe('ways to sign in', () => {
  const list = async (of: TestBrowser) => data(await of.query('account.identities.list')).items
  async function withSecond() {
    const browser = await app.signIn()
    await app.addGoogle(browser)
    return browser
  }

  it('are listed with what the provider said, and nothing of its own', async () => {
    const claims = newPerson()
    expect(await list(await app.signIn(claims))).toEqual([
      {
        id: expect.any(String),
        provider: 'google',
        email: claims.email,
        createdAt: expect.any(String),
        lastUsedAt: expect.any(String),
      },
    ])
  })

  it('can be unlinked, but not the last one', async () => {
    const browser = await withSecond()
    const [first, second] = await list(browser)
    expect((await browser.mutate('account.identities.unlink', { identityId: first.id })).statusCode).toBe(200)
    expect(await list(browser)).toEqual([second])
    expect(codeOf(await browser.mutate('account.identities.unlink', { identityId: second.id }))).toEqual([
      409,
      'LAST_SIGN_IN_METHOD',
    ])
    expect(codeOf(await browser.mutate('account.identities.unlink', { identityId: first.id }))).toEqual([
      404,
      'NOT_FOUND',
    ])
    expect(await list(browser)).toEqual([second])
  })

  it('take with them what they opened, but not the session that unlinks', async () => {
    const claims = newPerson()
    const [here, there] = [await app.signIn(claims), await app.signIn(claims)]
    const another = newPerson()
    await app.addGoogle(here, another)
    const bySecond = await app.signIn(another)
    const [first, second] = await list(here)
    expect((await here.mutate('account.identities.unlink', { identityId: second.id })).statusCode).toBe(200)
    expect((await bySecond.get('/me')).json().error.code).toBe('SESSION_ENDED')
    expect((await there.get('/me')).statusCode).toBe(200)
    await app.addGoogle(here)
    expect((await here.mutate('account.identities.unlink', { identityId: first.id })).statusCode).toBe(200)
    expect((await there.get('/me')).json().error.code).toBe('SESSION_ENDED')
    expect((await here.get('/me')).statusCode).toBe(200)
  })

  it('of somebody else are not there', async () => {
    const [own, theirs] = [await withSecond(), await withSecond()]
    const [id] = (await list(theirs)).map(({ id }: { id: string }) => id)
    for (const identityId of [id, randomUUID()]) {
      expect(codeOf(await own.mutate('account.identities.unlink', { identityId }))).toEqual([404, 'NOT_FOUND'])
    }
    expect(await list(theirs)).toHaveLength(2)
  })

  it('comes in pages, the oldest first', async () => {
    const browser = await withSecond()
    const [first, second] = await list(browser)
    const page = data(await browser.query('account.identities.list', { limit: 1 }))
    expect(page).toEqual({ items: [first], nextCursor: first.id })
    expect(data(await browser.query('account.identities.list', { limit: 1, cursor: page.nextCursor }))).toEqual({
      items: [second],
      nextCursor: null,
    })
  })
})

it('answers as if the session had ended when the person was deleted', async () => {
  const here = await app.signIn()
  const { id } = (await here.get('/me')).json()
  await app.database.db.delete(identities).where(eq(identities.userId, id))
  await app.database.db.delete(users).where(eq(users.id, id))
  expect(codeOf(await here.mutate('account.updateProfile', { displayName: 'Ghost' }))).toEqual([401, 'SESSION_ENDED'])
  // Nobody has said so.
  await until('the refusal', async () => (await here.get('/me')).json().error?.code === 'SESSION_ENDED')
  expect((await here.get('/me')).json().error.code).toBe('SESSION_ENDED')
})
