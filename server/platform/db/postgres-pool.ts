/**
 * Statements and transactions on a pool of node-postgres. A connection goes back to the pool only when it is free for
 * anybody: neither lost, nor silent, nor in a transaction.
 */
import { drizzle } from 'drizzle-orm/node-postgres'
import type pg from 'pg'
import type { Database, OnFailure } from './database.ts'
import { isStale, isUnanswered, RolledBack } from './faults.ts'

/** The part of a client that drizzle uses. */
type Query = (config: pg.QueryConfig, values: unknown[]) => Promise<pg.QueryResult>
const drizzleOver = (query: Query) => drizzle({ client: { query } as unknown as pg.Pool })

/** Without `prepare` names are left out: a transaction pooler forgets prepared statements between transactions. */
export function poolDatabase(pool: pg.Pool, prepare: boolean, onFailure: OnFailure): Database {
  // Not pool.query, which closes the connection at every failure, a broken constraint's too.
  async function withClient<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const client = await pool.connect()
    let stale = false
    const query: Query = async (config, values) => {
      try {
        return await client.query(prepare ? config : unnamed(config), values)
      } catch (error) {
        onFailure(error)
        if (isUnanswered(error)) void client.end()
        if (!config.name || !isStale(error)) throw error
        stale = true
        if (client.getTransactionStatus() !== 'I') throw error
        return client.query(unnamed(config), values)
      }
    }
    try {
      return await work(query)
    } finally {
      client.release(stale || client.getTransactionStatus() !== 'I')
    }
  }

  const transaction: Database['transaction'] = (task, config) =>
    // Not drizzle's own way through a pool, which keeps the connection for ever when BEGIN fails.
    withClient((query) => {
      let taskEnded = false
      let last: Promise<unknown> = Promise.resolve()
      let failure: unknown
      // What the task left running would come after COMMIT or ROLLBACK, and so take effect by itself.
      const inTurn: Query = async (config, values) => {
        if (taskEnded && !endings.has(config.text)) throw new Error('the transaction has ended')
        const answer = last.then(() => query(config, values))
        last = answer.catch((error) => {
          failure ??= error
        })
        // Postgres answers COMMIT with ROLLBACK, and no error, where a statement had failed and the task went on.
        if (config.text === 'commit' && (await answer).command !== 'COMMIT') throw new RolledBack(failure)
        return answer
      }
      return drizzleOver(inTurn).transaction(async (tx) => {
        try {
          return await task(tx as unknown as Database & typeof tx)
        } finally {
          taskEnded = true
        }
      }, config)
    })
  const db = drizzleOver((...asked) => withClient((query) => query(...asked)))
  return Object.assign(db, { transaction }) as unknown as Database
}

const unnamed = (config: pg.QueryConfig) => ({ ...config, name: undefined })
/** As drizzle writes them. */
const endings = new Set(['commit', 'rollback'])
