/** The names by which people mean each other: id, username, legacy id, or an e-mail address that its owner has proved. */
import { and, eq, inArray, or, sql } from 'drizzle-orm'
import { Id } from '../../../shared/id.ts'
import type { Database } from '../db/database.ts'
import { isLegacyId } from './legacy-sessions.ts'
import { identities, type User, users } from './table.ts'

/** Disabled ones too. Undefined also where a name means several people: whoever chose it later must not be taken for the other. */
export async function findPersonNamed(db: Database, named: string): Promise<User | undefined> {
  const id = Id.safeParse(named)
  const byLegacyId = db.select({ id: identities.userId }).from(identities).where(isLegacyId(named))
  const found = await db
    .select()
    .from(users)
    .where(
      or(
        id.success
          ? eq(users.id, id.data)
          : or(
              eq(sql`lower(${users.username})`, named.toLowerCase()),
              // An address that nobody has proved is nobody's.
              and(eq(sql`lower(${users.email})`, named.toLowerCase()), eq(users.emailVerified, true)),
            ),
        inArray(users.id, byLegacyId),
      ),
    )
    .limit(2)
  return found.length === 1 ? found[0] : undefined
}
