/** An identity belongs to its issuer, even if other issuers use the same subjects. */
import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { buildTestApp, newPerson } from '../../test/app.ts'
import { seedDemoPeople } from './demo-people.ts'
import { issuerName, nameIssuers } from './identity-key.ts'
import { findOrCreatePerson } from './people.ts'
import { identities, users } from './table.ts'

const app = await buildTestApp()
const { db } = app.database
const configured = issuerName(app.inside.config.auth.google?.issuer ?? '')
const idOf = async (claims: Record<string, unknown>) => (await (await app.signIn(claims)).get('/me')).json().id
const rowsOf = (subject: string) => db.select().from(identities).where(eq(identities.subject, subject))

/** The user that a sign-in with `issuer` creates or finds. */
const userBy = (issuer: string, subject: string) =>
  db.transaction(async (tx) => {
    const profile = { email: null, emailVerified: false, name: null, pictureUrl: null }
    const { user } = await findOrCreatePerson(tx, app.sessions, { provider: 'google', issuer, subject, ...profile })
    return user.id
  })

/** As a release without issuers stored them. */
async function storedWithoutIssuer(
  provider: 'google' | 'clerk' | 'password' | 'legacy',
  subject: string = randomUUID(),
) {
  const [user] = await db.insert(users).values({ displayName: 'Of before' }).returning()
  const userId = String(user?.id)
  await db.insert(identities).values({ userId, provider, subject })
  return { userId, subject }
}

it('an identity is stored with its issuer, and a session knows the identity that opened it', async () => {
  const claims = newPerson()
  await idOf(claims)
  expect(await rowsOf(claims.sub)).toMatchObject([{ provider: 'google', issuer: configured }])
})

it('the same subject of another issuer is another user', async () => {
  const claims = newPerson()
  const own = await idOf(claims)
  const other = await userBy('https://another.example', claims.sub)
  expect(other).not.toBe(own)
  expect(await userBy('https://another.example', claims.sub)).toBe(other)
  expect(await idOf(claims)).toBe(own)
})

it('an identity from before issuers were stored is its user’s, and gets the issuer at its next sign-in', async () => {
  const { userId, subject } = await storedWithoutIssuer('google')
  expect(await idOf({ sub: subject })).toBe(userId)
  expect(await rowsOf(subject)).toMatchObject([{ userId, issuer: configured }])
  expect(await userBy('https://another.example', subject)).not.toBe(userId)
})

it('identities from before issuers were stored belong to the configured issuer, before any other can name them', async () => {
  const google = await storedWithoutIssuer('google')
  const others = [await storedWithoutIssuer('clerk'), await storedWithoutIssuer('legacy')]
  await nameIssuers(db, app.inside.config)
  expect(await rowsOf(google.subject)).toMatchObject([{ issuer: configured }])
  // No issuer of theirs is configured, and some have none.
  for (const { subject } of others) expect(await rowsOf(subject)).toMatchObject([{ issuer: null }])
  expect(await userBy('https://another.example', google.subject)).not.toBe(google.userId)
  expect(await idOf({ sub: google.subject })).toBe(google.userId)
})

it('demo users are stored with the configured issuer, so `nameIssuers` changes nothing on a new database', async () => {
  const { db } = (await buildTestApp()).database
  await seedDemoPeople(db, app.inside.config)
  expect(new Set((await db.select().from(identities)).map(({ issuer }) => issuer))).toEqual(new Set([configured]))
  expect(await nameIssuers(db, app.inside.config)).toBe(0)
})

it('an identity that two releases stored side by side stays one of its issuer', async () => {
  const claims = newPerson()
  const own = await idOf(claims)
  const { subject } = await storedWithoutIssuer('google', claims.sub)
  await nameIssuers(db, app.inside.config)
  expect((await rowsOf(subject)).map(({ issuer }) => issuer).sort()).toEqual([configured, null].sort())
  expect(await idOf(claims)).toBe(own)
})
