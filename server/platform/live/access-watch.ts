/**
 * Which users follow which channels, and whether they still may. A stream outlives the check that allowed it, so every
 * `checkAccessEveryMs` the users are read again, and each feature is asked once for all followers of its channels. The streams of a
 * user who may not follow any more are ended. A check that fails or hangs ends no stream and delays no other check.
 */
import { and, eq, inArray } from 'drizzle-orm'
import { type Capability, hasCapability } from '../../../shared/capabilities.ts'
import type { Database } from '../db/database.ts'
import { users } from '../identity/table.ts'

export interface Following {
  readonly channel: string
  readonly userId: string
}

/**
 * Which of `followings` are still allowed; one query. Those with the same function are asked for together, so it is one
 * of the module and none made for each stream. It need not look at the people themselves.
 */
export type Allowed = (db: Database, followings: readonly Following[]) => Promise<readonly Following[]>

export interface Follower extends Following {
  /** What the procedure asks for. */
  readonly capability: Capability
  readonly allowed: Allowed
}

/** Not allowed in the channel, without the capability, disabled. */
export type LossCode = 'NOT_FOUND' | 'FORBIDDEN' | 'SESSION_ENDED'

const perQuery = 1000

export class AccessWatch {
  readonly #db: Database
  readonly #onFailed: (error: unknown) => void
  readonly #followers = new Map<Follower, (code: LossCode) => void>()
  /** Questions under way, by what they ask. */
  readonly #asking = new Map<unknown, Promise<void>>()

  /** `onFailed`: nobody is ended for what the database throws, and it is asked again soon. */
  constructor(db: Database, onFailed: (error: unknown) => void) {
    this.#db = db
    this.#onFailed = onFailed
  }

  get size(): number {
    return this.#followers.size
  }

  /** Calls `onLost` at most once. Returns how to stop watching. */
  add(follower: Follower, onLost: (code: LossCode) => void): () => void {
    this.#followers.set(follower, onLost)
    return () => this.#followers.delete(follower)
  }

  /** Asks what is not being asked already; resolves when all is answered. Never throws. */
  async check(): Promise<void> {
    const followers = [...this.#followers.keys()]
    if (followers.length > 0) this.#ask('people', () => this.#checkPeople(followers))
    for (const [allowed, its] of Map.groupBy(followers, (follower) => follower.allowed)) {
      this.#ask(allowed, () => this.#checkChannels(allowed, its))
    }
    await this.idle()
  }

  /** Resolves when nothing is being asked. */
  async idle(): Promise<void> {
    await Promise.all(this.#asking.values())
  }

  #ask(what: unknown, question: () => Promise<void>) {
    if (this.#asking.has(what)) return
    const answered = question()
      .catch(this.#onFailed)
      .finally(() => this.#asking.delete(what))
    this.#asking.set(what, answered)
  }

  async #checkPeople(followers: Follower[]): Promise<void> {
    for (const [ids, byPerson] of batches(followers, ({ userId }) => userId)) {
      const rows = await this.#db
        .select({ id: users.id, role: users.role })
        .from(users)
        .where(and(inArray(users.id, ids), eq(users.isActive, true)))
      const roles = new Map(rows.map(({ id, role }) => [id, role]))
      for (const follower of [...byPerson.values()].flat()) {
        const role = roles.get(follower.userId)
        if (role === undefined) this.#end(follower, 'SESSION_ENDED')
        else if (!hasCapability(role, follower.capability)) this.#end(follower, 'FORBIDDEN')
      }
    }
  }

  async #checkChannels(allowed: Allowed, followers: Follower[]): Promise<void> {
    for (const [, byFollowing] of batches(followers, ({ channel, userId }) => `${userId} ${channel}`)) {
      const asked = [...byFollowing.values()].map(([first]) => first as Follower)
      const still = new Set(await allowed(this.#db, asked))
      for (const same of byFollowing.values()) {
        if (!still.has(same[0] as Follower)) for (const follower of same) this.#end(follower, 'NOT_FOUND')
      }
    }
  }

  #end(follower: Follower, code: LossCode) {
    const onLost = this.#followers.get(follower)
    this.#followers.delete(follower)
    onLost?.(code)
  }
}

/** Groups of followers with the same key, so many keys at a time. */
function* batches(followers: Follower[], keyOf: (follower: Follower) => string) {
  const groups = [...Map.groupBy(followers, keyOf)]
  for (let at = 0; at < groups.length; at += perQuery) {
    const batch = new Map(groups.slice(at, at + perQuery))
    yield [[...batch.keys()], batch] as const
  }
}
