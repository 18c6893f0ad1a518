/** Secrets of this feature, sent to every one of its doors and to doors that are none, are nowhere afterwards. */
import { randomBytes } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { procedures } from '../../test/calls.ts'
import { dump } from '../../test/dump.ts'
import { signedIn } from '../../test/followers.ts'
import { data, forgotten, givePassword, mailedToken, newAccount } from '../../test/passwords.ts'

it('passwords and tokens are in no table, no line of the log and no answer', async () => {
  const app = await buildTestApp()
  const secrets = new Map<string, string>()
  const answers: string[] = []
  const keep = (name: string, secret: string) => {
    expect(secret.length, name).toBeGreaterThan(10)
    secrets.set(name, secret)
    return secret
  }
  const newPassword = (name: string) => keep(name, `Canary-${randomBytes(6).toString('hex')}-sings`)
  const browser = app.browser()
  const call = async (path: string, input: unknown, of = browser) => {
    const answer = await of.mutate(path, input, { 'idempotency-key': randomBytes(9).toString('hex') })
    answers.push(answer.body)
    return answer
  }

  const account = { ...newAccount(), password: newPassword('registered') }
  expect((await call('auth.signUp', account)).statusCode).toBe(200)
  await call('auth.signUp', { ...account, password: newPassword('taken address') })
  const verify = keep('verify', await mailedToken(app, account.email, 'verify-email'))
  await call('auth.findVerification', { token: verify })
  await call('auth.verifyEmail', { token: verify, password: newPassword('wrong at the link') }, app.browser())
  await call('auth.verifyEmail', { token: verify, password: account.password }, app.browser())
  await call('auth.reclaimAddress', { token: verify })
  const opened = data(await app.browser().mutate('auth.login', account))
  keep('refresh token', opened.refreshToken)
  keep('signature', opened.accessToken.split('.')[2])
  await call('auth.signIn', { ...account, password: newPassword('wrong') }, app.browser())
  await call('account.confirmPassword', { password: newPassword('wrong confirmation') })
  const changed = newPassword('changed')
  await call('account.changePassword', { currentPassword: newPassword('wrong current'), newPassword: changed })
  const change = { currentPassword: account.password, newPassword: changed }
  expect((await call('account.changePassword', change)).statusCode).toBe(200)
  const token = keep('reset', await forgotten(app, account.email))
  await call('auth.resetPassword', { token, newPassword: keep('weak', 'weak-canary') })
  expect((await call('auth.resetPassword', { token, newPassword: newPassword('reset to') })).statusCode).toBe(200)
  await call('auth.resetPassword', { token, newPassword: newPassword('reset again') })
  const google = await signedIn(app)
  keep('given', (await givePassword(app, google)).password)

  // Malformed, misplaced and to nowhere.
  const stray = newPassword('stray')
  const everywhere = {
    password: stray,
    newPassword: stray,
    currentPassword: stray,
    token: stray,
    refreshToken: stray,
    email: stray,
  }
  for (const { path, type } of procedures) {
    if (type === 'mutation') await call(path, everywhere)
    await call(path, [stray])
  }
  for (const [url, payload] of [
    ['/trpc/auth.login', `{"email":"${stray}","password":"${stray}"`],
    ['/trpc/auth.login', JSON.stringify(stray)],
    ['/trpc/auth.nowhere', JSON.stringify({ password: stray })],
    ['/api/v1/auth/login', JSON.stringify({ email: account.email, password: stray })],
    ['/api/v1/auth/login', `{"password":"${stray}"`],
    ['/api/v1/auth/nowhere', JSON.stringify({ password: stray })],
    ['/auth/nowhere', JSON.stringify({ password: stray })],
  ] as const) {
    const answer = await browser.send({
      method: 'POST',
      url,
      payload,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${stray}`, 'x-api-key': stray },
    })
    expect(answer.statusCode).toBeGreaterThanOrEqual(400)
    answers.push(answer.body)
  }

  // A statement that fails takes its parameters, a hash among them, into the error.
  app.expectErrorLog(/Failed query/)
  await app.database.db.execute(sql`alter table passwords rename column hash to digest`)
  expect((await call('auth.signUp', { ...newAccount(), password: newPassword('broken database') })).statusCode).toBe(
    500,
  )
  await call('auth.signIn', { ...account, password: newPassword('broken sign-in') })
  await app.database.db.execute(sql`alter table passwords rename column digest to hash`)

  const [tables, logs, told] = [await dump(app), JSON.stringify(app.logs), answers.join('\n')]
  expect(tables).toContain(account.email)
  expect(logs).toContain('"route":"/trpc')
  for (const [name, secret] of secrets) {
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').slice(0, -4)]) {
      expect(tables.includes(form), `${name} in a table`).toBe(false)
      expect(logs.includes(form), `${name} in the log`).toBe(false)
      expect(told.includes(form), `${name} in an answer`).toBe(false)
    }
  }
  expect(logs).not.toMatch(/\$argon2|\$2[aby]\$/)
  expect(told).not.toMatch(/\$argon2|\$2[aby]\$|"hash"/)
  expect(logs).not.toContain(account.email)
})
