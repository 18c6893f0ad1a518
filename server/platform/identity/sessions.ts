/**
 * Sessions: made at sign-in, found by the hash of their token, ended everywhere within seconds. Time is the database's. An API
 * key is one too (api-keys.ts): it is found, ended and watched alike, and signing out leaves it alone.
 * A found session is trusted for up to 2.5 s without asking again; ending one drops it here at once and, by notice, on
 * every other instance.
 */
import { and, eq, gt, inArray, isNotNull, isNull, lt, ne, or, type SQL, sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Role, SessionEndReason } from '../../../shared/account.ts'
import type { Capability } from '../../../shared/capabilities.ts'
import { upTo } from '../cache-size.ts'
import type { Config } from '../config/config.ts'
import type { Database } from '../db/database.ts'
import type { NoticeBoard } from '../notices/plugin.ts'
import { byIssuer, isIdentity } from './identity-key.ts'
import type { WayIn } from './provider.ts'
import { type Alive, type Ended, type Found, isActor, SessionLookups } from './session-lookups.ts'
import { hashSessionToken, newSessionToken } from './session-token.ts'
import { SessionWatch } from './session-watch.ts'
import { identities, sessions, users } from './table.ts'

/** Who acts, as far as authorisation needs to know. */
export interface Actor {
  readonly id: string
  readonly role: Role
  readonly sessionId: string
  /** All that the API key may do by which they come; null where they are here themselves, with all that their role may. */
  readonly scopes: readonly Capability[] | null
}

/** Later than anything. */
export const never = new Date('9999-12-31T00:00:00Z')

export interface SessionTimes {
  /** How long a session that was found is trusted without a query. */
  trustMs: number
  /** Between two checks of the sessions that open sockets and streams depend on. */
  checkEveryMs: number
}
/** Together, and with the last words of a socket, less than the 5 s within which all must end though every notice is lost. */
export const defaultSessionTimes: SessionTimes = { trustMs: 2500, checkEveryMs: 2000 }
const touchEveryMs = 60_000
/** A notice must fit into the 8,000 bytes of one NOTIFY. */
const idsPerNotice = 100
const keptMs = 30 * 24 * 3_600_000
const deletedAtOnce = 1000

export class Sessions {
  readonly watch = new SessionWatch()
  readonly #db: Database
  readonly #config: Config['auth']
  readonly #notices: NoticeBoard
  readonly #log: FastifyBaseLogger
  readonly #lookups: SessionLookups
  readonly #touched: LRUCache<string, true>
  readonly #touchEveryMs: number
  /** By session id, up to when its row says that it lives. */
  readonly #until = new LRUCache<string, number>(upTo(50_000))
  /** By session id. */
  readonly #refreshSeen = new LRUCache<string, number>(upTo(50_000))
  readonly #find: ReturnType<typeof prepareFind>
  /** By how much the database's clock is ahead of this process's, as of the last look. */
  #aheadMs = 0

  constructor(
    db: Database,
    config: Config['auth'],
    notices: NoticeBoard,
    log: FastifyBaseLogger,
    { trustMs } = defaultSessionTimes,
  ) {
    this.#db = db
    this.#config = config
    this.#notices = notices
    this.#log = log
    this.#find = prepareFind(db, config.sessionIdleTtlMs)
    // Much more often than a session may be idle, however short that is set.
    const [trust, touch] = [trustMs, touchEveryMs].map((ms) => Math.ceil(Math.min(ms, config.sessionIdleTtlMs / 4)))
    this.#touchEveryMs = touch as number
    this.#lookups = new SessionLookups(trust as number)
    this.#touched = new LRUCache({ ...upTo(50_000), ttl: touch as number })
    notices.on('sessions.ended', ({ sessionIds, reason }) => this.#forget(sessionIds, reason))
    notices.on('people.changed', ({ personIds }) => this.#lookups.forgetUsers(personIds))
    notices.on('notices.connected', () => this.#lookups.clear())
  }

  /**
   * In the transaction of the sign-in. The token of a cookie is returned once and stored nowhere; one that is held by tokens of
   * our own has none.
   */
  async create(
    tx: Database,
    session: { userId: string; by: WayIn; ip: string; userAgent: string | undefined },
    heldBy: 'cookie' | 'tokens',
  ) {
    const token = heldBy === 'cookie' ? newSessionToken() : null
    const [row] = await tx
      .insert(sessions)
      .values({
        userId: session.userId,
        identityId: sql`(select ${identities.id} from ${identities} where ${isIdentity(session.by)}
          order by ${byIssuer} limit 1)`,
        tokenHash: token && hashSessionToken(token),
        ip: session.ip,
        userAgent: session.userAgent?.slice(0, 500),
        expiresAt: sql`now() + ${seconds(this.#config.sessionAbsoluteTtlMs)}`,
      })
      .returning({ id: sessions.id, createdAt: sessions.createdAt })
    const { id, createdAt } = row as { id: string; createdAt: Date }
    return { token, sessionId: id, createdAt }
  }

  /** Null when the token is unknown. */
  async find(token: string): Promise<Actor | Ended | null> {
    const tokenHash = hashSessionToken(token)
    return tokenHash === null ? null : this.#findSecret(tokenHash)
  }

  /** By the hash of a session token or an API key. Null where it is unknown, ended or expired, or its user is disabled. */
  async findBySecret(tokenHash: string): Promise<Actor | null> {
    return actorOrNull(await this.#findSecret(tokenHash))
  }

  async #findSecret(tokenHash: string): Promise<Alive | Ended | null> {
    return (await this.#lookups.findSecret(tokenHash, this.#lookUpHash(tokenHash))) ?? null
  }

  /** Whether a valid session was found here by this hash or session id before, so that it is no guess. */
  hasSeen(key: string): boolean {
    return this.#lookups.hasSeen(key)
  }

  /** `untilS`: seconds since 1970 up to which the credential that came now is good; the session lives at least as long. */
  async findByHash(tokenHash: string, untilS = 0): Promise<Actor | null> {
    const actor = actorOrNull(await this.#lookups.find(tokenHash, this.#lookUpHash(tokenHash)))
    if (actor) this.#prolong(actor, untilS)
    return actor
  }

  /** For a caller with a token that names it. Null as for `find`. */
  async findById(sessionId: string): Promise<Alive | Ended | null> {
    const look = () => this.#lookUp(this.#find.byId.execute({ sessionId }))
    return (await this.#lookups.findSecret(sessionId, look)) ?? null
  }

  /** Seconds since 1970 by the database's clock, as of the last session that was looked up. */
  get nowS(): number {
    return (Date.now() + this.#aheadMs) / 1000
  }

  #lookUpHash(tokenHash: string) {
    return () => this.#lookUp(this.#find.byHash.execute({ tokenHash }))
  }

  async #lookUp(query: Promise<Row[]>): Promise<Found> {
    const [row] = await query
    if (!row) return undefined
    this.#aheadMs = row.nowMs - Date.now()
    if (!row.isGood) return { endReason: endReasonOf(row) }
    const { userId: id, role, sessionId, scopes, refreshCounter } = row
    const actor = { id, role, sessionId, scopes, refreshCounter }
    this.#touch(actor)
    return actor
  }

  /** That the refresh token of this counter has arrived: an access token that came with it was used. Nobody waits for it. */
  noteRefreshSeen(sessionId: string, counter: number): void {
    if (counter <= (this.#refreshSeen.get(sessionId) ?? 0)) return
    this.#refreshSeen.set(sessionId, counter)
    this.#db
      .update(sessions)
      .set({ refreshSeen: counter })
      .where(and(eq(sessions.id, sessionId), lt(sessions.refreshSeen, counter)))
      .catch((err) => {
        this.#refreshSeen.delete(sessionId)
        this.#log.warn({ err }, 'arrival of a refresh token not noted')
      })
  }

  /** Ends those of a person's sessions that `which` names; already ended ones stay as they are. Returns which. */
  async end(db: Database, userId: string, which: Which, reason: SessionEndReason) {
    const ended = await db
      .update(sessions)
      .set({ endedAt: sql`now()`, endReason: reason })
      .where(and(eq(sessions.userId, userId), isNull(sessions.endedAt), chosenBy(which)))
      .returning({ id: sessions.id })
    return ended.map(({ id }) => id)
  }

  /** Ends the session of a token, also where its person is disabled: enabled again, the token must not be worth anything. */
  async endByToken(db: Database, token: string, reason: SessionEndReason): Promise<{ id: string; userId: string }[]> {
    const tokenHash = hashSessionToken(token)
    return tokenHash === null ? [] : this.#endOne(db, eq(sessions.tokenHash, tokenHash), reason)
  }

  /** As `endByToken`, for who has shown a token that names it. */
  endById(db: Database, sessionId: string, reason: SessionEndReason): Promise<{ id: string; userId: string }[]> {
    return this.#endOne(db, eq(sessions.id, sessionId), reason)
  }

  #endOne(db: Database, which: SQL, reason: SessionEndReason) {
    return db
      .update(sessions)
      .set({ endedAt: sql`now()`, endReason: reason })
      .where(and(which, isNull(sessions.endedAt)))
      .returning({ id: sessions.id, userId: sessions.userId })
  }

  /** After the commit that ended them. */
  announceEnded(sessionIds: string[], reason: SessionEndReason): void {
    for (let at = 0; at < sessionIds.length; at += idsPerNotice) {
      this.#notices.publish('sessions.ended', { sessionIds: sessionIds.slice(at, at + idsPerNotice), reason })
    }
  }

  /** After the commit that changed a person's role, state or profile: each instance asks the database again. */
  announceChanged(personId: string): void {
    this.#notices.publish('people.changed', { personIds: [personId] })
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
        endReason: sessions.endReason,
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
      this.#forget([id], row ? endReasonOf(row) : 'expired')
    }
  }

  /**
   * What has been over for a month, which nobody asks about any more. Not what was only ended, but for API keys: an outside token
   * that is good for longer must find that it was. Returns how many went.
   */
  async deleteOld(signal?: AbortSignal): Promise<number> {
    const before = sql`now() - ${seconds(keptMs)}`
    const old = this.#db
      .select({ id: sessions.id })
      .from(sessions)
      .where(
        or(
          and(lt(sessions.expiresAt, before), or(isNull(sessions.endedAt), lt(sessions.endedAt, before))),
          and(isApiKey, lt(sessions.endedAt, before)),
        ),
      )
      .limit(deletedAtOnce)
    for (let deleted = 0; ; ) {
      const gone = await this.#db.delete(sessions).where(inArray(sessions.id, old)).returning({ id: sessions.id })
      deleted += gone.length
      if (gone.length < deletedAtOnce || signal?.aborted) return deleted
    }
  }

  #forget(sessionIds: string[], reason: SessionEndReason) {
    this.#lookups.forgetSessions(sessionIds)
    for (const id of sessionIds) {
      this.#until.delete(id)
      this.#refreshSeen.delete(id)
      this.watch.tell(id, reason)
    }
  }

  /** Once for each new credential. */
  #prolong({ sessionId }: Actor, untilS: number) {
    if (untilS <= (this.#until.get(sessionId) ?? 0)) return
    this.#until.set(sessionId, untilS)
    this.#db
      .update(sessions)
      .set({ expiresAt: sql`greatest(${sessions.expiresAt}, to_timestamp(${untilS}))` })
      .where(and(eq(sessions.id, sessionId), isNull(sessions.endedAt)))
      .catch((err) => {
        this.#until.delete(sessionId)
        this.#log.warn({ err }, 'session not prolonged')
      })
  }

  /** At most once a minute a session, more often only where sessions are set to end sooner. The caller does not wait: its answer does not depend on it. */
  #touch({ sessionId, id, scopes }: Actor) {
    if (this.#touched.has(sessionId)) return
    this.#touched.set(sessionId, true)
    const ago = sql`now() - ${seconds(this.#touchEveryMs)}`
    // One statement for both rows. A program that calls by night is no sign of its person.
    this.#db
      .execute(
        sql`with touched as (
          update ${sessions} set last_used_at = now()
          where id = ${sessionId} and ended_at is null and last_used_at < ${ago}
        )
        update ${users} set last_active_at = now()
        where id = ${id} and ${scopes === null} and (last_active_at is null or last_active_at < now() - interval '1 minute')`,
      )
      .catch((err) => {
        this.#touched.delete(sessionId)
        this.#log.warn({ err }, 'last use of a session not noted')
      })
  }
}

/** In a query of `sessions`. */
export const isApiKey = isNotNull(sessions.keyScopes)

/** `all`: API keys too, of which `key` is one. Anything else is of sign-ins alone; `identity`: what that way in has opened. */
type Which =
  | 'all'
  | 'sign-ins'
  | { key: string }
  | { only: string }
  | { except: string }
  | { identity: string; except?: string }

function chosenBy(which: Which): SQL | undefined {
  if (which === 'all') return undefined
  const isSignIn = isNull(sessions.keyScopes)
  if (which === 'sign-ins') return isSignIn
  if ('key' in which) return and(isApiKey, eq(sessions.id, which.key))
  if ('only' in which) return and(isSignIn, eq(sessions.id, which.only))
  return and(
    isSignIn,
    which.except === undefined ? undefined : ne(sessions.id, which.except),
    'identity' in which ? eq(sessions.identityId, which.identity) : undefined,
  )
}

const seconds = (durationMs: number) => sql.raw(`interval '${durationMs / 1000} seconds'`)

function alive(idleTtlMs: number): SQL {
  const isInUse = or(isApiKey, gt(sessions.lastUsedAt, sql`now() - ${seconds(idleTtlMs)}`))
  return sql`(${isNull(sessions.endedAt)} and ${gt(sessions.expiresAt, sql`now()`)} and ${isInUse})`
}

const actorOrNull = (found: Found | null) => (found && isActor(found) ? found : null)

/** Of a session that is not valid. */
export const endReasonOf = ({ endReason, isActive }: Pick<Row, 'endReason' | 'isActive'>): SessionEndReason =>
  endReason ?? (isActive ? 'expired' : 'account-changed')

interface Row {
  /** The session has not ended, and its user is active. */
  isGood: boolean
  endReason: SessionEndReason | null
  isActive: boolean
  sessionId: string
  userId: string
  role: Role
  scopes: Capability[] | null
  refreshCounter: number
  nowMs: number
}

/** Session and person in one join, prepared: it runs before nearly every other query. */
function prepareFind(db: Database, idleTtlMs: number) {
  const found = (which: SQL) =>
    db
      .select({
        isGood: sql<boolean>`(${alive(idleTtlMs)} and ${users.isActive})`,
        endReason: sessions.endReason,
        isActive: users.isActive,
        sessionId: sessions.id,
        userId: users.id,
        role: users.role,
        scopes: sessions.keyScopes,
        refreshCounter: sessions.refreshCounter,
        nowMs: sql<number>`(extract(epoch from now()) * 1000)::float8`,
      })
      .from(sessions)
      .innerJoin(users, eq(users.id, sessions.userId))
      .where(which)
  return {
    byHash: found(eq(sessions.tokenHash, sql.placeholder('tokenHash'))).prepare('find_session'),
    byId: found(eq(sessions.id, sql.placeholder('sessionId'))).prepare('find_session_by_id'),
  }
}
