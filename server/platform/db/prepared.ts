import { type Placeholder, sql } from 'drizzle-orm'
import type { Database } from './database.ts'

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

interface Query<Rows> {
  prepare(name: string | undefined): { execute(values: Record<string, unknown>): Promise<Rows> }
}

/**
 * A query that is built once for each set of values that are defined, such as one with a filter and one without: building it takes longer
 * than running it. `Values` go to the driver as they are.
 *
 * By a `name` of its own in the whole server Postgres prepares it too, and may then keep one plan for whatever values come; 63 letters
 * with the names of the values. Null where it must not: a plan for any number of rows and any filter is a bad one for most pages.
 */
export function preparedQuery<Values extends object, Rows>(
  name: string | null,
  build: (db: Database, given: Given<Values>) => Query<Rows>,
): (db: Database, values: Values) => Promise<Rows> {
  const prepared = preparedOn(() => new Map<string, ReturnType<Query<Rows>['prepare']>>())
  return (db, values) => {
    const given = Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [key]))
    const shape = given.sort().join('_')
    const known = prepared(db)
    let statement = known.get(shape)
    if (!statement) {
      const placeholders = Object.fromEntries(given.map((key) => [key, sql.placeholder(key)])) as Given<Values>
      // Without a name the drivers prepare nothing.
      statement = build(db, placeholders).prepare(name === null ? undefined : `${name}_${shape}`)
      known.set(shape, statement)
    }
    return statement.execute(values as Record<string, unknown>)
  }
}
