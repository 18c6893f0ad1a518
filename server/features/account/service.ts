/** A person's own account. Every function acts on the actor alone, so nobody else's rows can be named. */

import Bowser from 'bowser'
import { and, desc, eq, lt, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type {
  Identity,
  Person,
  RevokeSession,
  Session,
  SessionEnded,
  SignInMethod,
  UnlinkIdentity,
  UpdateProfile,
} from '../../../shared/account.ts'
import type { PageRequest } from '../../../shared/pages.ts'
import type { Config } from '../../platform/config/config.ts'
import type { Database } from '../../platform/db/database.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import type { Actor, Sessions } from '../../platform/identity/sessions.ts'
import { signInPath } from '../../platform/identity/sign-in-path.ts'
import { identities, sessions as sessionTable, type User, users } from '../../platform/identity/table.ts'

export async function getMe(db: Database, actor: Actor): Promise<Person> {
  const [user] = await db.select().from(users).where(eq(users.id, actor.id))
  // Signed in a moment ago, deleted since.
  if (!user) throw new AppError('SESSION_ENDED')
  return toPerson(user)
}

/** Which buttons a sign-in page shows. Mock and real sign-in look the same from here. */
export function listSignInMethods(config: Config): SignInMethod[] {
  return [{ provider: config.auth.provider, name: 'Google', path: signInPath }]
}

export async function updateProfile(db: Database, actor: Actor, { displayName }: UpdateProfile): Promise<Person> {
  const [user] = await db.update(users).set({ displayName }).where(eq(users.id, actor.id)).returning()
  if (!user) throw new AppError('SESSION_ENDED')
  return toPerson(user)
}

/** Live sessions, the newest first. */
export async function listSessions(db: Database, actor: Actor, sessions: Sessions, config: Config, page: PageRequest) {
  const rows = await db
    .select()
    .from(sessionTable)
    .where(
      and(
        eq(sessionTable.userId, actor.id),
        sessions.alive,
        page.cursor ? lt(sessionTable.id, page.cursor) : undefined,
      ),
    )
    .orderBy(desc(sessionTable.id))
    .limit(page.limit + 1)
  return toPage(rows, page, (row): Session => {
    const idleEnd = row.lastUsedAt.getTime() + config.auth.sessionIdleTtlMs
    return {
      id: row.id,
      current: row.id === actor.sessionId,
      device: describeDevice(row.userAgent),
      ip: row.ip,
      createdAt: row.createdAt.toISOString(),
      lastUsedAt: row.lastUsedAt.toISOString(),
      expiresAt: new Date(Math.min(idleEnd, row.expiresAt.getTime())).toISOString(),
    }
  })
}

/** Ends one session, on every instance within seconds. @throws AppError NOT_FOUND, for somebody else's too */
export async function revokeSession(
  db: Database,
  actor: Actor,
  sessions: Sessions,
  { sessionId }: z.infer<typeof RevokeSession>,
) {
  const ended = await sessions.end(db, actor.id, { only: sessionId }, 'revoked')
  if (ended.length === 0) throw new AppError('NOT_FOUND')
  sessions.announceEnded(ended, 'revoked')
  return { ended: ended.length }
}

export async function revokeOtherSessions(db: Database, actor: Actor, sessions: Sessions) {
  const ended = await sessions.end(db, actor.id, { except: actor.sessionId }, 'revoked')
  sessions.announceEnded(ended, 'revoked')
  return { ended: ended.length }
}

/** The oldest first. */
export async function listIdentities(db: Database, actor: Actor, page: PageRequest) {
  const rows = await db
    .select()
    .from(identities)
    .where(and(eq(identities.userId, actor.id), page.cursor ? sql`${identities.id} > ${page.cursor}` : undefined))
    .orderBy(identities.id)
    .limit(page.limit + 1)
  return toPage(
    rows,
    page,
    ({ id, provider, email, createdAt, lastUsedAt }): Identity => ({
      id,
      provider,
      email,
      createdAt: createdAt.toISOString(),
      lastUsedAt: lastUsedAt.toISOString(),
    }),
  )
}

/** @throws AppError NOT_FOUND, for somebody else's too; LAST_SIGN_IN_METHOD */
export async function unlinkIdentity(db: Database, actor: Actor, { identityId }: z.infer<typeof UnlinkIdentity>) {
  await withTransaction(db, async (tx) => {
    // The person's row is the turn: two unlinks at once must not each see the other's method still there.
    await tx.select({ id: users.id }).from(users).where(eq(users.id, actor.id)).for('update')
    const owned = await tx.select({ id: identities.id }).from(identities).where(eq(identities.userId, actor.id))
    if (!owned.some(({ id }) => id === identityId)) throw new AppError('NOT_FOUND')
    if (owned.length === 1) throw new AppError('LAST_SIGN_IN_METHOD')
    await tx.delete(identities).where(eq(identities.id, identityId))
  })
}

/** One event, when the session ends, and then the end of the stream; nothing when the caller goes first. */
export async function* followSessionEnd(
  actor: Actor,
  sessions: Sessions,
  signal: AbortSignal | undefined,
): AsyncGenerator<SessionEnded> {
  const { promise, resolve } = Promise.withResolvers<SessionEnded | null>()
  const unwatch = sessions.watch.watch(actor.sessionId, (reason) => resolve({ reason }))
  const leave = () => resolve(null)
  signal?.addEventListener('abort', leave, { once: true })
  try {
    const ended = signal?.aborted ? null : await promise
    if (ended) yield ended
  } finally {
    unwatch()
    signal?.removeEventListener('abort', leave)
  }
}

function toPerson(user: User): Person {
  return {
    id: user.id,
    email: user.email,
    username: user.username,
    displayName: user.displayName,
    avatarUrl: user.avatarUrl,
    role: user.role,
    createdAt: user.createdAt.toISOString(),
    lastLoginAt: user.lastLoginAt?.toISOString() ?? null,
  }
}

/** `rows` holds one more than the page when there is a next one. */
function toPage<Row extends { id: string }, Item>(rows: Row[], { limit }: PageRequest, toItem: (row: Row) => Item) {
  const items = rows.slice(0, limit)
  return { items: items.map(toItem), nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

function describeDevice(userAgent: string | null): string {
  if (!userAgent) return 'Unknown device'
  const { browser, os } = Bowser.parse(userAgent)
  if (browser.name && os.name) return `${browser.name} on ${os.name}`
  return browser.name || userAgent.split(/[ /]/)[0]?.slice(0, 40) || 'Unknown device'
}
