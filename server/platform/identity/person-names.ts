/**
 * The names by which users refer to each other: id, username, or legacy id. An e-mail address is not among them, because a lookup would show
 * which addresses have an account; it is invited instead.
 */
import { and, eq, inArray, or, type SQL, sql } from 'drizzle-orm'
import { TargetId } from '../../../shared/id.ts'
import { isAddress, type NamedPerson, type PersonNameKind } from '../../../shared/person-name.ts'
import type { Database } from '../db/database.ts'
import { isLegacyId } from './legacy-sessions.ts'
import { identities, type User, users } from './table.ts'

/**
 * Disabled users too. The name of an account takes precedence over an equal legacy id: a product that sends legacy ids chooses them freely, and
 * must not make an account impossible to name. Two accounts never share a name: ids and usernames differ in their characters. A legacy id
 * that is an e-mail address names no user, for the same reason as any other address.
 */
export async function findPersonNamed(db: Database, { kind, name }: NamedPerson): Promise<User | undefined> {
  if (isAddress(name)) return undefined
  if (kind !== null) return find(db, named[kind](db, name))
  const account = await find(db, or(named.userId(db, name), named.username(db, name)))
  return account ?? find(db, named.legacyId(db, name))
}

/** For administrators, who may read all addresses: also by an e-mail address that its user has confirmed, and by any legacy id. */
export async function findPersonByAnyName(db: Database, name: string): Promise<User | undefined> {
  const isConfirmed = and(eq(sql`lower(${users.email})`, name.toLowerCase()), eq(users.emailVerified, true))
  const account = await find(db, or(named.userId(db, name), named.username(db, name), isConfirmed))
  return account ?? find(db, named.legacyId(db, name))
}

async function find(db: Database, is: SQL | undefined): Promise<User | undefined> {
  const [user] = await db.select().from(users).where(is).limit(1)
  return user
}

const named: Record<PersonNameKind, (db: Database, name: string) => SQL | undefined> = {
  userId: (_db, name) => eq(users.id, TargetId.parse(name)),
  username: (_db, name) => eq(sql`lower(${users.username})`, name.toLowerCase()),
  legacyId: (db, name) =>
    inArray(users.id, db.select({ id: identities.userId }).from(identities).where(isLegacyId(name))),
}
