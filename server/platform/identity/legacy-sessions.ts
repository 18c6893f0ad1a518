/**
 * What a vouched-for legacy id opens: a row of `sessions` like any other, one for each id, so that it is listed, ended and watched
 * like any other. The header says nothing of when somebody signed in, so an ended one stays ended until an administrator enables
 * the person again. Once its person has a way in that proves who they are, the id is claimed, and alone opens nothing any more.
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { and, eq, inArray, isNotNull, type SQL, sql } from 'drizzle-orm'
import { type Origin, recordAudit } from '../audit/audit-log.ts'
import type { Database } from '../db/database.ts'
import { withTransaction } from '../db/transaction.ts'
import { AppError } from '../errors/app-error.ts'
import { lesserRole } from './access-token.ts'
import { findOrCreatePerson } from './people.ts'
import { type Actor, never, type Sessions } from './sessions.ts'
import { identities, sessions as sessionTable, users } from './table.ts'

type From = Origin & { userAgent: string | undefined; raw: IncomingMessage }

/** The action of the records that `people.legacyReport` reads. */
export const legacyUse = 'auth.legacyHeader'

export class LegacySessions {
  readonly #db: Database
  readonly #sessions: Sessions
  readonly #counted: (outcome: 'accepted' | 'refused') => void
  readonly #look: ReturnType<typeof prepareLook>
  /** A socket asks at each call, and is one use. */
  readonly #recorded = new WeakSet<IncomingMessage>()

  constructor(db: Database, sessions: Sessions, counted: (outcome: 'accepted' | 'refused') => void) {
    this.#db = db
    this.#sessions = sessions
    this.#counted = counted
    this.#look = prepareLook(db)
  }

  /**
   * Null where the id is claimed, its session was ended or its person disabled. Asks the database each time: whoever depends on
   * this header pays for it. The actor may never do more than a `user`.
   */
  async find(legacyId: string, from: From): Promise<Actor | null> {
    const actor = await this.#find(legacyId, from)
    if (this.#recorded.has(from.raw)) return actor
    this.#counted(actor ? 'accepted' : 'refused')
    this.#recorded.add(from.raw)
    if (actor) {
      const { ip, requestId } = from
      const target = `legacy:${legacyId}`
      await recordAudit(this.#db, { actorId: actor.id, action: legacyUse, target, ip, requestId })
    }
    return actor
  }

  /** Whom the id names, whatever they may; null for nobody. */
  async personIdOf(legacyId: string): Promise<string | null> {
    const [row] = await this.#look.execute({ legacyId })
    return row?.userId ?? null
  }

  async #find(legacyId: string, from: From): Promise<Actor | null> {
    const tokenHash = hashOf(legacyId)
    const known = await this.#known(legacyId, tokenHash)
    if (known !== undefined) return known
    try {
      await withTransaction(this.#db, (tx) => openIn(tx, this.#sessions, legacyId, tokenHash, from))
    } catch (error) {
      const refused = error instanceof AppError && (error.code === 'SESSION_ENDED' || error.code === 'ACCOUNT_DISABLED')
      if (!refused) throw error
      return null
    }
    return (await this.#known(legacyId, tokenHash)) ?? null
  }

  /** Undefined where there is no session yet, or one that has gone unused for too long. */
  async #known(legacyId: string, tokenHash: string): Promise<Actor | null | undefined> {
    const [row] = await this.#look.execute({ legacyId })
    if (!row) return undefined
    if (row.claimed || !row.isActive) return null
    const session = await this.#sessions.findByHash(tokenHash)
    return session ? { ...session, role: lesserRole(row.role, 'user') } : undefined
  }
}

/** @throws AppError SESSION_ENDED, ACCOUNT_DISABLED */
async function openIn(tx: Database, sessions: Sessions, legacyId: string, tokenHash: string, from: From) {
  const { user } = await findOrCreatePerson(tx, sessions, {
    provider: 'legacy',
    issuer: null,
    subject: legacyId,
    email: null,
    emailVerified: false,
    name: `Person ${legacyId}`.slice(0, 80),
    pictureUrl: null,
  })
  const [identity] = await tx.select({ id: identities.id }).from(identities).where(isLegacyId(legacyId))
  const own = { userId: user.id, identityId: identity?.id }
  const [row] = await tx
    .insert(sessionTable)
    .values({
      ...own,
      tokenHash,
      ip: from.ip,
      userAgent: from.userAgent?.slice(0, 500),
      // The row of an ended one says that it was, for as long as the header may come.
      expiresAt: never,
      // It proves nothing, so it is never fresh enough for a dangerous change.
      authenticatedAt: new Date(0),
    })
    .onConflictDoUpdate({
      target: sessionTable.tokenHash,
      set: { ...own, lastUsedAt: sql`now()` },
      // What was ended stays so, and whom this has made is undone: unlinked from one person, the id must not make another.
      setWhere: sql`${sessionTable.endedAt} is null`,
    })
    .returning({ id: sessionTable.id })
  if (!row) throw new AppError('SESSION_ENDED')
}

/** Lets the legacy ids of a person open a session again after theirs were ended. In the transaction that lets the person in again. */
export async function letLegacyIdsIn(tx: Database, userId: string): Promise<void> {
  const legacy = tx
    .select({ id: identities.id })
    .from(identities)
    .where(and(eq(identities.userId, userId), eq(identities.provider, 'legacy')))
  await tx
    .update(sessionTable)
    // The row of the past stays, and is no longer what the header finds.
    .set({ tokenHash: null, expiresAt: sql`least(${sessionTable.expiresAt}, ${sessionTable.endedAt})` })
    .where(and(inArray(sessionTable.identityId, legacy), isNotNull(sessionTable.endedAt)))
}

/** In a query of `users`: whether one has a way in that proves who they are, by a provider or by a password and an address that is theirs. */
export const provesItself = sql<boolean>`exists (select 1 from identities proof where proof.user_id = "users"."id"
  and (proof.provider not in ('legacy', 'password') or (proof.provider = 'password' and "users"."email_verified")))`

export const isLegacyId = (legacyId: string | ReturnType<typeof sql.placeholder>): SQL =>
  sql`(${identities.provider} = 'legacy' and ${identities.subject} = ${legacyId})`

/** Of no text that a cookie can hold, so it opens nothing as a cookie. */
const hashOf = (legacyId: string) =>
  createHash('sha256')
    .update(JSON.stringify(['legacy', legacyId]))
    .digest('base64url')

function prepareLook(db: Database) {
  return db
    .select({ userId: users.id, role: users.role, isActive: users.isActive, claimed: provesItself })
    .from(identities)
    .innerJoin(users, eq(users.id, identities.userId))
    .where(isLegacyId(sql.placeholder('legacyId')))
    .prepare('find_legacy_person')
}
