/**
 * What people are shown of themselves, which pages ask for first and most often. A row that was read is trusted for less than a second
 * without asking again, so that nobody sees an older one for longer than that even where every notice is lost; whoever changes it says
 * so (`Sessions.announceChanged`), and it is dropped here at once and, by notice, on every other instance.
 */
import { eq, sql } from 'drizzle-orm'
import { LRUCache } from 'lru-cache'
import { upTo } from '../cache-size.ts'
import type { Database } from '../db/database.ts'
import type { NoticeBoard } from '../notices/plugin.ts'
import { type User, users } from './table.ts'

/** Counted from the beginning of the read. What is left of the second is for the answer's way. */
export const defaultProfileTrustMs = 900

export type Profile = Omit<User, 'updatedAt'>

export class Profiles {
  readonly #read: ReturnType<typeof prepareRead>
  readonly #cache: LRUCache<string, Profile>
  #changes = 0

  constructor(db: Database, notices: NoticeBoard, trustMs = defaultProfileTrustMs) {
    this.#read = prepareRead(db)
    this.#cache = new LRUCache({ ...upTo(10_000), ttl: trustMs })
    notices.on('people.changed', ({ personIds }) => {
      this.#changes++
      for (const id of personIds) this.#cache.delete(id)
    })
    notices.on('notices.connected', () => {
      this.#changes++
      this.#cache.clear()
    })
  }

  /** Null when there is nobody of this id. */
  async find(id: string): Promise<Profile | null> {
    const known = this.#cache.get(id)
    if (known) return known
    const changes = this.#changes
    const start = performance.now()
    const [profile] = await this.#read.execute({ id })
    if (!profile) return null
    // Not kept if anything changed meanwhile: what was read may be what changed.
    if (changes === this.#changes) this.#cache.set(id, profile, { start })
    return profile
  }
}

/** By name: it is asked often enough. */
const prepareRead = (db: Database) =>
  db
    .select({
      id: users.id,
      email: users.email,
      emailVerified: users.emailVerified,
      username: users.username,
      displayName: users.displayName,
      avatarUrl: users.avatarUrl,
      timezone: users.timezone,
      notificationPreferences: users.notificationPreferences,
      privacySettings: users.privacySettings,
      role: users.role,
      isActive: users.isActive,
      createdAt: users.createdAt,
      lastLoginAt: users.lastLoginAt,
      lastActiveAt: users.lastActiveAt,
    })
    .from(users)
    .where(eq(users.id, sql.placeholder('id')))
    .prepare('find_profile')
