/**
 * Account pre-hijacking (Sudhodanan and Paverd, USENIX Security 2022): whoever made an account with an address before its owner
 * came has nothing of it afterwards, by whichever way the owner proves the address. The fourth of the five attacks, a change of
 * address that waits to be confirmed, needs such a change, and there is none here.
 */
import { and, eq } from 'drizzle-orm'
import { beforeEach, describe, expect, it } from 'vitest'
import { hasNoNames } from '../../../shared/account.ts'
import { issueOneTimeToken, oneTimeToken } from '../../platform/identity/one-time-tokens.ts'
import { identities, sessions, users } from '../../platform/identity/table.ts'
import { mails } from '../../platform/mail/table.ts'
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
const { config } = app.inside

const call = (path: string, input: unknown, headers = {}) => app.browser(headers).mutate(path, input)
const meOf = async (browser: TestBrowser) => (await browser.get('/me')).json()

/** How the owner of an address comes to the account that somebody made with it. */
const ways = {
  'signing in by Google': async (email: string) => {
    const owner = await app.signIn({ ...newPerson(), email })
    return { id: (await meOf(owner)).id, ways: ['google'], enter: async () => owner }
  },
  'a new password by mail': async (email: string) => {
    const newPassword = anotherPassword()
    const answer = await call('auth.resetPassword', { token: await forgotten(app, email), newPassword })
    expect(answer.statusCode, answer.body).toBe(200)
    const owner = app.browser()
    await owner.mutate('auth.signIn', { email, password: newPassword })
    return { id: (await meOf(owner)).id, ways: ['password'], enter: async () => owner }
  },
  'the link that confirms the address, taking it back': async (email: string) => {
    const answer = await call('auth.reclaimAddress', { token: await mailedToken(app, email, 'verify-email') })
    expect(answer.statusCode, answer.body).toBe(200)
    const owner = await app.signIn({ ...newPerson(), email })
    return { id: (await meOf(owner)).id, ways: ['google'], enter: async () => owner }
  },
}

describe.each(Object.entries(ways))('when the owner comes by %s', (_, come) => {
  let squatter: Awaited<ReturnType<typeof registered>>
  beforeEach(async () => {
    squatter = await registered(app)
  })

  it('the password of before opens nothing (classic-federated merge)', async () => {
    const { email, password, id } = squatter
    const owner = await come(email)
    expect(owner.id).toBe(id)
    for (const path of ['auth.login', 'auth.signIn'])
      expect(codeOf(await call(path, { email, password }))).toEqual([401, 'WRONG_CREDENTIALS'])
    const rows = await db.select().from(identities).where(eq(identities.userId, id))
    expect(rows.map(({ provider }) => provider)).toEqual(owner.ways)
    expect((await db.select().from(users).where(eq(users.id, id)))[0]).toMatchObject({ email, emailVerified: true })
  })

  it('no session of before lives on, of a browser or a program (unexpired session)', async () => {
    const { email, password, browser, id } = squatter
    const program = data(await call('auth.login', { email, password }))
    await come(email)
    expect((await browser.get('/me')).json().error.code).toBe('SESSION_ENDED')
    expect((await app.browser({ authorization: `Bearer ${program.accessToken}` }).get('/me')).statusCode).toBe(401)
    const rows = await db.select().from(sessions).where(eq(sessions.userId, id)).orderBy(sessions.id)
    expect(rows.map(({ endReason }) => endReason)).toEqual(['account-changed', 'account-changed', null])
  })

  it('no way in that was added before leads there (trojan identifier)', async () => {
    const { email, id } = squatter
    const trojan = newPerson()
    await db.insert(identities).values({ userId: id, provider: 'google', subject: trojan.sub, email: trojan.email })
    expect((await meOf(await app.signIn(trojan))).id).toBe(id)
    await come(email)
    const back = await meOf(await app.signIn(trojan))
    expect(back.id).not.toBe(id)
    expect(back).toMatchObject({ email: trojan.email })
  })

  it('no name and no picture of before is shown as the owner’s', async () => {
    const { email, id, username, browser } = squatter
    await browser.mutate('account.updateProfile', { displayName: 'Your bank' })
    await db.update(users).set({ avatarUrl: 'https://pictures.example/squatter.png' }).where(eq(users.id, id))
    await squatter.browser.mutate('account.updateProfile', {
      timezone: 'Asia/Tokyo',
      privacySettings: { profile: 'everyone' },
      notificationPreferences: { weekly_reminder: { byMail: false } },
    })
    await come(email)
    const [owner] = await db.select().from(users).where(eq(users.id, id))
    expect(owner).toMatchObject({
      username: null,
      avatarUrl: null,
      timezone: 'UTC',
      privacySettings: { profile: 'friends', scores: 'group' },
      notificationPreferences: {},
    })
    expect(['Your bank', username]).not.toContain(owner?.displayName)
    expect((await app.signIn().then((other) => other.mutate('account.updateProfile', { username }))).statusCode).toBe(
      200,
    )
  })

  it('no link or code of before is worth anything', async () => {
    const { email, id } = squatter
    const verify = await mailedToken(app, email, 'verify-email')
    const code = await issueOneTimeToken(db, { userId: id, purpose: 'sign-in', email })
    await come(email)
    expect(codeOf(await call('auth.verifyEmail', { token: verify }))).toEqual([422, 'ONE_TIME_TOKEN_INVALID'])
    const handedOver = oneTimeToken(config, code, 'sign-in')
    expect(codeOf(await call('auth.resetPassword', { token: handedOver, newPassword: anotherPassword() }))).toEqual([
      422,
      'ONE_TIME_TOKEN_INVALID',
    ])
  })
})

it('a new password by mail leaves no name of before in the account or in a mail, until the owner chooses names', async () => {
  const squatter = await registered(app)
  const { email, username } = squatter
  await squatter.browser.mutate('account.updateProfile', { displayName: 'Your bank' })
  const newPassword = anotherPassword()
  await call('auth.resetPassword', { token: await forgotten(app, email), newPassword })
  const sent = await db
    .select()
    .from(mails)
    .where(and(eq(mails.recipient, email), eq(mails.template, 'password-changed')))
  expect(sent.map(({ values }) => values)).toEqual([{ name: email.split('@')[0] }])
  const owner = app.browser()
  const { user } = data(await owner.mutate('auth.signIn', { email, password: newPassword }))
  expect(hasNoNames(user)).toBe(true)
  expect((await owner.mutate('account.updateProfile', { username })).statusCode).toBe(200)
  expect(hasNoNames(await meOf(owner))).toBe(false)
})

describe('a provider that does not verify addresses (non-verifying provider)', () => {
  const claims = (email: string) => ({ ...newPerson(), email, email_verified: false })

  it('leads nobody into an account with a password', async () => {
    const owner = await registered(app)
    const stranger = await meOf(await app.signIn(claims(owner.email)))
    expect(stranger).toMatchObject({ email: null })
    expect(stranger.id).not.toBe(owner.id)
    expect((await call('auth.login', owner)).statusCode).toBe(200)
    expect(await mailsTo(app, owner.email)).toEqual(['verify-email'])
  })

  it('does not keep the address from its owner, who sets a password by mail', async () => {
    const { email } = newAccount()
    const squatter = await app.signIn(claims(email))
    expect(codeOf(await call('auth.signUp', { ...newAccount(), email }))).toEqual([409, 'EMAIL_ALREADY_EXISTS'])
    const newPassword = anotherPassword()
    await call('auth.resetPassword', { token: await forgotten(app, email), newPassword })
    expect((await squatter.get('/me')).json().error.code).toBe('SESSION_ENDED')
    expect((await call('auth.login', { email, password: newPassword })).statusCode).toBe(200)
  })
})

describe('a person whose address is proven', () => {
  async function verified() {
    const person = await registered(app)
    const token = await mailedToken(app, person.email, 'verify-email')
    expect((await person.browser.mutate('auth.verifyEmail', { token })).statusCode).toBe(200)
    return person
  }

  it('keeps password and sessions when Google is added, and is told', async () => {
    const { email, password, browser, id } = await verified()
    expect((await meOf(await app.signIn({ ...newPerson(), email: email.toUpperCase() }))).id).toBe(id)
    expect((await meOf(browser)).id).toBe(id)
    expect((await call('auth.login', { email, password })).statusCode).toBe(200)
    expect(await mailsTo(app, email)).toEqual(['verify-email', 'sign-in-method-added'])
  })

  it('is not told again when they sign in by it', async () => {
    const { email } = await verified()
    const claims = { ...newPerson(), email }
    for (let n = 0; n < 3; n++) await app.signIn(claims)
    expect(await mailsTo(app, email)).toEqual(['verify-email', 'sign-in-method-added'])
  })
})
