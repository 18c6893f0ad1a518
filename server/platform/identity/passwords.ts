/**
 * A password is a way in like any other: a row of `identities` whose subject is the person, with the hash beside it. Removing
 * the identity removes the hash.
 */
import { and, eq, isNull, ne, sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { AppError } from '../errors/app-error.ts'
import { inWords } from '../mail/mail-templates.ts'
import { methodNames } from './method-names.ts'
import { weaknessOf } from './password-strength.ts'
import { mailToOwner } from './people.ts'
import { identities, passwords, type User, users } from './table.ts'

type Holder = Pick<User, 'id' | 'email'>

/** Gives the person this password, in place of the one that they have. `hash`: of PasswordHashes.make, or bcrypt from an import. */
export async function setPassword(tx: Database, { id: userId, email }: Holder, hash: string): Promise<void> {
  const [identity] = await tx
    .insert(identities)
    .values({ userId, provider: 'password', subject: userId, email })
    .onConflictDoUpdate({
      target: [identities.provider, identities.subject],
      targetWhere: isNull(identities.issuer),
      set: { email },
    })
    .returning({ id: identities.id })
  const { id: identityId } = identity as { id: string }
  await tx
    .insert(passwords)
    .values({ identityId, hash })
    .onConflictDoUpdate({ target: passwords.identityId, set: { hash, changedAt: sql`now()` } })
}

/** After `setPassword`. It leaves the other sign-in methods as they are, so the mail lists them, the oldest first. */
export async function mailPasswordChanged(
  tx: Database,
  { id, ...owner }: Pick<User, 'id' | 'email' | 'emailVerified'>,
  name: string,
): Promise<void> {
  const rows = await tx
    .select()
    .from(identities)
    .where(and(eq(identities.userId, id), ne(identities.provider, 'password')))
    .orderBy(identities.id)
  const others = rows.map(({ provider, createdAt }) => `${methodNames[provider]}, added on ${inWords(createdAt)}`)
  await mailToOwner(tx, owner, 'password-changed', { name, ...(others.length > 0 && { others: others.join('; ') }) })
}

export interface KnownPerson {
  user: User
  /** Null where they have no password. */
  hash: string | null
}

/** By address, in whatever case; null when nobody has it. One query, so that it takes as long for anybody. */
export async function findPersonByEmail(db: Database, email: string): Promise<KnownPerson | null> {
  return findPerson(db, eq(sql`lower(${users.email})`, email.toLowerCase()))
}

export async function findPersonById(db: Database, id: string): Promise<KnownPerson | null> {
  return findPerson(db, eq(users.id, id))
}

async function findPerson(db: Database, which: ReturnType<typeof eq>): Promise<KnownPerson | null> {
  const [row] = await db
    .select({ user: users, hash: passwords.hash })
    .from(users)
    .leftJoin(identities, and(eq(identities.userId, users.id), eq(identities.provider, 'password')))
    .leftJoin(passwords, eq(passwords.identityId, identities.id))
    .where(which)
  return row ?? null
}

/** `field`: of the input that it came in. @throws AppError VALIDATION_ERROR when it would be guessed too soon */
export async function refuseWeak(
  password: string,
  owner: { username: string | null; email: string | null },
  field: 'password' | 'newPassword',
): Promise<void> {
  const message = await weaknessOf(password, owner)
  if (message) throw new AppError('VALIDATION_ERROR', { details: [{ field, message }] })
}
