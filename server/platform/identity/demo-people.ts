/** Three people for development, one a role. They sign in through the mock or the local OpenID provider. */
import { Role } from '../../../shared/account.ts'
import type { Config } from '../config/config.ts'
import type { Database } from '../db/database.ts'
import { withTransaction } from '../db/transaction.ts'
import type { ProviderProfile } from './provider.ts'
import { identities, users } from './table.ts'

type DemoRole = Exclude<Role, 'user'>

export const demoProfiles = Role.exclude(['user']).options.map(
  (role) =>
    ({
      role,
      provider: 'google',
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
  await withTransaction(db, async (tx) => {
    for (const { role, provider, subject, email, name } of demoProfiles) {
      const [user] = await tx
        .insert(users)
        .values({ email, emailVerified: true, displayName: name, role })
        .onConflictDoNothing()
        .returning({ id: users.id })
      if (user) await tx.insert(identities).values({ userId: user.id, provider, subject, email }).onConflictDoNothing()
    }
  })
}
