import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { buildTestApp, newPerson, refusal } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { registered } from '../../test/passwords.ts'
import { identities, sessions, users } from './table.ts'

const app = await buildTestApp()
const { db } = app.database

const me = async (browser: TestBrowser) => (await browser.get('/me')).json()
const personOf = async (claims: Record<string, unknown>) => me(await app.signIn(claims))
/** Another Google account with the same address. */
const twin = (claims: ReturnType<typeof newPerson>) => ({ ...newPerson(), email: claims.email })
const unverified = { email_verified: false }

/** A user who has verified an address and has no Google account here. */
async function byPassword(role: 'user' | 'admin' = 'user', emailVerified = true) {
  const account = await registered(app)
  await db.update(users).set({ emailVerified, role }).where(eq(users.id, account.id))
  return account
}

const comeBack = async (claims: Record<string, unknown>) => {
  const browser = app.browser()
  return app.finishSignIn(browser, await app.beginSignIn(browser), claims)
}
const providersOf = async (id: string) =>
  (await db.select().from(identities).where(eq(identities.userId, id))).map(({ provider }) => provider).sort()

describe('a person', () => {
  it('is found by the provider’s subject, whatever becomes of name and address', async () => {
    const claims = newPerson()
    const { id } = await personOf(claims)
    const moved = { ...newPerson(), sub: claims.sub }
    expect(await personOf(moved)).toMatchObject({ id, email: claims.email, displayName: claims.name })
    expect((await personOf({ ...claims, email: undefined })).id).toBe(id)
    expect((await personOf({ ...claims, ...unverified })).id).toBe(id)
  })

  it('is made once by ten first sign-ins at once', async () => {
    const claims = newPerson()
    const browsers = await Promise.all(Array.from({ length: 10 }, () => app.signIn(claims)))
    const people = await Promise.all(browsers.map(me))
    expect(new Set(people.map(({ id }) => id)).size).toBe(1)
    expect(await db.$count(identities, eq(identities.subject, claims.sub))).toBe(1)
    expect(await db.$count(sessions, eq(sessions.userId, people[0].id))).toBe(10)
  })

  it('is created once by ten simultaneous identities with one verified address, and has one of them', async () => {
    const claims = newPerson()
    const answers = await Promise.all(Array.from({ length: 10 }, () => comeBack(twin(claims))))
    expect(answers.map(refusal).filter((code) => code === 'SIGN_IN_METHOD_NOT_ADDED')).toHaveLength(9)
    expect(await db.$count(users, eq(users.email, claims.email))).toBe(1)
    expect(await db.$count(identities, eq(identities.email, claims.email))).toBe(1)
  })

  it('is not another one whose subject differs only in case or blanks', async () => {
    const { sub } = newPerson()
    const subjects = [sub, sub.toUpperCase(), `${sub} `, ` ${sub}`]
    const people = await Promise.all(subjects.map((subject) => personOf({ sub: subject })))
    expect(new Set(people.map(({ id }) => id)).size).toBe(4)
  })
})

describe('an address that both sides have verified', () => {
  it('joins the first Google account to the user who holds it, in whatever case, and ends no session', async () => {
    for (const written of [(email: string) => email, (email: string) => email.toUpperCase()]) {
      const { id, email, browser } = await byPassword()
      expect((await personOf({ ...newPerson(), email: written(email) })).id).toBe(id)
      expect(await providersOf(id)).toEqual(['google', 'password'])
      expect((await browser.get('/me')).statusCode).toBe(200)
    }
  })

  it('joins no second account of that provider', async () => {
    const claims = newPerson()
    const { id } = await personOf(claims)
    expect(refusal(await comeBack(twin(claims)))).toBe('SIGN_IN_METHOD_NOT_ADDED')
    expect(refusal(await comeBack({ ...twin(claims), email: claims.email.toUpperCase() }))).toBe(
      'SIGN_IN_METHOD_NOT_ADDED',
    )
    expect(await providersOf(id)).toEqual(['google'])
    expect((await personOf(claims)).id).toBe(id)
  })

  it('joins none beside an account whose issuer is not stored yet', async () => {
    const { id, email } = await byPassword()
    await db.insert(identities).values({ userId: id, provider: 'google', subject: newPerson().sub })
    expect(refusal(await comeBack({ ...newPerson(), email }))).toBe('SIGN_IN_METHOD_NOT_ADDED')
  })

  it('joins the first account of another issuer', async () => {
    const { id, email } = await byPassword()
    const subject = newPerson().sub
    await db.insert(identities).values({ userId: id, provider: 'google', issuer: 'https://other.example', subject })
    expect((await personOf({ ...newPerson(), email })).id).toBe(id)
  })

  it.each([true, false])('joins nothing to an administrator, and evicts none: verified here %s', async (verified) => {
    const { id, email, password, browser } = await byPassword('admin', verified)
    expect(refusal(await comeBack({ ...newPerson(), email }))).toBe('SIGN_IN_METHOD_NOT_ADDED')
    expect(await providersOf(id)).toEqual(['password'])
    expect((await browser.get('/me')).statusCode).toBe(200)
    expect((await app.browser().mutate('auth.signIn', { email, password })).statusCode).toBe(200)
  })

  it('lets an administrator add a Google account, which signs in afterwards', async () => {
    const { id, email, browser } = await byPassword('admin')
    const claims = { ...newPerson(), email }
    await app.addGoogle(browser, claims)
    expect((await personOf(claims)).id).toBe(id)
  })
})

describe.each([
  ['false', false],
  ['missing', undefined],
  ['the string "true"', 'true'],
  ['1', 1],
  ['null', null],
  ['an object', { verified: true }],
])('an address whose email_verified is %s', (_name, email_verified) => {
  it('opens nobody’s account: a person of its own, without the address', async () => {
    const claims = newPerson()
    const holder = await app.signIn(claims)
    for (const email of [claims.email, claims.email.toUpperCase()]) {
      const stranger = await personOf({ ...twin(claims), email, email_verified })
      expect(stranger).toMatchObject({ email: null, role: 'user' })
      expect(stranger.id).not.toBe((await me(holder)).id)
    }
    expect(await me(holder)).toMatchObject({ email: claims.email, displayName: claims.name })
    expect(await db.$count(identities, eq(identities.userId, (await me(holder)).id))).toBe(1)
  })

  it('is not taken for verified later', async () => {
    const { id } = await personOf({ email_verified })
    const [row] = await db.select().from(users).where(eq(users.id, id))
    expect(row?.emailVerified).toBe(false)
  })
})

describe('whoever took an address before its owner came (account pre-hijacking)', () => {
  async function squat() {
    const owner = newPerson()
    const squatter = { ...twin(owner), ...unverified }
    const browser = await app.signIn(squatter)
    const { id, email } = await me(browser)
    expect(email).toBe(owner.email)
    return { owner, squatter, browser, id }
  }

  it('loses the open session at once', async () => {
    const { owner, browser, id } = await squat()
    expect((await personOf(owner)).id).toBe(id)
    const answer = await browser.get('/me')
    expect(answer.statusCode).toBe(401)
    expect(answer.json().error.code).toBe('SESSION_ENDED')
    const [ended] = await db.select().from(sessions).where(eq(sessions.userId, id)).orderBy(sessions.id)
    expect(ended?.endReason).toBe('account-changed')
  })

  it('does not get back in: the way in leads to a person of its own', async () => {
    const { owner, squatter, id } = await squat()
    const ownersBrowser = await app.signIn(owner)
    const back = await personOf(squatter)
    expect(back).toMatchObject({ email: null })
    expect(back.id).not.toBe(id)
    expect(await me(ownersBrowser)).toMatchObject({ id, email: owner.email })
  })

  it('keeps no second way in (trojan identity)', async () => {
    const { owner, id } = await squat()
    const trojan = newPerson()
    await db.insert(identities).values({ userId: id, provider: 'google', subject: trojan.sub })
    expect((await personOf(trojan)).id).toBe(id)
    expect((await personOf(owner)).id).toBe(id)
    expect((await personOf(trojan)).id).not.toBe(id)
    const left = await db.select().from(identities).where(eq(identities.userId, id))
    expect(left.map(({ subject }) => subject)).toEqual([owner.sub])
  })

  it('is no longer one who may be turned out, having proven the address since', async () => {
    const { squatter, id } = await squat()
    const browser = await app.signIn({ ...squatter, email_verified: true })
    expect(refusal(await comeBack(twin(squatter)))).toBe('SIGN_IN_METHOD_NOT_ADDED')
    expect(await me(browser)).toMatchObject({ id, email: squatter.email })
  })

  it('holds nothing against others who have not verified it either', async () => {
    const { owner, browser, id } = await squat()
    const other = await personOf({ ...twin(owner), ...unverified })
    expect(other).toMatchObject({ email: null })
    expect((await me(browser)).id).toBe(id)
  })
})

describe('an address proven after the first sign-in', () => {
  it('is taken when nobody holds it', async () => {
    const claims = newPerson()
    const { id, email } = await personOf({ ...claims, email: undefined })
    expect(email).toBeNull()
    expect(await personOf(claims)).toMatchObject({ id, email: claims.email })
  })

  it('is not put in the place of another', async () => {
    const claims = { ...newPerson(), ...unverified }
    const { id, email } = await personOf(claims)
    expect(await personOf({ ...newPerson(), sub: claims.sub })).toMatchObject({ id, email })
  })

  it('stays with who holds it', async () => {
    const claims = newPerson()
    const holder = await personOf(claims)
    const other = { ...twin(claims), ...unverified }
    const { id } = await personOf(other)
    expect(await personOf({ ...other, email_verified: true })).toMatchObject({ id, email: null })
    expect(await personOf(claims)).toMatchObject({ id: holder.id, email: claims.email })
  })
})

describe('what a provider says about a person', () => {
  const name = newPerson().name
  it.each([
    ['NUL', `${name}\0`],
    ['a lone surrogate', `${name}\ud800`],
    ['a line break', `${name}\r\nSet-Cookie: a=b`],
    ['an escape sequence', `${name}\u001b[2J`],
    ['a mark that turns the text around', `\u202e${name}`],
    ['10 kB', 'a'.repeat(10_000)],
    ['blanks', '   '],
    ['a number', 42],
    ['an object', { toString: name }],
    ['nothing', undefined],
  ])('names nobody with %s: the address does', async (_name, hostile) => {
    const claims = newPerson()
    const { displayName } = await personOf({ ...claims, name: hostile })
    expect(displayName).toBe(claims.email.split('@')[0])
  })

  it('names people as they are written', async () => {
    for (const written of ['Zoë 🦊 O’Neil', 'محمد', '<script>alert(1)</script>', "Robert'); drop table users;--"]) {
      expect((await personOf({ name: written })).displayName).toBe(written)
    }
    expect(await personOf({ name: undefined, email: undefined })).toMatchObject({ displayName: 'New person' })
  })

  it.each([
    ['javascript:alert(1)', null],
    ['http://pictures.example/1.png', null],
    ['data:image/svg+xml,<svg onload=alert(1)>', null],
    ['//pictures.example/1.png', null],
    ['https://', null],
    [`https://pictures.example/${'a'.repeat(3000)}`, null],
    ['https://pictures.example/\0.png', null],
    ['https://pictures.example/\ud800.png', null],
    [42, null],
    [['https://pictures.example/1.png'], null],
    ['https://pictures.example/1.png?s=96', 'https://pictures.example/1.png?s=96'],
  ])('shows a picture over https only: %j', async (picture, avatarUrl) => {
    expect(await personOf({ picture })).toMatchObject({ avatarUrl })
  })

  it.each([
    `${'a'.repeat(250)}@example.org`,
    `${'a'.repeat(10_000)}@example.org`,
    'no address',
    '@example.org',
    'a@b@example.org',
    'a＠example.org',
    'a\u200b@example.org',
    'a@example.org\0',
    'a@example.org\r\nBcc: b@example.org',
    'a@example.org,b@example.org',
    ' a@example.org',
    '<a@example.org>',
    'ａ@example.org',
    'a@ex\ud800ample.org',
    'K@example.org'.replace('K', '\u212a'),
    '',
    42,
    ['a@example.org'],
    { email: 'a@example.org' },
  ])('is no address unless it is one, verified or not: %j', async (email) => {
    for (const email_verified of [true, false]) {
      const person = await personOf({ email, email_verified })
      expect(person.email).toBeNull()
      expect(person.displayName.length).toBeLessThanOrEqual(80)
      const [row] = await db.select().from(users).where(eq(users.id, person.id))
      expect(row?.emailVerified).toBe(false)
    }
  })

  it('gives a long address no longer a name than people may have', async () => {
    const local = `${newPerson().email.split('@')[0]}${'a'.repeat(150)}`
    const { displayName, email } = await personOf({ email: `${local}@example.org`, name: undefined })
    expect(email).toBe(`${local}@example.org`)
    expect(displayName).toBe(local.slice(0, 80))
  })

  it('gives nobody a role, an id or a flag', async () => {
    const claims = { ...newPerson(), role: 'admin', id: '1', userId: '1', isActive: false, hd: 'plinth.local' }
    const { id, role } = await personOf(claims)
    expect(role).toBe('user')
    expect(id).not.toBe('1')
  })
})
