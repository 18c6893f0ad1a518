/**
 * Sessions: made at sign-in, found by the hash of their token, ended everywhere within seconds. Time is the database's.
 * A found session is trusted for up to 4 s without asking again; ending one drops it here at once and, by notice, on
 * every other instance.
 */
import { and, eq, gt, inArray, isNull, ne, type SQL, sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Role, SessionEndReason } from '../../../shared/account.ts'
import type { Config } from '../config/config.ts'
import type { Database } from '../db/database.ts'
import type { NoticeBoard } from '../notices/plugin.ts'
import { hashSessionToken, newSessionToken } from './session-token.ts'
import { SessionWatch } from './session-watch.ts'
import { sessions, users } from './table.ts'

/** Who acts, as far as authorisation needs to know. */
export interface Actor {
  readonly id: string
  readonly role: Role
  readonly sessionId: string
}

const trustMs = 4000
const touchEveryMs = 60_000
/** A notice must fit into the 8,000 bytes of one NOTIFY. */
const idsPerNotice = 100

export class Sessions {
  readonly watch = new SessionWatch()
  readonly #db: Database
  readonly #config: Config['auth']
  readonly #notices: NoticeBoard
  readonly #log: FastifyBaseLogger
  readonly #cache: LRUCache<string, Actor>
  readonly #touched: LRUCache<string, true>
  readonly #touchEveryMs: number
  readonly #find: ReturnType<typeof prepareFind>
  #endings = 0

  constructor(db: Database, config: Config['auth'], notices: NoticeBoard, log: FastifyBaseLogger) {
    this.#db = db
    this.#config = config
    this.#notices = notices
    this.#log = log
    this.#find = prepareFind(db, config.sessionIdleTtlMs)
    // Much more often than a session may be idle, however short that is set.
    const [trust, touch] = [trustMs, touchEveryMs].map((ms) => Math.ceil(Math.min(ms, config.sessionIdleTtlMs / 4)))
    this.#touchEveryMs = touch as number
    this.#cache = new LRUCache({ max: 10_000, ttl: trust as number })
    this.#touched = new LRUCache({ max: 50_000, ttl: touch as number })
    notices.on('sessions.ended', ({ sessionIds, reason }) => this.#forget(sessionIds, reason))
    notices.on('notices.connected', () => {
      this.#endings++
      this.#cache.clear()
    })
  }

  /** In the transaction of the sign-in. The token is returned once and stored nowhere. */
  async create(tx: Database, session: { userId: string; ip: string; userAgent: string | undefined }) {
    const token = newSessionToken()
    const [row] = await tx
      .insert(sessions)
      .values({
        userId: session.userId,
        tokenHash: hashSessionToken(token) as string,
        ip: session.ip,
        userAgent: session.userAgent?.slice(0, 500),
        expiresAt: sql`now() + ${seconds(this.#config.sessionAbsoluteTtlMs)}`,
      })
      .returning({ id: sessions.id })
    return { token, sessionId: (row as { id: string }).id }
  }

  /** Null when the token is unknown, ended, expired, or its person disabled: those are not told apart. */
  async find(token: string): Promise<Actor | null> {
    const tokenHash = hashSessionToken(token)
    if (tokenHash === null) return null
    const known = this.#cache.get(tokenHash)
    if (known) return known
    const endings = this.#endings
    const [row] = await this.#find.execute({ tokenHash })
    if (!row) return null
    const actor: Actor = { id: row.userId, role: row.role, sessionId: row.sessionId }
    // Not kept if anything ended meanwhile: what was read may be what ended.
    if (endings === this.#endings) this.#cache.set(tokenHash, actor)
    this.#touch(actor)
    return actor
  }

  /** Ends those of a person's sessions that `which` names; already ended ones stay as they are. Returns how many. */
  async end(
    db: Database,
    userId: string,
    which: { only: string } | { except: string } | 'all',
    reason: SessionEndReason,
  ) {
    const chosen =
      which === 'all' ? undefined : 'only' in which ? eq(sessions.id, which.only) : ne(sessions.id, which.except)
    const ended = await db
      .update(sessions)
      .set({ endedAt: sql`now()`, endReason: reason })
      .where(and(eq(sessions.userId, userId), isNull(sessions.endedAt), chosen))
      .returning({ id: sessions.id })
    return ended.map(({ id }) => id)
  }

  /** Ends the session of a token, also where its person is disabled: enabled again, the token must not be worth anything. */
  async endByToken(db: Database, token: string, reason: SessionEndReason): Promise<string[]> {
    const tokenHash = hashSessionToken(token)
    if (tokenHash === null) return []
    const ended = await db
      .update(sessions)
      .set({ endedAt: sql`now()`, endReason: reason })
      .where(and(eq(sessions.tokenHash, tokenHash), isNull(sessions.endedAt)))
      .returning({ id: sessions.id })
    return ended.map(({ id }) => id)
  }

  /** After the commit that ended them. */
  announceEnded(sessionIds: string[], reason: SessionEndReason): void {
    for (let at = 0; at < sessionIds.length; at += idsPerNotice) {
      this.#notices.publish('sessions.ended', { sessionIds: sessionIds.slice(at, at + idsPerNotice), reason })
    }
  }

  /** True while a listed session may be used; shared by finding, listing and watching, so that they cannot differ. */
  get alive(): SQL {
    return alive(this.#config.sessionIdleTtlMs)
  }

  /** Tells watchers of sessions that are over, whatever ended them. */
  async checkWatched(): Promise<void> {
    const watched = this.watch.sessionIds
    if (watched.length === 0) return
    const rows = await this.#db
      .select({
        id: sessions.id,
        reason: sessions.endReason,
        isActive: users.isActive,
        alive: sql<boolean>`${this.alive}`,
      })
      .from(sessions)
      .innerJoin(users, eq(users.id, sessions.userId))
      .where(inArray(sessions.id, watched))
    const found = new Map(rows.map((row) => [row.id, row]))
    for (const id of watched) {
      const row = found.get(id)
      if (row?.alive && row.isActive) continue
      this.#forget([id], row?.reason ?? (row?.isActive === false ? 'account-changed' : 'expired'))
    }
  }

  #forget(sessionIds: string[], reason: SessionEndReason) {
    this.#endings++
    const ended = new Set(sessionIds)
    for (const [tokenHash, actor] of this.#cache.entries()) {
      if (ended.has(actor.sessionId)) this.#cache.delete(tokenHash)
    }
    for (const id of sessionIds) this.watch.tell(id, reason)
  }

  /** At most once a minute a session, more often only where sessions are set to end sooner. The caller does not wait: its answer does not depend on it. */
  #touch({ sessionId, id }: Actor) {
    if (this.#touched.has(sessionId)) return
    this.#touched.set(sessionId, true)
    const ago = sql`now() - ${seconds(this.#touchEveryMs)}`
    // One statement for both rows.
    this.#db
      .execute(
        sql`with touched as (
          update ${sessions} set last_used_at = now()
          where id = ${sessionId} and ended_at is null and last_used_at < ${ago}
        )
        update ${users} set last_active_at = now()
        where id = ${id} and (last_active_at is null or last_active_at < now() - interval '1 minute')`,
      )
      .catch((err) => {
        this.#touched.delete(sessionId)
        this.#log.warn({ err }, 'last use of a session not noted')
      })
  }
}

const seconds = (durationMs: number) => sql.raw(`interval '${durationMs / 1000} seconds'`)

function alive(idleTtlMs: number): SQL {
  return sql`(${isNull(sessions.endedAt)} and ${gt(sessions.expiresAt, sql`now()`)} and ${gt(
    sessions.lastUsedAt,
    sql`now() - ${seconds(idleTtlMs)}`,
  )})`
}

/** Session and person in one join, prepared: it runs before nearly every other query. */
function prepareFind(db: Database, idleTtlMs: number) {
  return db
    .select({ sessionId: sessions.id, userId: users.id, role: users.role })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(sessions.tokenHash, sql.placeholder('tokenHash')), alive(idleTtlMs), eq(users.isActive, true)))
    .prepare('find_session')
}
