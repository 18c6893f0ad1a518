import { eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { newId } from '../../platform/db/columns.ts'
import { issueOneTimeToken, oneTimeToken } from '../../platform/identity/one-time-tokens.ts'
import { defaultIdentityTimes } from '../../platform/identity/plugin.ts'
import { identities, oneTimeTokens, sessions, users } from '../../platform/identity/table.ts'
import { buildTestApp, newPerson } from '../../test/app.ts'
import { lastMailTo } from '../../test/mails.ts'
import {
  anotherPassword,
  codeOf,
  forgotten,
  mailedToken,
  mailsTo,
  newAccount,
  registered,
} from '../../test/passwords.ts'

const app = await buildTestApp()
const { db } = app.database
const { config } = app.inside

const call = (path: string, input: unknown) => app.browser().mutate(path, input)
const login = (email: string, password: string) => call('auth.login', { email, password })
const reset = (token: string, newPassword = anotherPassword()) => call('auth.resetPassword', { token, newPassword })
const invalid = [422, 'ONE_TIME_TOKEN_INVALID']

describe('asking for a link', () => {
  it.each(['auth.forgotPassword', 'auth.resendVerification'])(
    'by %s is answered alike for any address',
    async (path) => {
      const known = await registered(app)
      const disabled = await registered(app)
      await db.update(users).set({ isActive: false }).where(eq(users.id, disabled.id))
      const google = newPerson()
      await app.signIn(google)
      const addresses = [known.email, disabled.email, google.email, newAccount().email]
      const answers = await Promise.all(addresses.map((email) => call(path, { email })))
      for (const { statusCode, body } of answers) expect([statusCode, body]).toEqual([200, answers[0]?.body])
      const mailed = path === 'auth.forgotPassword' ? 'reset-password' : 'verify-email'
      expect(await mailsTo(app, known.email)).toEqual(['verify-email', mailed])
      expect(await mailsTo(app, disabled.email)).toEqual(['verify-email'])
      expect(await mailsTo(app, google.email)).toEqual(mailed === 'reset-password' ? [mailed] : [])
      expect(await mailsTo(app, addresses[3] as string)).toEqual([])
    },
  )

  it('takes so long for any address that the work of mailing is not seen', async () => {
    const unhurried = await buildTestApp({ times: { identity: { unseenMs: defaultIdentityTimes.unseenMs } } })
    expect(defaultIdentityTimes.unseenMs).toBeGreaterThanOrEqual(300)
    const { email } = await registered(unhurried)
    for (const path of ['auth.forgotPassword', 'auth.resendVerification']) {
      const asks = [email, newAccount().email].map(async (address) => {
        const began = performance.now()
        expect((await unhurried.browser().mutate(path, { email: address })).statusCode).toBe(200)
        return performance.now() - began
      })
      // A timer may fire within the millisecond before it is due.
      for (const tookMs of await Promise.all(asks)) expect(tookMs).toBeGreaterThan(299)
    }
  })

  it('is bounded for each address, whether or not somebody has it', async () => {
    const strict = await buildTestApp({ environment: { RATE_LIMIT_SIGN_IN: '3' } })
    const { email } = await registered(strict)
    for (const address of [email, newAccount().email]) {
      const asks = await Promise.all(
        Array.from({ length: 5 }, () => strict.browser().mutate('auth.forgotPassword', { email: address })),
      )
      // Registering sent one.
      const sent = address === email ? 2 : 3
      expect(asks.filter(({ statusCode }) => statusCode === 200)).toHaveLength(sent)
      expect(asks.filter(({ statusCode }) => statusCode === 429)).toHaveLength(5 - sent)
    }
  })

  it('makes the link of before worth nothing', async () => {
    const { email } = await registered(app)
    const [first, second] = [await forgotten(app, email), await forgotten(app, email)]
    expect(codeOf(await reset(first))).toEqual(invalid)
    expect((await reset(second)).statusCode).toBe(200)
  })
})

describe('a reset link', () => {
  it('is good once', async () => {
    const token = await forgotten(app, (await registered(app)).email)
    expect((await reset(token)).statusCode).toBe(200)
    expect(codeOf(await reset(token))).toEqual(invalid)
  })

  it('is good once of ten at once, and the password is that of the one', async () => {
    const { email } = await registered(app)
    const token = await forgotten(app, email)
    const chosen = Array.from({ length: 10 }, anotherPassword)
    const answers = await Promise.all(chosen.map((password) => reset(token, password)))
    const won = answers.findIndex(({ statusCode }) => statusCode === 200)
    expect(answers.map(codeOf).filter(([status]) => status !== 200)).toEqual(Array(9).fill(invalid))
    expect((await login(email, chosen[won] as string)).statusCode).toBe(200)
  })

  it('is over after half an hour', async () => {
    const { email } = await registered(app)
    const token = await forgotten(app, email)
    const [row] = await db
      .select()
      .from(oneTimeTokens)
      .where(eq(oneTimeTokens.id, token.slice(0, 36)))
    expect(row?.expiresAt.getTime()).toBeCloseTo((row?.createdAt.getTime() ?? 0) + 30 * 60_000, -2)
    await db
      .update(oneTimeTokens)
      .set({ expiresAt: sql`now()` })
      .where(eq(oneTimeTokens.id, token.slice(0, 36)))
    expect(codeOf(await reset(token))).toEqual(invalid)
  })

  it('is nothing but a link for a password, and no other link is one', async () => {
    const { email, id } = await registered(app)
    const verify = await mailedToken(app, email, 'verify-email')
    const token = await forgotten(app, email)
    const signIn = oneTimeToken(
      config,
      await issueOneTimeToken(db, { userId: id, purpose: 'sign-in', email }),
      'sign-in',
    )
    expect(codeOf(await reset(verify))).toEqual(invalid)
    expect(codeOf(await reset(signIn))).toEqual(invalid)
    expect(codeOf(await call('auth.verifyEmail', { token }))).toEqual(invalid)
    // A row of another purpose under a MAC that a holder of the table cannot make.
    expect(codeOf(await reset(oneTimeToken(config, verify.slice(0, 36), 'reset-password')))).toEqual(invalid)
  })

  it.each([
    ['another person’s id', (token: string, other: string) => other.slice(0, 37) + token.slice(37)],
    ['an id that nobody has', (token: string) => `${newId()}${token.slice(36)}`],
    [
      'a flipped bit',
      (token: string) => token.slice(0, -2) + (token.endsWith('A', token.length - 1) ? 'B' : 'A') + token.slice(-1),
    ],
    ['a cut end', (token: string) => token.slice(0, -1)],
    ['blanks around', (token: string) => ` ${token} `],
    ['upper case', (token: string) => token.toUpperCase()],
    ['the id alone', (token: string) => token.slice(0, 36)],
    ['512 signs', () => 'x'.repeat(512)],
    ['a NUL', (token: string) => `${token}\0`],
    ['somebody’s SQL', () => "' or 1=1 --"],
  ])('with %s is none', async (_, bend) => {
    const [one, two] = [await registered(app), await registered(app)]
    const [token, other] = [await forgotten(app, one.email), await forgotten(app, two.email)]
    expect(codeOf(await reset(bend(token, other)))).toEqual(invalid)
    expect((await login(one.email, one.password)).statusCode).toBe(200)
    expect((await reset(token)).statusCode).toBe(200)
  })

  it('is not spent by a weak password', async () => {
    const { email, username } = await registered(app)
    const token = await forgotten(app, email)
    for (const weak of ['short', 'Password1!', `My-${username}-9`, `${'x'.repeat(126)}A-9`, 'no-capital-9']) {
      const answer = await reset(token, weak)
      expect(codeOf(answer)).toEqual([400, 'VALIDATION_ERROR'])
      expect(answer.json().error.data.details[0].field).toBe('newPassword')
    }
    expect((await reset(token)).statusCode).toBe(200)
  })

  it('is not spent by looking at it, as scanners of mails do', async () => {
    const { email } = await registered(app)
    const token = await forgotten(app, email)
    const before = await db.select().from(oneTimeTokens)
    for (const path of ['auth.resetPassword', 'auth.verifyEmail', 'auth.reclaimAddress', 'auth.findVerification']) {
      const query = `?input=${encodeURIComponent(JSON.stringify({ token, newPassword: anotherPassword() }))}`
      expect((await app.browser().get(`/trpc/${path}${query}`)).statusCode).toBe(405)
    }
    expect(await db.select().from(oneTimeTokens)).toEqual(before)
    expect((await reset(token)).statusCode).toBe(200)
  })

  it('is worth nothing once the account has another address, or is disabled', async () => {
    const [moved, disabled] = [await registered(app), await registered(app)]
    const tokens = [await forgotten(app, moved.email), await forgotten(app, disabled.email)]
    await db.update(users).set({ email: newAccount().email }).where(eq(users.id, moved.id))
    await db.update(users).set({ isActive: false }).where(eq(users.id, disabled.id))
    for (const token of tokens) expect(codeOf(await reset(token))).toEqual(invalid)
  })

  it.each([
    ['proven', true],
    ['not proven', false],
  ])('ends every session and every other link where the address was %s, and proves it', async (_, emailVerified) => {
    const { email, id, browser, password } = await registered(app)
    await db.update(users).set({ emailVerified }).where(eq(users.id, id))
    const other = app.browser()
    await other.mutate('auth.signIn', { email, password })
    const program = (await login(email, password)).json().result.data
    const verify = await mailedToken(app, email, 'verify-email')
    await issueOneTimeToken(db, { userId: id, purpose: 'sign-in' })
    expect((await reset(await forgotten(app, email))).statusCode).toBe(200)
    for (const one of [browser, other]) expect((await one.get('/me')).json().error.code).toBe('SESSION_ENDED')
    expect((await app.browser({ authorization: `Bearer ${program.accessToken}` }).get('/me')).statusCode).toBe(401)
    const { refreshToken } = program
    expect((await app.browser().mutate('auth.refresh', { refreshToken })).statusCode).toBe(401)
    const rows = await db.select().from(sessions).where(eq(sessions.userId, id))
    expect(rows.map(({ endReason }) => endReason)).toEqual(Array(3).fill('account-changed'))
    expect(codeOf(await call('auth.verifyEmail', { token: verify }))).toEqual(invalid)
    const links = await db.select().from(oneTimeTokens).where(eq(oneTimeTokens.userId, id))
    expect(links.filter(({ spentAt }) => spentAt === null)).toEqual([])
    expect(links).toHaveLength(3)
    const [user] = await db.select().from(users).where(eq(users.id, id))
    expect(user?.emailVerified).toBe(true)
  })

  it('gives a password to who has signed in by Google until now, and leaves Google to them', async () => {
    const claims = newPerson()
    const browser = await app.signIn(claims)
    const { id } = (await browser.get('/me')).json()
    const password = anotherPassword()
    expect((await reset(await forgotten(app, claims.email), password)).statusCode).toBe(200)
    expect((await login(claims.email, password)).json().result.data.user.id).toBe(id)
    expect((await (await app.signIn(claims)).get('/me')).json().id).toBe(id)
    expect(await db.$count(identities, eq(identities.userId, id))).toBe(2)
    expect(await mailsTo(app, claims.email)).toEqual(['reset-password', 'password-changed'])
  })
})

describe('the mail that reports a new password', () => {
  const changes: [by: string, change: (user: Awaited<ReturnType<typeof registered>>) => Promise<unknown>][] = [
    ['by a link', async ({ email }) => reset(await forgotten(app, email))],
    [
      'on the account page',
      ({ browser, password: currentPassword }) =>
        browser.mutate('account.changePassword', { currentPassword, newPassword: anotherPassword() }),
    ],
  ]

  it.each(changes)(
    '%s lists the sign-in methods that remain, with a link to the page that removes them',
    async (_, change) => {
      const user = await registered(app)
      const token = await mailedToken(app, user.email, 'verify-email')
      expect((await user.browser.mutate('auth.verifyEmail', { token })).statusCode).toBe(200)
      await db.insert(identities).values([
        {
          userId: user.id,
          provider: 'google',
          subject: newPerson().sub,
          email: 'intruder@evil.example',
          createdAt: new Date('2026-10-12T08:05:00Z'),
        },
        { userId: user.id, provider: 'clerk', subject: newPerson().sub, createdAt: new Date('2026-11-01T09:00:00Z') },
      ])
      await change(user)
      const mail = await lastMailTo(app, user.email)
      expect(mail.subject).toBe('Your password was changed')
      expect(mail.link).toBe(`${app.publicUrl}/account/sign-in-methods`)
      expect(mail.text).toContain(
        'by this too: Google, added on 12 October 2026 at 08:05 (UTC); Clerk, added on 1 November 2026 at 09:00 (UTC).',
      )
      expect(mail.text).not.toContain('evil')
    },
  )

  it('names no other sign-in method where there is none', async () => {
    const { email } = await registered(app)
    await reset(await forgotten(app, email))
    const mail = await lastMailTo(app, email)
    expect([mail.link, mail.text.includes('by this too')]).toEqual([`${app.publicUrl}/account`, false])
  })
})

describe('a link that proves an address', () => {
  it('is good for a day, and for the address that it was sent to', async () => {
    const { email, id, browser } = await registered(app)
    const token = await mailedToken(app, email, 'verify-email')
    const [row] = await db
      .select()
      .from(oneTimeTokens)
      .where(eq(oneTimeTokens.id, token.slice(0, 36)))
    expect(row?.expiresAt.getTime()).toBeCloseTo((row?.createdAt.getTime() ?? 0) + 24 * 3_600_000, -2)
    await db.update(users).set({ email: newAccount().email }).where(eq(users.id, id))
    expect(codeOf(await browser.mutate('auth.verifyEmail', { token }))).toEqual(invalid)
    await db.update(users).set({ email }).where(eq(users.id, id))
    expect((await browser.mutate('auth.verifyEmail', { token })).statusCode).toBe(200)
  })

  it('is sent again to who has not proven it, and the one of before is worth nothing', async () => {
    const { email, browser } = await registered(app)
    const first = await mailedToken(app, email, 'verify-email')
    await call('auth.resendVerification', { email })
    expect(codeOf(await browser.mutate('auth.verifyEmail', { token: first }))).toEqual(invalid)
    const token = await mailedToken(app, email, 'verify-email')
    const answers = await Promise.all(Array.from({ length: 10 }, () => browser.mutate('auth.verifyEmail', { token })))
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1)
    await call('auth.resendVerification', { email })
    expect(await mailsTo(app, email)).toEqual(['verify-email', 'verify-email'])
  })
})
