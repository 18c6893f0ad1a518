/** AUTH_HIDE_EXISTENCE: whoever registers is answered alike, and nothing that comes after tells whether the address was known. */
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { identities, oneTimeTokens, sessions, users } from '../../platform/identity/table.ts'
import { buildTestApp, newPerson } from '../../test/app.ts'
import { anotherPassword, codeOf, data, forgotten, mailedToken, mailsTo, newAccount } from '../../test/passwords.ts'

const app = await buildTestApp({ environment: { AUTH_HIDE_EXISTENCE: 'true' } })
const { db } = app.database

const call = (path: string, input: unknown) => app.browser().mutate(path, input)
const login = ({ email, password }: { email: string; password: string }) => call('auth.login', { email, password })
const personWith = async (email: string) => (await db.select().from(users).where(eq(users.email, email)))[0]
const verify = async ({ email, password }: { email: string; password: string }) =>
  call('auth.verifyEmail', { token: await mailedToken(app, email, 'verify-email'), password })

async function proven() {
  const account = newAccount()
  await call('auth.register', account)
  expect((await verify(account)).statusCode).toBe(200)
  return account
}

describe.each(['auth.register', 'auth.signUp'])('%s', (path) => {
  it('answers a new address, a known one and a known username alike, and mails', async () => {
    const known = await proven()
    const google = newPerson()
    await app.signIn(google)
    const fresh = newAccount()
    const inputs = [
      fresh,
      { ...newAccount(), email: known.email },
      { ...newAccount(), email: google.email },
      { ...newAccount(), username: known.username },
    ]
    const people = await db.$count(users)
    const answers = await Promise.all(inputs.map((input) => call(path, input)))
    for (const { statusCode, body, cookies } of answers)
      expect([statusCode, body, cookies]).toEqual([200, answers[0]?.body, []])
    expect(data(answers[0] as (typeof answers)[0])).toMatchObject({ user: null, accessToken: null })
    expect(await db.$count(users)).toBe(people + 2)
    expect(await mailsTo(app, fresh.email)).toEqual(['verify-email'])
    expect(await mailsTo(app, known.email)).toEqual(['verify-email', 'already-registered'])
    expect(await mailsTo(app, google.email)).toEqual(['already-registered'])
  })
})

it('registering takes so long that the work of making an account is not seen', async () => {
  const unhurried = await buildTestApp({
    environment: { AUTH_HIDE_EXISTENCE: 'true' },
    times: { identity: { unseenMs: 300 } },
  })
  const account = newAccount()
  for (let n = 0; n < 2; n++) {
    const began = performance.now()
    expect((await unhurried.browser().mutate('auth.register', account)).statusCode).toBe(200)
    expect(performance.now() - began).toBeGreaterThan(299)
  }
})

it('an account can do nothing until its address is proven, and looks like none', async () => {
  const account = newAccount()
  await call('auth.signUp', account)
  const id = String((await personWith(account.email))?.id)
  expect(await db.$count(sessions, eq(sessions.userId, id))).toBe(0)
  const [unproven, unknown] = [await login(account), await login(newAccount())]
  expect(codeOf(unproven)).toEqual([401, 'WRONG_CREDENTIALS'])
  expect(codeOf(unproven)).toEqual(codeOf(unknown))
  expect((await verify(account)).statusCode).toBe(200)
  expect(data(await login(account))).toMatchObject({ user: { id, username: account.username, emailVerified: true } })
})

it('registering again does not change the account that waits, nor make a second', async () => {
  const account = newAccount()
  await call('auth.register', account)
  const second = { ...newAccount(), email: account.email }
  await call('auth.register', second)
  await verify(account)
  expect((await login(account)).statusCode).toBe(200)
  expect(codeOf(await login(second))).toEqual([401, 'WRONG_CREDENTIALS'])
})

it('ten registrations of one address at once are answered alike, and one account waits', async () => {
  const accounts = Array.from({ length: 10 }, () => ({ ...newAccount(), email: 'ten@example.org' }))
  const answers = await Promise.all(accounts.map((account) => call('auth.register', account)))
  expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(10).fill(200))
  expect(await db.$count(identities, eq(identities.email, 'ten@example.org'))).toBe(1)
})

describe('a username', () => {
  it('is nobody’s until the address is proven: asked for elsewhere, it does not tell that somebody waits', async () => {
    const waiting = newAccount()
    await call('auth.register', waiting)
    const owner = await app.signIn()
    expect((await owner.mutate('account.updateProfile', { username: waiting.username })).statusCode).toBe(200)
    await verify(waiting)
    expect(data(await login(waiting)).user).toMatchObject({ username: null, displayName: waiting.username })
  })

  it('goes to who proves an address first', async () => {
    const [first, second] = [newAccount(), newAccount()]
    second.username = first.username.toUpperCase()
    for (const account of [first, second]) await call('auth.register', account)
    const answers = await Promise.all([verify(first), verify(second)])
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200])
    const names = [await personWith(first.email), await personWith(second.email)].map((person) => person?.username)
    expect(names.filter((name) => name === null)).toHaveLength(1)
  })

  it('is chosen anew by whoever proves the address by a new password: a stranger may have registered with it', async () => {
    const account = newAccount()
    await call('auth.register', account)
    const newPassword = anotherPassword()
    await call('auth.resetPassword', { token: await forgotten(app, account.email), newPassword })
    const { user } = data(await login({ ...account, password: newPassword }))
    expect(user).toMatchObject({ username: null, displayName: account.email.split('@')[0] })
    const owner = await app.signIn()
    expect((await owner.mutate('account.updateProfile', { username: account.username })).statusCode).toBe(200)
  })
})

it('nobody is mailed who is disabled', async () => {
  const account = await proven()
  await db.update(users).set({ isActive: false }).where(eq(users.email, account.email))
  await call('auth.register', { ...newAccount(), email: account.email })
  await call('auth.forgotPassword', { email: account.email })
  expect(await mailsTo(app, account.email)).toEqual(['verify-email'])
  expect(await db.$count(oneTimeTokens, eq(oneTimeTokens.email, account.email))).toBe(1)
})
