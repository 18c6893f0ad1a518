/** What a session alone may not do, and what a person is told of when it was done. */
import { eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { auditLogs } from '../../platform/audit/table.ts'
import { identities, oneTimeTokens, sessions, users } from '../../platform/identity/table.ts'
import { buildTestApp, newPerson } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { signedIn } from '../../test/followers.ts'
import {
  anotherPassword,
  codeOf,
  data,
  forgotten,
  givePassword,
  mailedToken,
  mailsTo,
  newAccount,
  registered,
} from '../../test/passwords.ts'

const app = await buildTestApp()
const { db } = app.database

const login = (email: string, password: string) => app.browser().mutate('auth.login', { email, password })
const detailsOf = (answer: Awaited<ReturnType<TestBrowser['mutate']>>) =>
  answer.json().error.data.details.map(({ field }: { field: string }) => field)
/** As if the person had signed in so long ago. */
const age = (userId: string, minutes: number) =>
  db
    .update(sessions)
    .set({ authenticatedAt: sql`now() - ${sql.raw(`interval '${minutes} minutes'`)}` })
    .where(eq(sessions.userId, userId))
const providersOf = async (browser: TestBrowser) =>
  data(await browser.query('account.identities.list')).items.map(({ provider }: { provider: string }) => provider)
const recordsOf = async (actorId: string) =>
  (await db.select().from(auditLogs).where(eq(auditLogs.actorId, actorId)).orderBy(auditLogs.id)).map(
    ({ action }) => action,
  )

describe('changing a password', () => {
  it('asks for the current one, however fresh the sign-in', async () => {
    const { browser, email, password } = await registered(app)
    const newPassword = anotherPassword()
    const without = await browser.mutate('account.changePassword', { newPassword })
    expect([codeOf(without), detailsOf(without)]).toEqual([[400, 'VALIDATION_ERROR'], ['currentPassword']])
    const wrong = await browser.mutate('account.changePassword', { currentPassword: anotherPassword(), newPassword })
    expect(codeOf(wrong)).toEqual([401, 'WRONG_CREDENTIALS'])
    expect((await browser.get('/me')).statusCode).toBe(200)
    expect((await login(email, password)).statusCode).toBe(200)
  })

  it('ends the other sessions and every link in a mail, and says so by mail', async () => {
    const { browser, email, password, id } = await registered(app)
    await browser.mutate('auth.verifyEmail', { token: await mailedToken(app, email, 'verify-email') })
    const link = await forgotten(app, email)
    await login(email, password)
    await age(id, 60)
    const newPassword = anotherPassword()
    const answer = await browser.mutate('account.changePassword', { currentPassword: password, newPassword })
    expect(data(answer)).toEqual({ ended: 1 })
    const reset = await app.browser().mutate('auth.resetPassword', { token: link, newPassword: anotherPassword() })
    expect(codeOf(reset)).toEqual([422, 'ONE_TIME_TOKEN_INVALID'])
    expect(await db.$count(oneTimeTokens, sql`user_id = ${id} and spent_at is null`)).toBe(0)
    expect(await mailsTo(app, email)).toEqual(['verify-email', 'reset-password', 'password-changed'])
    expect(codeOf(await login(email, password))).toEqual([401, 'WRONG_CREDENTIALS'])
    expect((await login(email, newPassword)).statusCode).toBe(200)
  })

  it('mails nothing to an address that nobody has proven: it may be a stranger’s', async () => {
    const { browser, email, password } = await registered(app)
    const input = { currentPassword: password, newPassword: anotherPassword() }
    expect((await browser.mutate('account.changePassword', input)).statusCode).toBe(200)
    expect(await mailsTo(app, email)).toEqual(['verify-email'])
  })

  it('is done when it comes again because the answer was lost', async () => {
    const { browser, password, id } = await registered(app)
    const input = { currentPassword: password, newPassword: anotherPassword() }
    expect((await browser.mutate('account.changePassword', input)).statusCode).toBe(200)
    expect(data(await browser.mutate('account.changePassword', input))).toEqual({ ended: 0 })
    expect((await recordsOf(id)).filter((action) => action === 'account.changePassword')).toHaveLength(1)
  })

  it('takes one of ten at once', async () => {
    const { browser, email, password } = await registered(app)
    const chosen = Array.from({ length: 10 }, anotherPassword)
    const answers = await Promise.all(
      chosen.map((newPassword) => browser.mutate('account.changePassword', { currentPassword: password, newPassword })),
    )
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1)
    const won = answers.findIndex(({ statusCode }) => statusCode === 200)
    expect((await login(email, chosen[won] as string)).statusCode).toBe(200)
  })

  it('gives a first one to who signed in by Google, while that is fresh', async () => {
    const { browser, id } = await signedIn(app)
    const { email } = (await browser.get('/me')).json()
    const newPassword = anotherPassword()
    await age(id, 11)
    expect(codeOf(await browser.mutate('account.changePassword', { newPassword }))).toEqual([
      403,
      'REAUTHENTICATION_REQUIRED',
    ])
    await age(id, 9)
    expect((await browser.mutate('account.changePassword', { newPassword })).statusCode).toBe(200)
    expect(await providersOf(browser)).toEqual(['google', 'password'])
    expect(await mailsTo(app, email)).toEqual(['sign-in-method-added'])
    expect((await login(email, newPassword)).statusCode).toBe(200)
  })

  it('gives none to who has no address to sign in with', async () => {
    const browser = await app.signIn({ email: undefined })
    const answer = await browser.mutate('account.changePassword', { newPassword: anotherPassword() })
    expect([codeOf(answer), detailsOf(answer)]).toEqual([[400, 'VALIDATION_ERROR'], ['newPassword']])
  })

  it('refuses what would be guessed first', async () => {
    const { browser, password: currentPassword, username } = await registered(app)
    for (const newPassword of ['Password1!', `${username}-Horse-9`]) {
      const answer = await browser.mutate('account.changePassword', { currentPassword, newPassword })
      expect([codeOf(answer), detailsOf(answer)]).toEqual([[400, 'VALIDATION_ERROR'], ['newPassword']])
    }
  })

  it('lets nobody guess the current one', async () => {
    const strict = await buildTestApp({ environment: { RATE_LIMIT_SIGN_IN: '3' } })
    const { browser, password } = await registered(strict)
    const change = (currentPassword: string) =>
      browser.mutate('account.changePassword', { currentPassword, newPassword: anotherPassword() })
    for (let n = 0; n < 3; n++) expect((await change(anotherPassword())).statusCode).toBe(401)
    expect(codeOf(await change(password))).toEqual([429, 'TOO_MANY_ATTEMPTS'])
    expect(codeOf(await browser.mutate('account.confirmPassword', { password }))).toEqual([429, 'TOO_MANY_ATTEMPTS'])
  })
})

describe('confirming who one is', () => {
  it('makes this session fresh, and no other', async () => {
    const { browser, email, password, id } = await registered(app)
    const other = app.browser()
    await other.mutate('auth.signIn', { email, password })
    await age(id, 60)
    const wrong = await browser.mutate('account.confirmPassword', { password: anotherPassword() })
    expect(codeOf(wrong)).toEqual([401, 'WRONG_CREDENTIALS'])
    expect((await browser.mutate('account.confirmPassword', { password })).statusCode).toBe(200)
    const fresh = await db.$count(sessions, sql`user_id = ${id} and authenticated_at > now() - interval '1 minute'`)
    expect(fresh).toBe(1)
    expect(await recordsOf(id)).toEqual(['auth.signUp', 'auth.signIn', 'auth.signInRefused', 'account.confirmPassword'])
  })

  it('cannot be done by password where there is none', async () => {
    const { browser } = await signedIn(app)
    expect(codeOf(await browser.mutate('account.confirmPassword', { password: anotherPassword() }))).toEqual([
      401,
      'WRONG_CREDENTIALS',
    ])
  })
})

describe('removing a way in', () => {
  const unlink = (browser: TestBrowser, identityId: string) =>
    browser.mutate('account.identities.unlink', { identityId })
  const identityOf = async (userId: string, provider: string) =>
    String((await db.select().from(identities).where(sql`user_id = ${userId} and provider = ${provider}`))[0]?.id)

  it('needs a fresh sign-in, by password or by signing in again', async () => {
    const claims = newPerson()
    const browser = await app.signIn(claims)
    const { id } = (await browser.get('/me')).json()
    const { password } = await givePassword(app, { id, browser })
    await age(id, 11)
    const identityId = await identityOf(id, 'google')
    expect(codeOf(await unlink(browser, identityId))).toEqual([403, 'REAUTHENTICATION_REQUIRED'])
    expect(await providersOf(browser)).toEqual(['google', 'password'])
    const again = await app.signIn(claims)
    expect(await providersOf(again)).toHaveLength(2)
    await browser.mutate('account.confirmPassword', { password })
    expect((await unlink(browser, identityId)).statusCode).toBe(200)
    expect(await providersOf(browser)).toEqual(['password'])
    expect(await mailsTo(app, claims.email)).toEqual(['sign-in-method-removed'])
  })

  it('takes the password with it, and the last one stays', async () => {
    const claims = newPerson()
    const browser = await app.signIn(claims)
    const { id } = (await browser.get('/me')).json()
    const { email, password } = await givePassword(app, { id, browser })
    expect((await unlink(browser, await identityOf(id, 'password'))).statusCode).toBe(200)
    expect(codeOf(await login(email, password))).toEqual([401, 'WRONG_CREDENTIALS'])
    expect(codeOf(await unlink(browser, await identityOf(id, 'google')))).toEqual([409, 'LAST_SIGN_IN_METHOD'])
  })

  it('leaves one that a person can use: the id of a product before is none', async () => {
    const { browser, id } = await signedIn(app)
    await db.insert(identities).values({ userId: id, provider: 'legacy', subject: `old-${id}` })
    expect(codeOf(await unlink(browser, await identityOf(id, 'google')))).toEqual([409, 'LAST_SIGN_IN_METHOD'])
  })
})

describe('choosing a username', () => {
  const choose = (browser: TestBrowser, username: string) => browser.mutate('account.updateProfile', { username })

  it('gives each to one person, in whatever case', async () => {
    const [one, two] = [await signedIn(app), await signedIn(app)]
    const { username } = newAccount()
    expect(data(await choose(one.browser, username))).toMatchObject({ id: one.id, username })
    for (const taken of [username, username.toUpperCase()])
      expect(codeOf(await choose(two.browser, taken))).toEqual([409, 'USERNAME_TAKEN'])
    expect(data(await choose(one.browser, username.toUpperCase())).username).toBe(username.toUpperCase())
    expect(data(await choose(one.browser, newAccount().username)).id).toBe(one.id)
    expect(data(await choose(two.browser, username)).username).toBe(username)
  })

  it('gives one to one of ten who want it at once', async () => {
    const people = await Promise.all(Array.from({ length: 10 }, () => signedIn(app)))
    const { username } = newAccount()
    const answers = await Promise.all(people.map(({ browser }) => choose(browser, username)))
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, ...Array(9).fill(409)])
    expect(await db.$count(users, eq(users.username, username))).toBe(1)
  })

  it.each(['ab', 'x'.repeat(21), 'a b c', 'a-b-c', 'аdmin', 'ad\u200bmin', 'abc\n', '', null, 5, ['abc']])(
    'refuses %j',
    async (username) => {
      const { browser } = await signedIn(app)
      expect(codeOf(await choose(browser, username as string))).toEqual([400, 'VALIDATION_ERROR'])
    },
  )
})
