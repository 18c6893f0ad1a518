import { sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { buildTestApp, newPerson, refusal, type TestApp } from '../../test/app.ts'
import { clientSecret } from '../../test/openid-provider.ts'
import { hashSessionToken } from './session-token.ts'

/** Every row of every table as text, as a stolen backup would show it. */
async function dump({ database: { db } }: TestApp): Promise<string> {
  const rows = async (query: ReturnType<typeof sql>) => {
    // One driver answers with the rows, the other with an object around them.
    const answer: unknown = await db.execute(query)
    return (Array.isArray(answer) ? answer : (answer as { rows: unknown[] }).rows) as Record<string, unknown>[]
  }
  const tables = await rows(sql`select table_name as name from information_schema.tables where table_schema = 'public'`)
  const contents = tables.map(({ name }) => rows(sql`select * from ${sql.identifier(String(name))}`))
  return JSON.stringify(await Promise.all(contents))
}

it('a sign-in leaves no secret in any table and in no line of the log', async () => {
  const app = await buildTestApp()
  const claims = newPerson()
  const secrets: Record<string, string> = {
    clientSecret,
    cookieSecret: app.inside.config.auth.cookieSecret,
  }
  const remember = (when: string, values: Record<string, string | null | undefined>) => {
    for (const [name, value] of Object.entries(values)) {
      expect(value?.length, `${when} ${name}`).toBeGreaterThan(10)
      secrets[`${when} ${name}`] = value as string
    }
  }
  const signIn = async (when: string, bend: Record<string, unknown> = {}) => {
    const browser = app.browser()
    const there = await app.beginSignIn(browser, `/drafts?when=${when}`)
    const state = there.searchParams.get('state') ?? ''
    const code = app.provider.grant(there, { ...claims, ...bend })
    const nonce = there.searchParams.get('nonce')
    remember(when, { stateSecret: state.split('.')[1], nonce, code, attemptCookie: [...browser.cookies.values()][0] })
    const query = new URLSearchParams({ code, state, ...(bend.error === true && { error: 'access_denied' }) })
    const answer = await browser.get(`/auth/google/callback?${query}`)
    remember(when, { verifier: app.provider.secrets.verifiers.at(-1), idToken: app.provider.secrets.idTokens.at(-1) })
    return { browser, answer }
  }

  const { browser, answer } = await signIn('right')
  remember('right', { sessionToken: browser.sessionToken })
  expect(refusal(answer)).toBeNull()
  expect((await browser.get('/me')).json().email).toBe(claims.email)
  const stored = await dump(app)

  expect(refusal((await signIn('cancelled', { error: true })).answer)).toBe('SIGN_IN_CANCELLED')
  expect(refusal((await signIn('wrong nonce', { nonce: 'wrong' })).answer)).toBe('SIGN_IN_FAILED')
  expect(refusal((await signIn('wrong subject', { sub: '' })).answer)).toBe('SIGN_IN_FAILED')
  app.provider.answers.set('/token', (_request, response) => void response.end(app.provider.secrets.idTokens.at(-1)))
  expect(refusal((await signIn('no JSON')).answer)).toBe('PROVIDER_UNAVAILABLE')
  app.provider.answers.clear()

  // A statement that fails takes its parameters into the error.
  app.expectErrorLog(/sign-in failed/)
  await app.database.db.execute(sql`alter table identities rename column email to address`)
  expect(refusal((await signIn('broken database')).answer)).toBe('INTERNAL_ERROR')
  await app.database.db.execute(sql`alter table identities rename column address to email`)

  expect((await browser.send({ method: 'POST', url: '/auth/logout' })).statusCode).toBe(204)
  const [tables, logs] = [stored + (await dump(app)), JSON.stringify(app.logs)]
  // The nets are real: what may be there is there.
  expect(tables).toContain(hashSessionToken(secrets['right sessionToken'] ?? ''))
  expect(tables).toContain(claims.email)
  expect(logs).toContain('sign-in refused')
  expect(logs).toContain('/auth/google/callback')
  for (const [name, secret] of Object.entries(secrets)) {
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
      expect(tables.includes(form), `${name} in a table`).toBe(false)
      expect(logs.includes(form), `${name} in the log`).toBe(false)
    }
  }
  expect(logs).not.toContain(claims.email)
  expect(logs).not.toContain(claims.sub)
  expect(logs).not.toContain(hashSessionToken(secrets['right sessionToken'] ?? ''))
})
