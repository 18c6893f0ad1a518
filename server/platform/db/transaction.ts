import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from './database.ts'
import { sqlState } from './faults.ts'

const attempts = 5

interface Scope {
  readonly root: Database
  readonly last: { order: string; step: (tx: Database) => Promise<void> }[]
  readonly after: (() => void)[]
  readonly sent: Promise<void>[]
}
const scopes = new WeakMap<Database, Scope>()

/**
 * Runs `task` in a transaction, or in the one that `db` already is. A serialisation failure (40001) or a deadlock
 * (40P01) rolls back and runs the whole of `task` again, at most 5 times in all, so nothing inside it may
 * touch the outside world. Any other failure rolls back and is thrown as it is.
 */
export async function withTransaction<T>(db: Database, task: (tx: Database) => Promise<T>): Promise<T> {
  if (scopes.has(db)) return task(db)
  for (let attempt = 1; ; attempt++) {
    const scope: Scope = { root: db, last: [], after: [], sent: [] }
    try {
      const result = await db.transaction(async (tx) => {
        scopes.set(tx, scope)
        const done = await task(tx)
        for (const { step } of scope.last.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0)))
          await step(tx)
        return done
      })
      // Their results have arrived, before that of COMMIT; what was done with them may not have ended.
      await Promise.all(scope.sent)
      for (const effect of scope.after) effect()
      return result
    } catch (error) {
      if (attempt === attempts || !isRetryable(error)) throw error
      await delay(Math.random() * 20 * 2 ** attempt)
    }
  }
}

/**
 * Sends a statement of the transaction that `tx` is, and does not wait for its result. COMMIT goes to Postgres behind it, without a wait
 * either; when the statement fails, nothing is committed and the transaction fails with it. So for a statement whose result nothing needs
 * before the commit. Outside a transaction it resolves when the statement has.
 */
export async function send(tx: Database, statement: PromiseLike<unknown>): Promise<void> {
  // `then` is what makes drizzle send it: before anything that is sent later, whatever awaits what.
  const sent = Promise.resolve(statement.then(() => {}))
  const scope = scopes.get(tx)
  if (!scope) return sent
  sent.catch(() => {})
  scope.sent.push(sent)
}

/** Several reads of one moment. Nothing may be written in it. */
export async function withSnapshot<T>(db: Database, task: (tx: Database) => Promise<T>): Promise<T> {
  return db.transaction(task, { isolationLevel: 'repeatable read', accessMode: 'read only' })
}

/**
 * Runs `step` at the end of the transaction that `db` is, after everything else in it: for rows that many want, whose lock
 * is then held for the commit alone. Steps run by `order`, so two transactions take such locks in the same order. Outside a
 * transaction the step runs now.
 */
export async function beforeCommit(db: Database, order: string, step: (tx: Database) => Promise<void>): Promise<void> {
  const scope = scopes.get(db)
  if (scope) scope.last.push({ order, step })
  else await step(db)
}

/** Runs `effect` once the transaction that `db` is has committed; now, when `db` is none. It must not throw. */
export function afterCommit(db: Database, effect: () => void): void {
  const scope = scopes.get(db)
  if (scope) scope.after.push(effect)
  else effect()
}

/** The database that a transaction was begun on; `db` itself when it is none. */
export const rootOf = (db: Database): Database => scopes.get(db)?.root ?? db

function isRetryable(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = sqlState(cause)
    if (code === '40001' || code === '40P01') return true
  }
  return false
}
