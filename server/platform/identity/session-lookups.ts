/**
 * Caches the credentials that this instance has looked up, by the hash of a secret or the id of a session: valid ones, for as long as they are
 * trusted without a query, and ones that were not found a moment ago. Bounded; unknown ones never displace known ones.
 * A burst of calls with one credential is one query.
 */
import { LRUCache } from 'lru-cache'
import type { SessionEndReason } from '../../../shared/account.ts'
import { upTo } from '../cache-size.ts'
import type { Actor } from './sessions.ts'

/** No client has a secret, or a token that names a session, before the row is stored: a new one is never cached as unknown. */
const unknownMs = 5000

/** A session that has not ended, of an active user. */
export interface Alive extends Actor {
  /** Of its newest refresh token. */
  readonly refreshCounter: number
}

/** A session that has ended, or whose user is disabled. */
export interface Ended {
  readonly endReason: SessionEndReason
}

/** Undefined where there is no such session. */
export type Found = Alive | Ended | undefined

export const isActor = <Live extends Actor>(found: Live | Ended): found is Live => !('endReason' in found)

export class SessionLookups {
  readonly #cache: LRUCache<string, Alive>
  readonly #unknown = new LRUCache<string, true>({ ...upTo(10_000), ttl: unknownMs })
  /** Secrets that were ever valid on this instance. */
  readonly #seen = new LRUCache<string, true>(upTo(50_000))
  readonly #underWay = new Map<string, { endings: number; found: Promise<Found> }>()
  #endings = 0

  constructor(trustMs: number) {
    this.#cache = new LRUCache({ ...upTo(10_000), ttl: trustMs })
  }

  find(key: string, look: () => Promise<Found>): Promise<Found> {
    const known = this.#cache.get(key)
    if (known) return Promise.resolve(known)
    const underWay = this.#underWay.get(key)
    // The query may find a session that has ended since it began.
    if (underWay?.endings === this.#endings) return underWay.found
    const endings = this.#endings
    const found = this.#ask(key, look).finally(() => {
      if (this.#underWay.get(key)?.found === found) this.#underWay.delete(key)
    })
    this.#underWay.set(key, { endings, found })
    return found
  }

  /** As `find`, for a key that no client has before its row is stored: one that was not found a moment ago is not queried again. */
  async findSecret(key: string, look: () => Promise<Found>): Promise<Found> {
    if (this.#unknown.get(key)) return undefined
    const found = await this.find(key, look)
    if (found && isActor(found)) this.#seen.set(key, true)
    // An ended session is looked up at each call, so a network without budget must not have it for nothing.
    else if (found) this.#seen.delete(key)
    if (found === undefined) this.#unknown.set(key, true)
    return found
  }

  /** Whether `findSecret` has looked it up, valid or unknown: anything else may be random text. */
  hasSeen(key: string): boolean {
    return this.#seen.get(key) === true || this.#unknown.has(key)
  }

  forgetSessions(sessionIds: readonly string[]): void {
    const ended = new Set(sessionIds)
    this.#forget(({ sessionId }) => ended.has(sessionId))
  }

  forgetUsers(userIds: readonly string[]): void {
    this.#forget(({ id }) => userIds.includes(id))
  }

  clear(): void {
    this.#forget(() => true)
  }

  #forget(isStale: (actor: Actor) => boolean): void {
    this.#endings++
    for (const [key, actor] of this.#cache.entries()) if (isStale(actor)) this.#cache.delete(key)
  }

  async #ask(key: string, look: () => Promise<Found>): Promise<Found> {
    const endings = this.#endings
    const found = await look()
    // Not cached if any session ended meanwhile: it may be the one that was read.
    if (found && isActor(found) && endings === this.#endings) this.#cache.set(key, found)
    return found
  }
}
