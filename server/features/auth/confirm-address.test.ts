/** Who may confirm an address, and what becomes of an account whose address is taken back (account pre-hijacking by the confirm link). */
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { identities, oneTimeTokens, sessions, users } from '../../platform/identity/table.ts'
import { mails } from '../../platform/mail/table.ts'
import { keyOf } from '../../test/api-keys.ts'
import { buildTestApp, newPerson } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
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

const meOf = async (browser: TestBrowser) => (await browser.get('/me')).json()
const personRow = async (id: string) => (await db.select().from(users).where(eq(users.id, id)))[0]
const isProven = async (id: string) => (await personRow(id))?.emailVerified
const tokenFor = (email: string) => mailedToken(app, email, 'verify-email')

const post = async (path: string, payload: object, headers = {}) => {
  const answer = await app.browser().send({
    method: 'POST',
    url: `/api/v1/auth/${path}`,
    headers: { 'content-type': 'application/json', ...headers },
    payload: JSON.stringify(payload),
  })
  return [answer.statusCode, answer.body && answer.json().error?.code]
}
const restPaths = { 'auth.verifyEmail': 'verify-email', 'auth.reclaimAddress': 'reclaim-address' } as const

/** Status and code, of a caller who is not signed in. */
const anonymously = {
  tRPC: async (path: keyof typeof restPaths, input: object) => {
    const answer = await app.browser().mutate(path, input)
    return codeOf(answer)
  },
  REST: (path: keyof typeof restPaths, input: object) => post(restPaths[path], input),
}

/** Somebody registers with an address that is not theirs, and gets all that an account gives. */
async function squat() {
  const squatter = await registered(app)
  const { email, password, browser, id } = squatter
  await browser.mutate('account.updateProfile', { displayName: 'Your bank, please call 555' })
  const program = data(await app.browser().mutate('auth.login', { email, password }))
  const key = await keyOf(app, squatter)
  const trojan = newPerson()
  await db.insert(identities).values({ userId: id, provider: 'google', subject: trojan.sub, email: trojan.email })
  return { ...squatter, program, key, trojan }
}

async function expectWorthless({
  email,
  password,
  browser,
  program,
  key,
  trojan,
  id,
}: Awaited<ReturnType<typeof squat>>) {
  for (const path of ['auth.login', 'auth.signIn'])
    expect(codeOf(await app.browser().mutate(path, { email, password }))).toEqual([401, 'WRONG_CREDENTIALS'])
  expect((await browser.get('/me')).json().error.code).toBe('SESSION_ENDED')
  for (const bearer of [program.accessToken, key.key])
    expect((await app.browser({ authorization: `Bearer ${bearer}` }).get('/me')).statusCode).toBe(401)
  const { refreshToken } = program
  expect((await app.browser().mutate('auth.refresh', { refreshToken })).statusCode).toBe(401)
  expect((await meOf(await app.signIn(trojan))).id).not.toBe(id)
}

describe.each(Object.entries(anonymously))('by %s, the link alone', (_, call) => {
  it('confirms nothing: whoever reads the mail need not be who registered', async () => {
    const { email, id } = await squat()
    const token = await tokenFor(email)
    expect(await call('auth.verifyEmail', { token })).toEqual([403, 'ACCOUNT_NOT_PROVEN'])
    expect(await isProven(id)).toBe(false)
  })

  it('leaves whoever registered nothing once the owner takes the address back and signs in with Google', async () => {
    const squatter = await squat()
    const { email, id } = squatter
    const token = await tokenFor(email)
    await call('auth.verifyEmail', { token })
    const [status] = await call('auth.reclaimAddress', { token })
    expect([200, 204]).toContain(status)
    await expectWorthless(squatter)

    const owner = { ...newPerson(), email }
    const me = await meOf(await app.signIn(owner))
    expect(me).toMatchObject({ id, email, emailVerified: true, username: null, displayName: owner.name })
    await expectWorthless(squatter)
    const ways = await db.select().from(identities).where(eq(identities.userId, id))
    expect(ways.map(({ provider, subject }) => [provider, subject])).toEqual([['google', owner.sub]])
    const rows = await db.select().from(sessions).where(eq(sessions.userId, id))
    expect(rows.filter(({ endedAt }) => endedAt === null)).toHaveLength(1)
    const links = await db.select().from(oneTimeTokens).where(eq(oneTimeTokens.userId, id))
    expect(links.filter(({ spentAt }) => spentAt === null)).toEqual([])
  })

  it('leaves whoever registered nothing once the owner, refused without the password, signs in with Google', async () => {
    const squatter = await squat()
    expect(await call('auth.verifyEmail', { token: await tokenFor(squatter.email) })).toEqual([
      403,
      'ACCOUNT_NOT_PROVEN',
    ])
    const me = await meOf(await app.signIn({ ...newPerson(), email: squatter.email }))
    expect(me).toMatchObject({ id: squatter.id, emailVerified: true })
    await expectWorthless(squatter)
  })

  it('confirms with the password, from another device, and keeps all that the account has', async () => {
    const { email, password, id, browser, username } = await registered(app)
    const [status] = await call('auth.verifyEmail', { token: await tokenFor(email), password })
    expect([200, 204]).toContain(status)
    expect(await meOf(browser)).toMatchObject({ id, emailVerified: true, username, displayName: username })
    expect((await app.browser().mutate('auth.login', { email, password })).statusCode).toBe(200)
  })

  it('is not used up by a wrong password', async () => {
    const { email, password, id } = await registered(app)
    const token = await tokenFor(email)
    expect(await call('auth.verifyEmail', { token, password: anotherPassword() })).toEqual([401, 'WRONG_CREDENTIALS'])
    expect(await isProven(id)).toBe(false)
    expect((await call('auth.verifyEmail', { token, password }))[1]).toBeFalsy()
    expect(await isProven(id)).toBe(true)
  })
})

describe('a session', () => {
  it('of the account confirms with one press, by a cookie or a token', async () => {
    const [one, two] = [await registered(app), await registered(app)]
    expect((await one.browser.mutate('auth.verifyEmail', { token: await tokenFor(one.email) })).statusCode).toBe(200)
    const { accessToken } = data(await app.browser().mutate('auth.login', two))
    const authorization = `Bearer ${accessToken}`
    expect(await post('verify-email', { token: await tokenFor(two.email) }, { authorization })).toEqual([204, ''])
    for (const { id, browser } of [one, two]) {
      expect(await isProven(id)).toBe(true)
      expect((await browser.get('/me')).statusCode).toBe(200)
    }
  })

  it('of somebody else, and an API key of the account, confirm nothing', async () => {
    const owner = await registered(app)
    const token = await tokenFor(owner.email)
    const { key } = await keyOf(app, owner)
    const callers = [await app.signIn(), app.browser({ authorization: `Bearer ${key}` })]
    for (const caller of callers)
      expect(codeOf(await caller.mutate('auth.verifyEmail', { token }))).toEqual([403, 'ACCOUNT_NOT_PROVEN'])
    expect(await isProven(owner.id)).toBe(false)
  })
})

describe('guesses at the password of an account by its link', () => {
  it('count as failed sign-ins of the account, and a call without a password does not', async () => {
    const strict = await buildTestApp({ environment: { RATE_LIMIT_SIGN_IN: '3' } })
    const { email, password } = await registered(strict)
    const token = await mailedToken(strict, email, 'verify-email')
    const verify = (input: object) => strict.browser().mutate('auth.verifyEmail', { token, ...input })
    for (let n = 0; n < 5; n++) expect(codeOf(await verify({}))).toEqual([403, 'ACCOUNT_NOT_PROVEN'])
    for (let n = 0; n < 3; n++)
      expect(codeOf(await verify({ password: anotherPassword() }))).toEqual([401, 'WRONG_CREDENTIALS'])
    expect(codeOf(await verify({ password }))).toEqual([429, 'TOO_MANY_ATTEMPTS'])
    expect(codeOf(await strict.browser().mutate('auth.signIn', { email, password }))).toEqual([
      429,
      'TOO_MANY_ATTEMPTS',
    ])
  })
})

describe('taking an address back', () => {
  const reclaim = (token: string) => app.browser().mutate('auth.reclaimAddress', { token })
  const invalid = [422, 'ONE_TIME_TOKEN_INVALID']

  it('has one winner of ten at once, and the link is used up', async () => {
    const { email, password } = await registered(app)
    const token = await tokenFor(email)
    const answers = await Promise.all(Array.from({ length: 10 }, () => reclaim(token)))
    expect(answers.map(codeOf).filter(([status]) => status !== 200)).toEqual(Array(9).fill(invalid))
    expect(codeOf(await app.browser().mutate('auth.verifyEmail', { token, password }))).toEqual(invalid)
  })

  it('of ten calls against ten that confirm at once leaves the account to one side whole', async () => {
    const { email, password, id } = await registered(app)
    const token = await tokenFor(email)
    const calls = Array.from({ length: 10 }, (_, n) =>
      n % 2 ? reclaim(token) : app.browser().mutate('auth.verifyEmail', { token, password }),
    )
    const answers = await Promise.all(calls)
    const won = answers.findIndex(({ statusCode }) => statusCode === 200)
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1)
    const signsIn = (await app.browser().mutate('auth.login', { email, password })).statusCode === 200
    expect(signsIn).toBe(won % 2 === 0)
    expect(await isProven(id)).toBe(true)
  })

  it('takes only the link that confirms an address, and only before somebody has proven it', async () => {
    const { email, id, browser } = await registered(app)
    const token = await tokenFor(email)
    expect(codeOf(await reclaim(await forgotten(app, email)))).toEqual(invalid)
    await db.update(users).set({ emailVerified: true }).where(eq(users.id, id))
    expect(codeOf(await reclaim(token))).toEqual(invalid)
    expect((await browser.get('/me')).statusCode).toBe(200)
  })

  it('leaves the owner the way of a new password by mail, and frees the username', async () => {
    const { email, id, username } = await registered(app)
    await reclaim(await tokenFor(email))
    const other = await app.signIn()
    expect((await other.mutate('account.updateProfile', { username })).statusCode).toBe(200)
    const newPassword = anotherPassword()
    const token = await forgotten(app, email)
    expect((await app.browser().mutate('auth.resetPassword', { token, newPassword })).statusCode).toBe(200)
    const { user } = data(await app.browser().mutate('auth.login', { email, password: newPassword }))
    expect(user).toMatchObject({ id, username: null, displayName: email.split('@')[0], emailVerified: true })
  })
})

describe('what a link says of its account', () => {
  const find = (browser: TestBrowser, token: string) => browser.mutate('auth.findVerification', { token })

  it('is whose it is and what confirming takes, and asking does not use it up', async () => {
    const { email, username, browser, id, password } = await registered(app)
    const token = await tokenFor(email)
    const about = { email, username, displayName: username }
    expect(data(await find(app.browser(), token))).toEqual({ ...about, needs: 'password' })
    expect(data(await find(await app.signIn(), token))).toEqual({ ...about, needs: 'password' })
    expect(data(await find(browser, token))).toEqual({ ...about, needs: 'nothing' })
    expect(await isProven(id)).toBe(false)
    await app.browser().mutate('auth.verifyEmail', { token, password })
    expect(codeOf(await find(browser, token))).toEqual([422, 'ONE_TIME_TOKEN_INVALID'])
  })

  it('is that only a session will do, where the account has no password', async () => {
    const claims = { ...newPerson(), email: newAccount().email, email_verified: false }
    const browser = await app.signIn(claims)
    await app.browser().mutate('auth.resendVerification', { email: claims.email })
    const token = await tokenFor(claims.email)
    expect(data(await find(app.browser(), token))).toMatchObject({ needs: 'sign-in' })
    const guess = { token, password: anotherPassword() }
    expect(codeOf(await app.browser().mutate('auth.verifyEmail', guess))).toEqual([401, 'WRONG_CREDENTIALS'])
    expect((await browser.mutate('auth.verifyEmail', { token })).statusCode).toBe(200)
  })
})

it('a mail to an address that nobody has proven holds no words of whoever registered but the username', async () => {
  const { email, username, browser } = await registered(app)
  await browser.mutate('account.updateProfile', { displayName: 'Your bank, please call 555' })
  await app.browser().mutate('auth.resendVerification', { email })
  expect(await mailsTo(app, email)).toEqual(['verify-email', 'verify-email'])
  const queued = JSON.stringify(await db.select().from(mails).where(eq(mails.recipient, email)))
  expect(queued).toContain(username)
  expect(queued).not.toContain('Your bank')
})
