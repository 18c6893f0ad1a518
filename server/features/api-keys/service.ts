/**
 * API keys of people: making them, listing them, revoking them. Nobody makes a key for what they may not do themselves, nor one of
 * somebody else; who may make one has just shown who they are.
 */
import { and, desc, eq, gt, isNull, lt, type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import {
  type ApiKey,
  apiKeyLimits,
  type CreateApiKey,
  type CreateApiKeyFor,
  type ListAllApiKeys,
  type ManagedApiKey,
  type NewApiKey,
  type RevokeApiKey,
} from '../../../shared/api-keys.ts'
import { type Capability, capabilities, hasCapability } from '../../../shared/capabilities.ts'
import { Id } from '../../../shared/id.ts'
import type { ListRequest } from '../../../shared/pages.ts'
import { noteChange, type Origin, recordAudit } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { offsetOf, placeOf, toList, toPage } from '../../platform/db/page.ts'
import { afterCommit, withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { lesserRole } from '../../platform/identity/access-token.ts'
import { type ApiKeyRow, endOf, insertApiKey, lastUseOf } from '../../platform/identity/api-keys.ts'
import { requireFreshSignIn } from '../../platform/identity/fresh-sign-in.ts'
import { personIdOf } from '../../platform/identity/operator.ts'
import { lockPerson, mailToOwner } from '../../platform/identity/people.ts'
import { type Actor, isApiKey, type Sessions } from '../../platform/identity/sessions.ts'
import { sessions as sessionTable, type User, users } from '../../platform/identity/table.ts'
import { mailAdministrativeChange, requireAdministrator } from '../people/service.ts'

/** Those that nobody has ended, the newest first: also what has expired, which says why a program has stopped. */
export async function listApiKeys(db: Database, actor: Actor, asked: ListRequest) {
  const mine = and(eq(sessionTable.userId, actor.id), isListed)
  const rows = await db
    .select()
    .from(sessionTable)
    .where(and(mine, isAfter(placeOf(asked, Place)?.[0])))
    .orderBy(desc(sessionTable.id))
    .offset(offsetOf(asked))
    .limit(asked.limit + 1)
  const total = await db.$count(sessionTable, mine)
  return toList(rows as ApiKeyRow[], asked, { total, placeOf: ({ id }) => [id], toItem: toApiKey })
}

/** The key after which a list goes on. */
const Place = z.tuple([Id])

/** Everybody's, or one person's; as `listApiKeys`. */
export async function listAllApiKeys(db: Database, { personId, ...page }: ListAllApiKeys) {
  const rows = await db
    .select({
      id: sessionTable.id,
      key: sessionTable,
      person: { id: users.id, displayName: users.displayName, avatarUrl: users.avatarUrl },
    })
    .from(sessionTable)
    .innerJoin(users, eq(users.id, sessionTable.userId))
    .where(and(personId ? eq(sessionTable.userId, personId) : undefined, isListed, isAfter(page.cursor)))
    .orderBy(desc(sessionTable.id))
    .limit(page.limit + 1)
  return toPage(rows, page, ({ key, person }): ManagedApiKey => ({ ...toApiKey(key as ApiKeyRow), person }))
}

const isListed = and(isApiKey, isNull(sessionTable.endedAt))
const isAfter = (id: string | undefined) => (id === undefined ? undefined : lt(sessionTable.id, id))

/**
 * @throws AppError REAUTHENTICATION_REQUIRED, FORBIDDEN for a scope that they do not have themselves, API_KEY_LIMIT_REACHED,
 * ACCOUNT_DISABLED
 */
export async function createApiKey(db: Database, actor: Actor, origin: Origin, asked: CreateApiKey) {
  return withTransaction(db, async (tx) => {
    // First, so that who secures the account at this moment is waited for, and has ended what this came by.
    await lockPerson(tx, actor.id)
    await requireFreshSignIn(tx, actor)
    return create(tx, { actor, origin, action: 'apiKeys.create' }, actor.id, asked)
  })
}

/** For the operator. @throws as `createApiKey`, but for the sign-in, and NOT_FOUND */
export async function createApiKeyFor(
  db: Database,
  actor: Actor,
  origin: Origin,
  { personId, ...asked }: CreateApiKeyFor,
) {
  return withTransaction(db, (tx) => create(tx, { actor, origin, action: 'apiKeys.createFor' }, personId, asked))
}

/** The person hears of it by mail: it may have been somebody else. */
async function create(
  tx: Database,
  { actor, origin, action }: { actor: Actor; origin: Origin; action: string },
  personId: string,
  { name, scopes: named, expiresInDays }: CreateApiKey,
): Promise<NewApiKey> {
  // Their row is the turn: of two at once, one is the last that there is room for. And their role stays what it is.
  const person = await lockPerson(tx, personId)
  if (!person) throw new AppError('NOT_FOUND')
  if (!person.isActive) throw new AppError('ACCOUNT_DISABLED')
  const scopes = [...new Set(named)]
  refuseLacking(scopes, actor, person)
  await refuseTooMany(tx, personId)
  const { key, row } = await insertApiKey(tx, { userId: personId, name, scopes, expiresInDays })
  await mailToOwner(tx, person, 'api-key-created', { name: person.displayName, scopes: scopes.join(', ') })
  const made = toApiKey(row)
  const after = { userId: personId, name, scopes, expiresAt: made.expiresAt }
  await recordAudit(tx, { ...origin, actorId: personIdOf(actor), action, target: `api-key:${row.id}`, after })
  return { ...made, key }
}

/** What they come by may be worth less than who they are: an access token of before. */
function refuseLacking(scopes: readonly Capability[], actor: Actor, person: User): void {
  const role = lesserRole(actor.role, person.role)
  const lacking = scopes.filter((scope) => !hasCapability(role, scope))
  if (lacking.length === 0) return
  throw new AppError('FORBIDDEN', {
    message: `A key can have no scope that its person has not: leave out ${lacking.join(', ')}.`,
  })
}

async function refuseTooMany(tx: Database, personId: string): Promise<void> {
  const isActive = and(isApiKey, isNull(sessionTable.endedAt), gt(sessionTable.expiresAt, sql`now()`))
  const active = await tx.$count(sessionTable, and(eq(sessionTable.userId, personId), isActive))
  if (active >= apiKeyLimits.perPerson) throw new AppError('API_KEY_LIMIT_REACHED')
}

/** On every instance within seconds, open sockets too. @throws AppError NOT_FOUND, for somebody else's too */
export async function revokeApiKey(db: Database, sessions: Sessions, actor: Actor, { keyId }: RevokeApiKey) {
  const isMine = eq(sessionTable.userId, actor.id)
  await withTransaction(db, (tx) => revoke(tx, sessions, and(eq(sessionTable.id, keyId), isMine)))
}

/** As `revokeApiKey`, anybody's; reported by mail. @throws AppError NOT_FOUND, FORBIDDEN, REAUTHENTICATION_REQUIRED */
export async function revokeAnyApiKey(db: Database, sessions: Sessions, actor: Actor, { keyId }: RevokeApiKey) {
  await withTransaction(db, async (tx) => {
    await requireAdministrator(tx, actor)
    const { userId } = await revoke(tx, sessions, eq(sessionTable.id, keyId))
    const [person] = await tx.select().from(users).where(eq(users.id, userId))
    const change = { act: 'api-key-revoked', target: `api-key:${keyId}` } as const
    if (person) await mailAdministrativeChange(tx, actor, person, change)
  })
}

async function revoke(tx: Database, sessions: Sessions, which: SQL | undefined): Promise<{ userId: string }> {
  const [row] = await tx
    .select()
    .from(sessionTable)
    .where(and(which, isApiKey, isNull(sessionTable.endedAt)))
    .for('update')
  if (!row) throw new AppError('NOT_FOUND')
  const ended = await sessions.end(tx, row.userId, { key: row.id }, 'revoked')
  afterCommit(tx, () => sessions.announceEnded(ended, 'revoked'))
  noteChange(tx, { userId: row.userId, name: row.keyName, scopes: row.keyScopes }, null)
  return { userId: row.userId }
}

function toApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.keyName,
    // One that this version does not know says nothing to anybody.
    scopes: row.keyScopes.filter((scope) => capabilities.includes(scope)),
    createdAt: row.createdAt.toISOString(),
    lastUsedAt: lastUseOf(row)?.toISOString() ?? null,
    expiresAt: endOf(row)?.toISOString() ?? null,
  }
}
