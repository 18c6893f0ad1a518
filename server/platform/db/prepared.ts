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
