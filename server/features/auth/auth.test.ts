import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { identities, passwords, sessions, users } from '../../platform/identity/table.ts'
import { buildTestApp } from '../../test/app.ts'
import {
  anotherPassword,
  codeOf,
  data,
  forgotten,
  mailedToken,
  mailsTo,
  newAccount,
  registered,
} from '../../test/passwords.ts'

const app = await buildTestApp()
const { db } = app.database

const call = (path: string, input: unknown, headers = {}) => app.browser(headers).mutate(path, input)
const login = (email: string, password: string) => call('auth.login', { email, password })
const personRow = async (id: string) => (await db.select().from(users).where(eq(users.id, id)))[0]

describe('registering', () => {
  it('gives a program both tokens, and the person without anything secret', async () => {
    const account = newAccount()
    const answer = await call('auth.register', account)
    expect(answer.statusCode, answer.body).toBe(200)
    expect(data(answer)).toEqual({
      user: expect.objectContaining({
        username: account.username,
        email: account.email,
        emailVerified: false,
        role: 'user',
      }),
      accessToken: expect.any(String),
      refreshToken: expect.any(String),
    })
    expect(answer.body).not.toMatch(/argon|hash/i)
    expect(answer.cookies).toEqual([])
  })

  it('signs a browser in by a cookie', async () => {
    const { browser, id } = await registered(app)
    expect((await browser.get('/me')).json()).toMatchObject({ id })
    expect(browser.sessionToken).toBeDefined()
  })

  it('mails a link that proves the address, once', async () => {
    const { email, id, browser } = await registered(app)
    expect(await mailsTo(app, email)).toEqual(['verify-email'])
    const token = await mailedToken(app, email, 'verify-email')
    expect((await browser.mutate('auth.verifyEmail', { token })).statusCode).toBe(200)
    expect(await personRow(id)).toMatchObject({ emailVerified: true })
    expect(codeOf(await browser.mutate('auth.verifyEmail', { token }))).toEqual([422, 'ONE_TIME_TOKEN_INVALID'])
  })

  it('does not give an address or a username twice, in whatever case', async () => {
    const first = await registered(app)
    const sameEmail = { ...newAccount(), email: first.email.toUpperCase() }
    const sameName = { ...newAccount(), username: first.username.toUpperCase() }
    for (const path of ['auth.register', 'auth.signUp']) {
      expect(codeOf(await call(path, sameEmail))).toEqual([409, 'EMAIL_ALREADY_EXISTS'])
      expect(codeOf(await call(path, sameName))).toEqual([409, 'USERNAME_TAKEN'])
    }
    expect(await db.$count(users, eq(users.email, sameName.email))).toBe(0)
  })

  it('has one winner of ten at once', async () => {
    const account = newAccount()
    const answers = await Promise.all(Array.from({ length: 10 }, () => call('auth.register', account)))
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, ...Array(9).fill(409)])
  })
})

describe('signing in', () => {
  it('takes the address in any case, and moves when they last did', async () => {
    const { email, password, id } = await registered(app)
    const before = await personRow(id)
    const answer = await login(` ${email.toUpperCase()} `, password)
    expect(data(answer)).toMatchObject({
      user: { id },
      accessToken: expect.any(String),
      refreshToken: expect.any(String),
    })
    expect((await personRow(id))?.lastLoginAt?.getTime()).toBeGreaterThanOrEqual(
      before?.lastLoginAt?.getTime() as number,
    )
  })

  it('is counted, in and refused, by each way', async () => {
    const counts = async (method = 'password') => {
      const { values } = await app.inside.metrics.signIns.get()
      const ofMethod = values.filter(({ labels }) => labels.method === method)
      return ['accepted', 'refused'].map((is) => ofMethod.find(({ labels }) => labels.outcome === is)?.value ?? 0)
    }
    await app.signIn()
    const browser = app.browser()
    await app.finishSignIn(browser, await app.beginSignIn(browser), { nonce: 'wrong' })
    expect(await counts('google')).toEqual([1, 1])
    const { email, password } = await registered(app)
    const [accepted, refused] = (await counts()) as [number, number]
    await login(email, password)
    await login(email, anotherPassword())
    await login(newAccount().email, password)
    expect(await counts()).toEqual([accepted + 1, refused + 2])
  })

  it('gives a browser a new session in place of the one that it had', async () => {
    const { browser, email, password, id } = await registered(app)
    const before = browser.sessionToken
    expect((await browser.mutate('auth.signIn', { email, password })).statusCode).toBe(200)
    expect(browser.sessionToken).not.toBe(before)
    expect((await browser.get('/me')).json()).toMatchObject({ id })
    const rows = await db.select().from(sessions).where(eq(sessions.userId, id)).orderBy(sessions.id)
    expect(rows.map(({ endReason }) => endReason)).toEqual(['replaced', null])
  })
})

describe('a forgotten password', () => {
  it('is set anew by a mail, which ends every session', async () => {
    const { browser, email, password } = await registered(app)
    const token = await forgotten(app, email)
    const newPassword = anotherPassword()
    expect((await call('auth.resetPassword', { token, newPassword })).statusCode).toBe(200)
    expect((await browser.get('/me')).json().error.code).toBe('SESSION_ENDED')
    expect(codeOf(await login(email, password))).toEqual([401, 'WRONG_CREDENTIALS'])
    expect((await login(email, newPassword)).statusCode).toBe(200)
    expect(await mailsTo(app, email)).toEqual(['verify-email', 'reset-password', 'password-changed'])
  })
})

describe('a known password', () => {
  it('is changed by who knows it, and every other session ends', async () => {
    const { browser, email, password } = await registered(app)
    const other = app.browser()
    await other.mutate('auth.signIn', { email, password })
    const newPassword = anotherPassword()
    const answer = await browser.mutate('account.changePassword', { currentPassword: password, newPassword })
    expect(data(answer), answer.body).toEqual({ ended: 1 })
    expect((await browser.get('/me')).statusCode).toBe(200)
    expect((await other.get('/me')).statusCode).toBe(401)
    expect((await login(email, newPassword)).statusCode).toBe(200)
  })

  it('makes a session fresh again', async () => {
    const { browser, password, id } = await registered(app)
    await db
      .update(sessions)
      .set({ authenticatedAt: new Date(0) })
      .where(eq(sessions.userId, id))
    expect((await browser.mutate('account.confirmPassword', { password })).statusCode).toBe(200)
    const [row] = await db.select().from(sessions).where(eq(sessions.userId, id))
    expect(row?.authenticatedAt.getTime()).toBeGreaterThan(Date.now() - 60_000)
  })

  it('is stored as argon2id alone', async () => {
    const { id } = await registered(app)
    const [row] = await db
      .select({ hash: passwords.hash })
      .from(passwords)
      .innerJoin(identities, eq(identities.id, passwords.identityId))
      .where(eq(identities.userId, id))
    expect(row?.hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  })
})
