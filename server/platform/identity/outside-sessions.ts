/**
 * What an outside token opens here: a row of `sessions` like any other, so that it is listed, ended and watched like any other.
 * One row for each of the issuer's sessions (or, where the issuer names none, for each person of it); it lives as long as
 * the newest token that came with it. Ended here, it stays ended, though its issuer goes on handing out tokens for it.
 */
import { createHash } from 'node:crypto'
import { and, eq, isNull, sql } from 'drizzle-orm'
import { LRUCache } from 'lru-cache'
import { type Origin, recordAudit } from '../audit/audit-log.ts'
import { upTo } from '../cache-size.ts'
import type { Config } from '../config/config.ts'
import type { Database } from '../db/database.ts'
import { withTransaction } from '../db/transaction.ts'
import { AppError } from '../errors/app-error.ts'
import { freshForS } from './fresh-sign-in.ts'
import { byIssuer, isIdentity } from './identity-key.ts'
import { type Issuer, type OutsideToken, outsideIssuers, verifyOutsideToken } from './issuers.ts'
import { findOrCreatePerson } from './people.ts'
import type { Actor, Sessions } from './sessions.ts'
import { identities, sessions as sessionTable } from './table.ts'

type From = Origin & { userAgent: string | undefined }

const refusals = ['SESSION_ENDED', 'ACCOUNT_DISABLED', 'SIGN_IN_METHOD_NOT_ADDED'] as const
type Refusal = (typeof refusals)[number]

/** For how long a refusal is cached, and so by how much later than its cause it ends. */
export const defaultRefusalMs = 5000

export class OutsideSessions {
  readonly #db: Database
  readonly #sessions: Sessions
  readonly #issuers: readonly Issuer[]
  /** By session, the newest proof that is stored. */
  readonly #proofs = new LRUCache<string, number>({ ...upTo(10_000), ttl: freshForS * 1000 })
  /** By `decisive`. Otherwise a caller with a refused token would cost a transaction at each call, however many calls are refused. */
  readonly #refused: LRUCache<string, Refusal>
  readonly #opening = new Map<string, Promise<Refusal | null>>()

  constructor(db: Database, sessions: Sessions, config: Config, refusalMs = defaultRefusalMs) {
    this.#db = db
    this.#sessions = sessions
    this.#issuers = outsideIssuers(config)
    this.#refused = new LRUCache({ ...upTo(10_000), ttl: refusalMs })
  }

  /**
   * Null for what is no valid token, one of a session that was ended here, or one of a disabled person.
   * @throws AppError PROVIDER_UNAVAILABLE, SIGN_IN_METHOD_NOT_ADDED, and what the database throws
   */
  async find(token: string, from: From): Promise<Actor | null> {
    const verified = await verifyOutsideToken(this.#issuers, token)
    if (!verified) return null
    const hash = hashOf(verified)
    const key = decisive(hash, verified)
    const cached = this.#refused.get(key)
    if (cached) return refuse(cached)
    const known = await this.#sessions.findByHash(hash, verified.goodUntil)
    if (known) {
      await this.#noteProof(known, verified)
      return known
    }
    const refusal = await this.#openOnce(key, hash, verified, from)
    if (refusal) return refuse(refusal)
    return this.#sessions.findByHash(hash, verified.goodUntil)
  }

  /** Of a session that is open, a later token may say that its user has proved anew who they are. */
  async #noteProof({ sessionId }: Actor, { authenticatedAt }: OutsideToken): Promise<void> {
    if (authenticatedAt <= this.#sessions.nowS - freshForS || authenticatedAt <= (this.#proofs.get(sessionId) ?? 0))
      return
    await this.#db
      .update(sessionTable)
      .set({ authenticatedAt: sql`greatest(${sessionTable.authenticatedAt}, ${momentOf(authenticatedAt)})` })
      .where(and(eq(sessionTable.id, sessionId), isNull(sessionTable.endedAt)))
    this.#proofs.set(sessionId, authenticatedAt)
  }

  /** Calls at the same moment share one transaction. */
  #openOnce(key: string, tokenHash: string, token: OutsideToken, from: From): Promise<Refusal | null> {
    const underWay = this.#opening.get(key)
    if (underWay) return underWay
    const opening = this.#open(tokenHash, token, from)
      .then((refusal) => {
        if (refusal) this.#refused.set(key, refusal)
        return refusal
      })
      .finally(() => this.#opening.delete(key))
    this.#opening.set(key, opening)
    return opening
  }

  /** Null when there is a session now. What is refused writes nothing. */
  async #open(tokenHash: string, token: OutsideToken, from: From): Promise<Refusal | null> {
    try {
      const evicted = await withTransaction(this.#db, (tx) => this.#openIn(tx, tokenHash, token, from))
      this.#sessions.announceEnded(evicted, 'account-changed')
      return null
    } catch (error) {
      const refusal = error instanceof AppError && refusals.find((code) => code === error.code)
      if (!refusal) throw error
      return refusal
    }
  }

  /** Returns the sessions that it replaced. @throws AppError SESSION_ENDED, ACCOUNT_DISABLED, SIGN_IN_METHOD_NOT_ADDED */
  async #openIn(tx: Database, tokenHash: string, token: OutsideToken, { ip, requestId, userAgent }: From) {
    // Where the issuer names no sessions, a token made after the end is somebody who has signed in anew.
    const isOpen = sql`(${sessionTable.endedAt} is null
      or (${token.outsideSession === null} and ${sessionTable.endedAt} < to_timestamp(${token.issuedAt ?? 0})))`
    const [known] = await tx
      .select({ isOpen: sql<boolean>`${isOpen}` })
      .from(sessionTable)
      .where(eq(sessionTable.tokenHash, tokenHash))
    if (known?.isOpen === false) throw new AppError('SESSION_ENDED')
    const { user, endedSessions } = await findOrCreatePerson(tx, this.#sessions, token)
    const [identity] = await tx
      .select({ id: identities.id })
      .from(identities)
      .where(isIdentity(token))
      .orderBy(byIssuer)
      .limit(1)
    const own = { userId: user.id, identityId: identity?.id, authenticatedAt: momentOf(token.authenticatedAt) }
    const goodUntil = new Date(token.goodUntil * 1000)
    const [row] = await tx
      .insert(sessionTable)
      .values({ ...own, tokenHash, ip, userAgent: userAgent?.slice(0, 500), expiresAt: goodUntil })
      .onConflictDoUpdate({
        target: sessionTable.tokenHash,
        set: {
          ...own,
          // An older token may come after a newer one.
          expiresAt: sql`case when ${sessionTable.endedAt} is null then greatest(${sessionTable.expiresAt}, excluded.expires_at)
            else excluded.expires_at end`,
          lastUsedAt: sql`now()`,
          // As fresh as its issuer proves, and never for having been ended.
          authenticatedAt: sql`case when ${sessionTable.endedAt} is null
            then greatest(${sessionTable.authenticatedAt}, excluded.authenticated_at) else excluded.authenticated_at end`,
          endedAt: null,
          endReason: null,
        },
        // Ended since it was looked at.
        setWhere: isOpen,
      })
      .returning({ id: sessionTable.id })
    if (!row) throw new AppError('SESSION_ENDED')
    const after = { provider: token.provider, endedSessions }
    await recordAudit(tx, {
      actorId: user.id,
      action: 'auth.signIn',
      target: `session:${row.id}`,
      ip,
      requestId,
      after,
    })
    return endedSessions
  }
}

/** Clocks differ; nobody has proved anything later than now. */
const momentOf = (seconds: number) => sql`least(to_timestamp(${seconds}), now())`

/** @throws AppError SIGN_IN_METHOD_NOT_ADDED, the one refusal that its user can act on */
function refuse(refusal: Refusal): null {
  if (refusal === 'SIGN_IN_METHOD_NOT_ADDED') throw new AppError(refusal)
  return null
}

/** All of a token that decides whether it opens a session. When it was made counts only where its issuer names no sessions. */
const decisive = (tokenHash: string, { email, emailVerified, outsideSession, issuedAt }: OutsideToken) =>
  JSON.stringify([tokenHash, email, emailVerified, outsideSession === null ? issuedAt : null])

/** Of no text that a cookie can hold, so it opens nothing as a cookie. */
const hashOf = ({ provider, namedIssuer, subject, outsideSession }: OutsideToken) =>
  createHash('sha256')
    .update(JSON.stringify([provider, namedIssuer, subject, outsideSession]))
    .digest('base64url')
