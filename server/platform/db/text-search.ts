/**
 * The one way to search rows by text (docs/decisions/037-search.md). Every word of the search begins a word of the row. What a search
 * reads is bounded however much there is: the newest rows, and where few of them fit, what the index of words has.
 */
import { getTableColumns, getTableName, type SQL, Subquery, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'

/** A word that so many of the newest rows have is common: those are found, and the index, which would return most rows, is not read. */
const common = { hits: 20, ofNewest: 100 }
/** The most rows that are taken from an index, which returns them in no order. */
export const mostFromIndex = 200
/** The most rows of one table that a search reads or sorts. */
export const mostRead = 500

/** A tsquery. Null, which fits nothing, where `text` has no words or `scopes`, an array of texts, is null. */
export const searchQuery = (text: unknown, scopes: SQL = sql`array['']`): SQL => sql`search_query(${text}, ${scopes})`

interface Searched<Table extends PgTable> {
  table: Table
  /** As the index of the table has them. */
  words: SQL
  /** What `words` must fit, in the scope that they are in. */
  query: SQL
  /** Whose rows, exactly: scopes are parts of ids. */
  where: SQL | undefined
  /** The newest first, as an index has them. */
  order: SQL
  /** Of how many a common word is known; fewer where their texts are long. */
  newest?: number
  /** So many of these are the whole result. */
  hits?: number
}

/** Stands for `table` in a `from`, and has those of its rows that fit: at most some hundred, in no order. */
export function fitting<Table extends PgTable>({
  table,
  words,
  query,
  where,
  order,
  newest = common.ofNewest,
  hits = common.hits,
}: Searched<Table>): Table {
  const name = sql.identifier(getTableName(table))
  const own = where ?? sql`true`
  const rows = sql`
    with tried as materialized (
      select * from ${table} where ${own} order by ${order} limit ${sql.raw(String(newest))}
    ),
    newest as materialized (
      select * from tried as ${name} where ${words} @@ ${query} limit ${sql.raw(String(hits))}
    )
    select * from newest
    union all
    (
      -- By \`offset\` the words come first: of an index for \`own\` Postgres believes that it finds few rows, and tries the words of thousands.
      select * from (select * from ${table} where ${words} @@ ${query} offset 0) as ${name}
      where (select count(*) from newest) < ${sql.raw(String(hits))}
        and (select count(*) from tried) = ${sql.raw(String(newest))}
        and ${own} and id not in (select id from newest)
      limit ${sql.raw(String(mostFromIndex))}
    )
  `
  // To Drizzle's types its columns are those of the table: it goes by the same name.
  return new Subquery(rows, getTableColumns(table), getTableName(table)) as unknown as Table
}
