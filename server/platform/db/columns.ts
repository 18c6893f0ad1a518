/** Column shapes that every table shares. Ids are UUIDv7 made here: they sort by time and need no extension. */
import { type Column, type SQL, sql } from 'drizzle-orm'
import { index, timestamp, uuid } from 'drizzle-orm/pg-core'
import { v7 } from 'uuid'

export const newId = () => v7()

export const primaryId = () => uuid('id').primaryKey().$defaultFn(newId)
/** An instant, kept to the millisecond that JavaScript can hold, so that what is read equals what was written. */
export const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' })
export const createdAt = () => instant('created_at').notNull().defaultNow()
export const updatedAt = () =>
  instant('updated_at')
    .notNull()
    .defaultNow()
    .$onUpdate(() => new Date())

/**
 * The words of `texts` as an index for text search holds them and as a query must repeat them (migration search_words). `scope`, the id of
 * the user or the thing that a row belongs to, is part of each word: a search reads the index entries of its own scopes alone, however
 * much others have. Without it the words are the same for every caller.
 */
export function searchWords(texts: readonly Column[], scope?: Column): SQL {
  const text = sql.join(
    texts.map((column) => (column.notNull ? sql`${column}` : sql`coalesce(${column}, '')`)),
    sql` || ' ' || `,
  )
  return scope ? sql`search_words(${text}, ${searchScope(scope)})` : sql`search_words(${text}, '')`
}

/** The random half of a UUIDv7. */
export const searchScope = (id: Column | SQL): SQL => sql`right(${id}::text, 12)`

/** Every write updates it at once: a list of pending entries would be read by each search, and flushed by one unlucky write. */
export const searchIndex = (name: string, words: SQL) =>
  index(name).using('gin', words).with({ fastupdate: false }).concurrently()
