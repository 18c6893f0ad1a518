import { setTimeout as delay } from 'node:timers/promises'
import { PgTransaction } from 'drizzle-orm/pg-core'
import type { Database } from './database.ts'
import { sqlState } from './faults.ts'

const attempts = 5

/**
 * Runs `task` in a transaction, or in the one that `db` already is. A serialisation failure (40001) or a deadlock
 * (40P01) rolls back and runs the whole of `task` again, at most 5 times in all, so nothing inside it may
 * touch the outside world. Any other failure rolls back and is thrown as it is.
 */
export async function withTransaction<T>(db: Database, task: (tx: Database) => Promise<T>): Promise<T> {
  if (db instanceof PgTransaction) return task(db)
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction(task)
    } catch (error) {
      if (attempt === attempts || !isRetryable(error)) throw error
      await delay(Math.random() * 20 * 2 ** attempt)
    }
  }
}

function isRetryable(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = sqlState(cause)
    if (code === '40001' || code === '40P01') return true
  }
  return false
}
