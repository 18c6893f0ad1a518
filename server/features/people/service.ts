/**
 * People, for administrators. There is always an active administrator: whatever could take the last one away holds all
 * administrators' rows to the commit, so two of them cannot each demote the other. Every change needs a fresh sign-in, and is
 * reported by mail: a session or key that somebody else holds must not make administrators unnoticed.
 */
import { and, asc, desc, eq, lt, or, type SQL, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type {
  ChangeRole,
  DemoSignIn,
  FindPerson,
  GetPerson,
  ListPeople,
  ListPersonSessions,
  ManagedPerson,
  RevokePersonSession,
} from '../../../shared/people.ts'
import { noteChange, type Origin } from '../../platform/audit/audit-log.ts'
import type { Config } from '../../platform/config/config.ts'
import type { Database } from '../../platform/db/database.ts'
import { toPage } from '../../platform/db/page.ts'
import { afterCommit, withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { seedDemoPasswords } from '../../platform/identity/demo-people.ts'
import { requireFreshSignIn } from '../../platform/identity/fresh-sign-in.ts'
import { makeInvitationsOfUserDue } from '../../platform/identity/invited.ts'
import { letLegacyIdsIn } from '../../platform/identity/legacy-sessions.ts'
import { operator } from '../../platform/identity/operator.ts'
import type { PasswordHashes } from '../../platform/identity/password-hash.ts'
import { lockAddress } from '../../platform/identity/people.ts'
import { findPersonByAnyName } from '../../platform/identity/person-names.ts'
import type { Actor, Sessions } from '../../platform/identity/sessions.ts'
import { type User, users } from '../../platform/identity/table.ts'
import { listSessions, revokeSession, toPerson } from '../account/service.ts'
import { mailAdministrativeChange } from './administration-mails.ts'

export { mailAdministrativeChange }

type Named = z.infer<typeof GetPerson>

/** The newest first. A search reads the whole table: it is made by hand, by administrators. */
export async function listPeople(db: Database, { search, role, active, ...page }: ListPeople) {
  const rows = await db
    .select()
    .from(users)
    .where(
      and(
        page.cursor ? lt(users.id, page.cursor) : undefined,
        search ? contains(search) : undefined,
        role && eq(users.role, role),
        active === undefined ? undefined : eq(users.isActive, active),
      ),
    )
    .orderBy(desc(users.id))
    .limit(page.limit + 1)
  return toPage(rows, page, toManagedPerson)
}

export async function getPerson(db: Database, { personId }: Named): Promise<ManagedPerson> {
  const [user] = await db.select().from(users).where(eq(users.id, personId))
  if (!user) throw new AppError('NOT_FOUND')
  return toManagedPerson(user)
}

/** By any name that `findPersonByAnyName` accepts; null where it names no user. */
export async function findPerson(db: Database, { named }: z.infer<typeof FindPerson>): Promise<ManagedPerson | null> {
  const user = await findPersonByAnyName(db, named)
  return user ? toManagedPerson(user) : null
}

/** Known everywhere within seconds, to open streams too. @throws AppError NOT_FOUND, FORBIDDEN, REAUTHENTICATION_REQUIRED, LAST_ADMINISTRATOR */
export async function changeRole(db: Database, sessions: Sessions, actor: Actor, { personId, role }: ChangeRole) {
  return changePerson(db, sessions, actor, personId, { role })
}

/** They are signed out everywhere, their API keys are over, and they cannot sign in. @throws as `changeRole` */
export async function disablePerson(
  db: Database,
  sessions: Sessions,
  actor: Actor,
  { personId }: Named,
): Promise<ManagedPerson> {
  return withTransaction(db, async (tx) => {
    const person = await changePerson(tx, sessions, actor, personId, { isActive: false })
    await endThose(tx, sessions, personId, 'all')
    return person
  })
}

/** They may sign in again, by a legacy id too; the sessions and API keys of before stay ended. @throws AppError NOT_FOUND, FORBIDDEN, REAUTHENTICATION_REQUIRED */
export async function enablePerson(db: Database, sessions: Sessions, actor: Actor, { personId }: Named) {
  return withTransaction(db, async (tx) => {
    // Before the rows, as a sign-in does, or the two could deadlock.
    const [{ email } = { email: null }] = await tx
      .select({ email: users.email })
      .from(users)
      .where(eq(users.id, personId))
    if (email) await lockAddress(tx, email)
    const person = await changePerson(tx, sessions, actor, personId, { isActive: true })
    await letLegacyIdsIn(tx, personId)
    await makeInvitationsOfUserDue(tx, person)
    return person
  })
}

/** Signs somebody out everywhere; their API keys, which nobody has signed in with, stay. @throws as `enablePerson` */
export async function endSessions(db: Database, sessions: Sessions, actor: Actor, { personId }: Named) {
  return withTransaction(db, async (tx) => {
    await requireAdministrator(tx, actor)
    const person = await getPerson(tx, { personId })
    const { ended } = await endThose(tx, sessions, personId, 'sign-ins')
    if (ended > 0)
      await mailAdministrativeChange(tx, actor, person, { act: 'signed-out', target: `person:${personId}` })
    return { ended }
  })
}

/** Somebody's live sessions, the newest first. @throws AppError NOT_FOUND */
export async function listPersonSessions(
  db: Database,
  actor: Actor,
  sessions: Sessions,
  config: Config,
  { personId, ...page }: ListPersonSessions,
) {
  await getPerson(db, { personId })
  return listSessions(db, { id: personId, sessionId: actor.sessionId }, sessions, config, page)
}

/** Ends one of somebody's sessions. @throws AppError NOT_FOUND, for another person's too, FORBIDDEN, REAUTHENTICATION_REQUIRED */
export async function endSession(
  db: Database,
  sessions: Sessions,
  actor: Actor,
  { personId, sessionId }: z.infer<typeof RevokePersonSession>,
) {
  return withTransaction(db, async (tx) => {
    await requireAdministrator(tx, actor)
    const { ended } = await revokeSession(tx, { id: personId }, sessions, { sessionId })
    const person = await getPerson(tx, { personId })
    await mailAdministrativeChange(tx, actor, person, { act: 'device-signed-out', target: `session:${sessionId}` })
    return { ended }
  })
}

/** Demo people, each with a new password. @throws AppError FORBIDDEN in production, whose people are real */
export async function seedPeople(
  db: Database,
  config: Config,
  hashes: PasswordHashes,
  origin: Origin,
): Promise<DemoSignIn[]> {
  if (config.production) {
    throw new AppError('FORBIDDEN', { message: 'Demo people are for development: refused in production.' })
  }
  return seedDemoPasswords(db, config, hashes, origin)
}

async function endThose(tx: Database, sessions: Sessions, personId: string, which: 'all' | 'sign-ins') {
  const ended = await sessions.end(tx, personId, which, 'account-changed')
  afterCommit(tx, () => sessions.announceEnded(ended, 'account-changed'))
  return { ended: ended.length }
}

/**
 * In the transaction of what only an administrator may who has just signed in: the caller stays one until its end.
 * @throws AppError FORBIDDEN, REAUTHENTICATION_REQUIRED
 */
export async function requireAdministrator(tx: Database, actor: Actor): Promise<void> {
  await mustAdminister(tx, actor, await tx.select().from(users).where(eq(users.id, actor.id)).for('share'))
}

/** By the locked rows: the role that let the call in is some seconds old, and may be what was just taken away. */
async function mustAdminister(tx: Database, actor: Actor, locked: User[]): Promise<void> {
  if (actor === operator) return
  if (!locked.some(({ id, role, isActive }) => id === actor.id && role === 'admin' && isActive))
    throw new AppError('FORBIDDEN')
  await requireFreshSignIn(tx, actor)
}

async function changePerson(
  db: Database,
  sessions: Sessions,
  actor: Actor,
  personId: string,
  change: Partial<Pick<User, 'role' | 'isActive'>>,
): Promise<ManagedPerson> {
  return withTransaction(db, async (tx) => {
    const locked = await tx
      .select()
      .from(users)
      .where(or(eq(users.id, personId), isActiveAdministrator))
      .orderBy(asc(users.id))
      .for('no key update')
    await mustAdminister(tx, actor, locked)
    const before = locked.find(({ id }) => id === personId)
    if (!before) throw new AppError('NOT_FOUND')
    const after = { ...before, ...change }
    const others = locked.filter(({ id, role, isActive }) => id !== personId && role === 'admin' && isActive)
    const wasOne = before.role === 'admin' && before.isActive
    if (wasOne && !(after.role === 'admin' && after.isActive) && others.length === 0)
      throw new AppError('LAST_ADMINISTRATOR')
    await tx.update(users).set(change).where(eq(users.id, personId))
    noteChange(tx, before, change)
    const target = `person:${personId}`
    if (after.role !== before.role) {
      const { role: from } = before
      await mailAdministrativeChange(tx, actor, before, { act: 'role-changed', from, to: after.role, target })
    }
    if (after.isActive !== before.isActive)
      await mailAdministrativeChange(tx, actor, before, { act: after.isActive ? 'enabled' : 'disabled', target })
    afterCommit(tx, () => sessions.announceChanged(personId))
    return toManagedPerson(after)
  })
}

const isActiveAdministrator = and(eq(users.role, 'admin'), eq(users.isActive, true))

function contains(search: string): SQL {
  const pattern = `%${search.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`
  return sql`(lower(${users.displayName}) like ${pattern} or lower(${users.username}) like ${pattern}
    or lower(${users.email}) like ${pattern})`
}

const toManagedPerson = (user: User): ManagedPerson => ({
  ...toPerson(user),
  active: user.isActive,
  lastActiveAt: user.lastActiveAt?.toISOString() ?? null,
})
