/** Whoever is refused learns one thing: that address and password do not go together. */
import { hashSync } from '@node-rs/bcrypt'
import { desc, eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { auditLogs } from '../../platform/audit/table.ts'
import { setPassword } from '../../platform/identity/passwords.ts'
import { identities, passwords, sessions, users } from '../../platform/identity/table.ts'
import { buildTestApp, newPerson } from '../../test/app.ts'
import { dump } from '../../test/dump.ts'
import { anotherPassword, codeOf, data, forgotten, newAccount, registered } from '../../test/passwords.ts'

const app = await buildTestApp()
const { db } = app.database

type Pair = { email: string; password: string }
const pairs: Record<string, Pair> = {}
let known: Awaited<ReturnType<typeof registered>>
beforeAll(async () => {
  known = await registered(app)
  const disabled = await registered(app)
  await db.update(users).set({ isActive: false }).where(eq(users.id, disabled.id))
  const google = newPerson()
  await app.signIn(google)
  Object.assign(pairs, {
    'an unknown address': newAccount(),
    'a wrong password': { email: known.email, password: anotherPassword() },
    'a disabled person, with the right password': disabled,
    'a disabled person, with a wrong password': { email: disabled.email, password: anotherPassword() },
    'a person of Google’s': { email: google.email, password: anotherPassword() },
  })
})

const kinds = [
  'an unknown address',
  'a wrong password',
  'a disabled person, with the right password',
  'a disabled person, with a wrong password',
  'a person of Google’s',
]
const attempt = (path: string, { email, password }: Pair) => app.browser().mutate(path, { email, password })

describe.each(['auth.login', 'auth.signIn'])('%s', (path) => {
  it.each(kinds)('answers %s as any other', async (kind) => {
    const bare = async (pair: Pair) => {
      const { statusCode, headers, body } = await attempt(path, pair)
      const { date: _date, 'x-request-id': id, ...rest } = headers
      for (const name of Object.keys(rest)) if (name.startsWith('ratelimit-')) delete rest[name]
      return { statusCode, rest, body: body.replaceAll(String(id), '') }
    }
    const answer = await bare(pairs[kind] as Pair)
    expect(answer.statusCode).toBe(401)
    expect(answer).toEqual(await bare(newAccount()))
    expect(answer.body).toContain('WRONG_CREDENTIALS')
    expect(answer.body).not.toContain(pairs[kind]?.email)
  })
})

it.each(kinds)('%s writes a record and nothing else', async (kind) => {
  const pair = pairs[kind] as Pair
  // Jobs of the server write some tables at any time; attempts are counted.
  const tables = () => dump(app, 'audit_logs', 'mails', 'presence_servers', 'rate_limits', 'retention_clock')
  const before = await tables()
  const count = await db.$count(auditLogs)
  await attempt('auth.login', pair)
  expect(await tables()).toBe(before)
  expect(await db.$count(auditLogs)).toBe(count + 1)
  const [record] = await db.select().from(auditLogs).orderBy(desc(auditLogs.id)).limit(1)
  const [user] = await db.select().from(users).where(eq(users.email, pair.email))
  expect(record).toMatchObject({
    actorId: null,
    action: 'auth.signInRefused',
    target: `person:${user?.id ?? 'unknown'}`,
    before: null,
    after: null,
    ip: '127.0.0.1',
  })
})

describe('what was true when the password was checked', () => {
  it.each([
    ['the password', (id: string) => setNew(id)],
    ['the person’s state', (id: string) => db.update(users).set({ isActive: false }).where(eq(users.id, id))],
  ])('is looked at again before anybody is let in: %s', async (_, change) => {
    const { email, password, id } = await registered(app)
    const check = app.inside.passwordHashes.check.bind(app.inside.passwordHashes)
    app.inside.passwordHashes.check = async (...given) => {
      const result = await check(...given)
      await change(id)
      return result
    }
    try {
      expect(codeOf(await attempt('auth.login', { email, password }))).toEqual([401, 'WRONG_CREDENTIALS'])
    } finally {
      app.inside.passwordHashes.check = check
    }
    expect(await db.$count(sessions, eq(sessions.userId, id))).toBe(1)
  })

  const setNew = async (id: string) => {
    const [user] = await db.select().from(users).where(eq(users.id, id))
    await setPassword(db, user as typeof users.$inferSelect, await app.inside.passwordHashes.make(anotherPassword()))
  }
})

describe('a bcrypt hash that was imported', () => {
  const hashOf = async (userId: string) => {
    const [row] = await db
      .select({ hash: passwords.hash })
      .from(passwords)
      .innerJoin(identities, eq(identities.id, passwords.identityId))
      .where(eq(identities.userId, userId))
    return row?.hash
  }
  async function imported(password: string) {
    const account = newAccount()
    const [user] = await db.insert(users).values({ email: account.email, displayName: 'Old' }).returning()
    await setPassword(db, user as typeof users.$inferSelect, hashSync(password, 5))
    return { email: account.email, id: String(user?.id) }
  }

  it('becomes argon2id at the first sign-in, and the password stays', async () => {
    const { email, id } = await imported('old one')
    expect(codeOf(await attempt('auth.login', { email, password: 'new one' }))).toEqual([401, 'WRONG_CREDENTIALS'])
    expect(await hashOf(id)).toMatch(/^\$2y\$/)
    for (let n = 0; n < 2; n++) {
      expect(data(await attempt('auth.login', { email, password: 'old one' }))).toMatchObject({ user: { id } })
      expect(await hashOf(id)).toMatch(/^\$argon2id\$/)
    }
  })

  it('stays one where the password is longer than what bcrypt reads', async () => {
    const long = `Aa1-${'x'.repeat(80)}`
    const { email, id } = await imported(long)
    expect((await attempt('auth.login', { email, password: long })).statusCode).toBe(200)
    expect(await hashOf(id)).toMatch(/^\$2y\$/)
  })
})

describe('guessing', () => {
  it('ends after five failures of one account, from wherever, and begins again after a reset', async () => {
    const strict = await buildTestApp({ environment: { RATE_LIMIT_SIGN_IN: '5' } })
    const { email, password } = await registered(strict)
    const login = (password: string, remoteAddress: string, as = email) =>
      strict.browser().send({
        method: 'POST',
        url: '/trpc/auth.login',
        remoteAddress,
        headers: { 'content-type': 'application/json' },
        payload: JSON.stringify({ email: as, password }),
      })
    for (let n = 1; n <= 5; n++) expect((await login(anotherPassword(), `10.0.0.${n}`)).statusCode).toBe(401)
    const tooMany = [429, 'TOO_MANY_ATTEMPTS']
    expect(codeOf(await login(password, '10.0.1.1'))).toEqual(tooMany)
    expect(codeOf(await login(password, '10.0.1.1', email.toUpperCase()))).toEqual(tooMany)
    const newPassword = anotherPassword()
    const token = await forgotten(strict, email)
    expect((await strict.browser().mutate('auth.resetPassword', { token, newPassword })).statusCode).toBe(200)
    expect((await login(newPassword, '10.0.1.1')).statusCode).toBe(200)
  })

  it.each([
    ['addresses of one IPv6 network', (n: number) => `2001:db8:0:7:${(n * 977).toString(16)}::${n}`],
    ['both names of one IPv4 address', (n: number) => (n % 2 ? '192.0.2.7' : '::ffff:192.0.2.7')],
    ['addresses that the client makes up', (n: number) => `198.51.100.${n}, 192.0.2.8`],
  ])('ends after five failures from %s, on whichever accounts', async (_, address) => {
    const strict = await buildTestApp({ environment: { RATE_LIMIT_SIGN_IN: '5', TRUST_PROXY: '127.0.0.1' } })
    const login = async (from: string) =>
      codeOf(await strict.browser({ 'x-forwarded-for': from }).mutate('auth.login', newAccount()))
    for (let n = 0; n < 5; n++) expect(await login(address(n))).toEqual([401, 'WRONG_CREDENTIALS'])
    expect(await login(address(5))).toEqual([429, 'TOO_MANY_ATTEMPTS'])
    expect(await login('2001:db8:0:8::1')).toEqual([401, 'WRONG_CREDENTIALS'])
  })

  it('is not what signing in often is', async () => {
    const strict = await buildTestApp({ environment: { RATE_LIMIT_SIGN_IN: '2' } })
    const { email, password } = await registered(strict)
    for (let n = 0; n < 5; n++) {
      expect((await strict.browser().mutate('auth.login', { email, password })).statusCode).toBe(200)
    }
  })
})
