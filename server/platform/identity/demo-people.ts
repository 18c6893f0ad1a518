/** Three people for development, one a role. They sign in through the mock or the local OpenID provider, or by password once seeded. */
import { randomBytes } from 'node:crypto'
import { and, eq, inArray, notInArray, sql } from 'drizzle-orm'
import { Role } from '../../../shared/account.ts'
import type { DemoSignIn } from '../../../shared/people.ts'
import { type Origin, recordAudit } from '../audit/audit-log.ts'
import type { Config } from '../config/config.ts'
import type { Database } from '../db/database.ts'
import { withTransaction } from '../db/transaction.ts'
import { issuerName } from './identity-key.ts'
import type { PasswordHashes } from './password-hash.ts'
import { setPassword } from './passwords.ts'
import type { ProviderProfile } from './provider.ts'
import { identities, users } from './table.ts'

type DemoRole = Exclude<Role, 'user'>

export const demoProfiles = Role.exclude(['user']).options.map(
  (role) =>
    ({
      role,
      provider: 'google',
      issuer: null,
      subject: `demo-${role}`,
      email: `${role}@plinth.local`,
      emailVerified: true,
      name: `Demo ${role}`,
      pictureUrl: null,
    }) satisfies ProviderProfile & { role: DemoRole },
)

/** Makes those who are not there yet; changes nobody who is. @throws in production, whose people are real. */
export async function seedDemoPeople(db: Database, config: Config): Promise<void> {
  if (config.production) throw new Error('demo people are for development: refused in production')
  const { google, mock } = config.auth
  const issuer = mock || !google ? null : issuerName(google.issuer)
  await withTransaction(db, async (tx) => {
    for (const { role, provider, subject, email, name } of demoProfiles) {
      const [user] = await tx
        .insert(users)
        .values({ email, emailVerified: true, displayName: name, role })
        .onConflictDoNothing()
        .returning({ id: users.id })
      if (!user) continue
      await tx.insert(identities).values({ userId: user.id, provider, issuer, subject, email }).onConflictDoNothing()
    }
  })
}

/**
 * As `seedDemoPeople`, and gives each of them who has no password the one that `passwords` has for the address.
 * @throws as `seedDemoPeople`
 */
export async function seedDemoSignIns(
  db: Database,
  config: Config,
  hashes: PasswordHashes,
  passwords: Readonly<Record<string, string>>,
): Promise<void> {
  await seedDemoPeople(db, config)
  const hasPassword = db.select({ id: identities.userId }).from(identities).where(eq(identities.provider, 'password'))
  const without = await db
    .select()
    .from(users)
    .where(and(inArray(users.email, Object.keys(passwords)), notInArray(users.id, hasPassword)))
  for (const user of without) await setPassword(db, user, await hashes.make(passwords[user.email ?? ''] ?? ''))
}

/** Adds one of each required kind of character to the random ones. */
export const newDemoPassword = () => `Aa1-${randomBytes(15).toString('base64url')}`

/**
 * Gives each demo person a new password, and makes who is missing: all of them or none. What it returns is kept nowhere but in hashes.
 * @throws as `seedDemoPeople`
 */
export async function seedDemoPasswords(
  db: Database,
  config: Config,
  hashes: PasswordHashes,
  origin: Origin,
): Promise<DemoSignIn[]> {
  // Before the transaction: they take their time.
  const made = await Promise.all(
    demoProfiles.map(async ({ email }) => {
      const password = newDemoPassword()
      return { email, password, hash: await hashes.make(password) }
    }),
  )
  return withTransaction(db, async (tx) => {
    await seedDemoPeople(tx, config)
    const given: DemoSignIn[] = []
    for (const { email, password, hash } of made) {
      const [user] = await tx
        .select()
        .from(users)
        .where(eq(sql`lower(${users.email})`, email))
        .for('update')
      if (!user) throw new Error(`${email} was deleted meanwhile`)
      await setPassword(tx, user, hash)
      await recordAudit(tx, { ...origin, actorId: null, action: 'people.seed', target: `person:${user.id}` })
      given.push({ id: user.id, email, role: user.role, password })
    }
    return given
  })
}
