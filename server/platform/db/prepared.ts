/** Queries whose text drizzle builds once, in and outside transactions. */
import { type Placeholder, sql } from 'drizzle-orm'
import type { Database } from './database.ts'
import { rootOf } from './transaction.ts'

/** What `prepare` makes, once for each database: a prepared statement belongs to what it runs on. */
export function preparedOn<Statement>(prepare: (db: Database) => Statement): (db: Database) => Statement {
  const known = new WeakMap<Database, Statement>()
  return (db) => {
    const statement = known.get(db) ?? prepare(db)
    known.set(db, statement)
    return statement
  }
}

/** A placeholder for each value that a call gives, and undefined for each that it leaves undefined, as `and` takes it. */
export type Given<Values> = { [Name in keyof Values]: Placeholder | Extract<Values[Name], undefined> }

interface Prepared<Rows> {
  execute(values: Record<string, unknown>): Promise<Rows>
  getQuery(): { params: unknown[] }
}

interface Query<Rows> {
  prepare(name: string | undefined): Prepared<Rows>
}

/**
 * A query that is built once for each set of values that are defined, such as one with a filter and one without: building it takes longer
 * than running it. In a transaction the same text runs as a statement of that transaction.
 *
 * `Values` go to the driver as they are. Drizzle converts a value of a column as the column does, but cannot convert null of a date or JSON: leave
 * it undefined, or cast it in SQL. What a column would make for each row (an id, the time of an update) would be made once, when the query is
 * built: it has to be among `Values`.
 *
 * By a `name` of its own in the whole server Postgres prepares it too, and may then use one plan for any values; 63 letters
 * with the names of the values. Null where it must not: a plan for any number of rows and any filter is a bad one for most pages.
 *
 * @throws where the query contains an id or a time of its own
 */
export function preparedQuery<Values extends object, Rows>(
  name: string | null,
  build: (db: Database, given: Given<Values>) => Query<Rows>,
): (db: Database, values: Values) => Promise<Rows> {
  const prepared = preparedOn(() => new Map<string, Prepared<Rows>>())
  return (db, values) => {
    const given = Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [key]))
    const shape = given.sort().join('_')
    const root = rootOf(db)
    const known = prepared(root)
    let statement = known.get(shape)
    if (!statement) {
      const placeholders = Object.fromEntries(given.map((key) => [key, sql.placeholder(key)])) as Given<Values>
      // Without a name the drivers prepare nothing.
      statement = build(root, placeholders).prepare(name === null ? undefined : `${name}_${shape}`)
      refuseMadeOnce(statement.getQuery())
      known.set(shape, statement)
    }
    return (root === db ? statement : inTransaction(statement, db)).execute(values as Record<string, unknown>)
  }
}

/**
 * Of drizzle's drivers both for postgres.js and for PGlite, a prepared query sends its statement through the `client` with which it was made,
 * and the session of a transaction has one as well. Neither is in drizzle's types; the test of this file runs both.
 */
function inTransaction<Rows>(statement: Prepared<Rows>, tx: Database): Prepared<Rows> {
  const { client } = (tx._ as unknown as { session: { client: unknown } }).session
  return Object.create(statement, { client: { value: client } }) as Prepared<Rows>
}

const idOrTime = /^([\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z)$/

function refuseMadeOnce({ params }: { params: unknown[] }): void {
  const made = params.find((value) => typeof value === 'string' && idOrTime.test(value))
  if (made) throw new Error(`${made} would be the same in each run of this query: give it as a value`)
}
