/**
 * A transaction of postgres.js that survives the loss of its connection. Version 3.4.9 goes on with the lost one:
 * its ROLLBACK ends the process with an exception that nobody can catch (github.com/porsager/postgres/issues/1208), and
 * once the connection is made again, perhaps for somebody else's transaction, later statements and COMMIT run there.
 */
import type postgres from 'postgres'
import { isConnectionLost, lostConnection } from './faults.ts'

/**
 * Rejects as soon as the connection is lost or has been silent for `answerMs`; from then on nothing more is sent, and
 * a `task` that still runs, or left something running, gets a failure for each statement.
 */
export async function runTransaction<T>(
  sql: postgres.Sql,
  task: (tx: postgres.TransactionSql) => Promise<T>,
  answerMs: number,
): Promise<T> {
  const loss = Promise.withResolvers<never>()
  loss.promise.catch(() => {})
  let lost: unknown
  let timer: NodeJS.Timeout | undefined
  let unanswered = 0

  const lose = (error: unknown) => {
    lost ??= error
    loss.reject(lost)
  }
  /** `answer`, unless the connection is lost first. */
  const watched = async <A>(answer: PromiseLike<A>): Promise<A> => {
    const watch = () => {
      clearTimeout(timer)
      if (unanswered > 0) timer = setTimeout(() => lose(lostConnection('ETIMEDOUT')), answerMs)
    }
    unanswered++
    watch()
    try {
      return await Promise.race([answer, loss.promise])
    } catch (error) {
      if (isConnectionLost(error)) lose(error)
      throw error
    } finally {
      unanswered--
      watch()
    }
  }
  /** Never ends once the connection is lost: postgres.js would send ROLLBACK or COMMIT after it. */
  const sealed = async <R>(result: Promise<R>): Promise<R> => {
    try {
      const value = await result
      return lost ? await new Promise<never>(() => {}) : value
    } catch (error) {
      if (lost) return new Promise<never>(() => {})
      throw error
    }
  }
  /** The part of a transaction's client that drizzle uses. */
  const guarded = (tx: postgres.TransactionSql): postgres.TransactionSql => {
    const client = {
      unsafe: lazily((text, parameters, options, asArrays) => {
        if (lost) return Promise.reject(lost)
        const query = tx.unsafe(text, parameters, options)
        return watched(asArrays ? query.values() : query)
      }),
      savepoint: <R>(inner: (savepoint: postgres.TransactionSql) => Promise<R>) =>
        lost ? Promise.reject(lost) : Promise.race([tx.savepoint((at) => sealed(inner(guarded(at)))), loss.promise]),
    }
    return client as unknown as postgres.TransactionSql
  }

  const begun = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  const transaction = sql.begin(async (tx) => {
    begun.resolve()
    try {
      return await sealed(task(guarded(tx)))
    } finally {
      ended.resolve()
    }
  }) as Promise<T>
  transaction.then(() => lose(new Error('the transaction has ended')), lose)
  await watched(Promise.race([begun.promise, transaction]))
  // What the task does between its statements has no limit here; Postgres has one, and closes the connection.
  await Promise.race([ended.promise, transaction, loss.promise])
  return watched(transaction)
}

type Ask = (
  text: string,
  parameters: never[] | undefined,
  options: postgres.UnsafeQueryOptions | undefined,
  asArrays: boolean,
) => Promise<unknown>

/** `unsafe` as drizzle calls it: whether it wants arrays it says after the call, so `ask` runs a tick later. */
export function lazily(ask: Ask) {
  return (text: string, parameters?: never[], options?: postgres.UnsafeQueryOptions) => {
    let asArrays = false
    const result = Promise.resolve().then(() => ask(text, parameters, options, asArrays))
    return Object.assign(result, {
      values() {
        asArrays = true
        return result
      },
    })
  }
}
