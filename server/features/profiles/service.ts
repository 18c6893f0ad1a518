/**
 * Profiles of other users, as far as their privacy settings allow. A search reads only users whom the caller may find: those that everyone
 * may, from the part of an index that is theirs, and the caller's friends by id. So neither its result nor its time depends on hidden users.
 */
import { and, asc, eq, gte, lt, ne, or, type SQL, sql } from 'drizzle-orm'
import {
  type FoundProfile,
  type FoundProfiles,
  profileSearchLimits,
  type SearchProfiles,
} from '../../../shared/profiles.ts'
import { searchWords } from '../../platform/db/columns.ts'
import type { Database } from '../../platform/db/database.ts'
import { mostFromIndex, searchQuery } from '../../platform/db/text-search.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { everyoneFinds, users } from '../../platform/identity/table.ts'
import { friendsOf } from '../groups/service.ts'

const found = {
  userId: users.id,
  username: users.username,
  displayName: users.displayName,
  avatarUrl: users.avatarUrl,
}

/** The caller is not among the results. */
export async function searchProfiles(
  db: Database,
  actor: Pick<Actor, 'id'>,
  { q }: SearchProfiles,
): Promise<FoundProfiles> {
  const text = q.toLowerCase()
  const { results } = profileSearchLimits
  const byUsername = usernameBegins(text)
  const byWords = sql`${searchWords([users.displayName])} @@ ${searchQuery(q)}`
  const others = ne(users.id, actor.id)
  const rows: FoundProfile[] = []
  // One after the other, on one connection at a time: the pool is there for others too.
  if (byUsername) {
    const where = and(everyoneFinds(users), others, byUsername)
    rows.push(...(await db.select(found).from(users).where(where).orderBy(asc(foldedUsername)).limit(results)))
  }
  // An index of words returns rows in no order. Of a very common word the first ones are ranked.
  const fitting = db
    .select()
    .from(users)
    .where(and(everyoneFinds(users), others, byWords))
    .limit(mostFromIndex)
    .as('users')
  rows.push(
    ...(await db
      .select({
        userId: fitting.id,
        username: fitting.username,
        displayName: fitting.displayName,
        avatarUrl: fitting.avatarUrl,
      })
      .from(fitting)
      .orderBy(
        sql`starts_with(lower(${fitting.displayName}), ${text}) desc`,
        sql`lower(${fitting.displayName})`,
        fitting.id,
      )
      .limit(results)),
  )
  const isFriend = and(
    sql`${users.id} in ${friendsOf(actor.id)}`,
    others,
    eq(users.isActive, true),
    sql`${users.privacySettings} ->> 'profile' in ('everyone', 'friends')`,
  )
  rows.push(
    ...(await db
      .select(found)
      .from(users)
      .where(and(isFriend, or(byUsername, byWords)))
      .limit(mostFromIndex)),
  )
  const unique = [...new Map(rows.map((row) => [row.userId, row])).values()]
  return { items: unique.sort((one, other) => compare(text, one, other)).slice(0, results) }
}

const foldedUsername = sql`(lower(${users.username}) collate "C")`

/** Undefined for a text that no username begins with. In the order "C" a `~` comes after each character of a username. */
function usernameBegins(text: string): SQL | undefined {
  if (!/^[a-z0-9_]+$/.test(text)) return undefined
  return and(gte(foldedUsername, text), lt(foldedUsername, `${text}~`))
}

function compare(text: string, one: FoundProfile, other: FoundProfile): number {
  return (
    rankOf(text, one) - rankOf(text, other) ||
    byText(one.username ?? '', other.username ?? '') ||
    byText(one.displayName, other.displayName) ||
    byText(one.userId, other.userId)
  )
}

function rankOf(text: string, { username, displayName }: FoundProfile): number {
  const [short, long] = [username?.toLowerCase() ?? '', displayName.toLowerCase()]
  const rank = [short === text, short.startsWith(text), long === text, long.startsWith(text)].indexOf(true)
  return rank === -1 ? 4 : rank
}

const byText = (one: string, other: string) => (one < other ? -1 : Number(one > other))
