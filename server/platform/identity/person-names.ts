/** The names by which users refer to each other: id, username, legacy id, or an e-mail address that its owner has confirmed. */
import { and, eq, inArray, or, type SQL, sql } from 'drizzle-orm'
import { TargetId } from '../../../shared/id.ts'
import type { NamedPerson, PersonNameKind } from '../../../shared/person-name.ts'
import type { Database } from '../db/database.ts'
import { isLegacyId } from './legacy-sessions.ts'
import { identities, type User, users } from './table.ts'

/**
 * Disabled users too. The name of an account takes precedence over an equal legacy id: a product that sends legacy ids chooses them freely, and
 * must not make an account impossible to name. Two accounts never share a name: ids, usernames and addresses differ in their characters.
 */
export async function findPersonNamed(db: Database, { kind, name }: NamedPerson): Promise<User | undefined> {
  const find = async (is: SQL | undefined) => (await db.select().from(users).where(is).limit(1))[0]
  if (kind !== null) return find(named[kind](db, name))
  const account = await find(or(named.userId(db, name), named.username(db, name), named.email(db, name)))
  return account ?? find(named.legacyId(db, name))
}

const named: Record<PersonNameKind, (db: Database, name: string) => SQL | undefined> = {
  userId: (_db, name) => eq(users.id, TargetId.parse(name)),
  username: (_db, name) => eq(sql`lower(${users.username})`, name.toLowerCase()),
  // An unconfirmed address may belong to another user.
  email: (_db, name) => and(eq(sql`lower(${users.email})`, name.toLowerCase()), eq(users.emailVerified, true)),
  legacyId: (db, name) =>
    inArray(users.id, db.select({ id: identities.userId }).from(identities).where(isLegacyId(name))),
}
