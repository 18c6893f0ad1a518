/**
 * Statements and transactions on connections of a pool, through drizzle's driver for postgres.js.
 *
 * Drizzle is given three functions in place of a client of postgres.js: `unsafe`, `begin` and `savepoint`. So BEGIN, COMMIT and ROLLBACK are
 * plain statements of one connection, and COMMIT counts only when Postgres completes it as COMMIT. A connection goes back to the pool
 * outside any transaction, or lost.
 */
import type { PgTransactionConfig } from 'drizzle-orm/pg-core'
import { drizzle } from 'drizzle-orm/postgres-js'
import type { Sql } from 'postgres'
import type { Database, OnFailure } from './database.ts'
import { isTransactionAborted, RolledBack } from './faults.ts'
import type { Rows, Statement } from './postgres-connection.ts'

/** What is used of a connection; a lost one fails each statement. */
export interface Connection {
  readonly isLost: boolean
  query(statement: Statement): Promise<Rows>
  close(): void
}

export interface Connections {
  run<T>(task: (connection: Connection) => Promise<T>): Promise<T>
}

type Run = (statement: Statement) => Promise<Rows>

/** Without `prepare` nothing is prepared: a transaction pooler forgets prepared statements between transactions. */
export function poolDatabase(pool: Connections, prepare: boolean, onFailure: OnFailure): Database {
  const noted: (connection: Connection) => Run = (connection) => async (statement) => {
    try {
      return await connection.query(statement)
    } catch (error) {
      onFailure(error)
      throw error
    }
  }

  const begin = (text: string) => (task: (client: Client) => Promise<unknown>) =>
    pool.run(async (connection) => {
      const query = noted(connection)
      let hasEnded = false
      let failure: unknown
      // What the task left running would come after COMMIT or ROLLBACK, and so take effect outside of it.
      const run: Run = async (statement) => {
        if (hasEnded) throw new Error('the transaction has ended')
        try {
          return await query(statement)
        } catch (error) {
          if (!isTransactionAborted(error)) failure = error
          throw error
        }
      }
      try {
        await query({ text })
        const result = await task(clientOf(run, prepare)).finally(() => {
          hasEnded = true
        })
        const { command } = await query({ text: 'commit' })
        // Postgres answers COMMIT with ROLLBACK, and no error, where a statement had failed and the task went on.
        if (command !== 'COMMIT') throw new RolledBack(failure)
        return result
      } catch (error) {
        await rollBack(connection)
        throw isTransactionAborted(error) ? new RolledBack(failure) : error
      }
    })

  const databaseOf = (beginning: string) => {
    const client = {
      ...clientOf((statement) => runAlone(pool, statement, onFailure), prepare),
      begin: begin(beginning),
    }
    return drizzle({ client: client as unknown as Sql }) as unknown as Database
  }
  const plain = databaseOf('begin')
  // Drizzle would set isolation level and access mode by another statement.
  const transaction: Database['transaction'] = (task, config) =>
    (config ? databaseOf(beginOf(config)) : plain).transaction(task)
  return Object.assign(databaseOf('begin'), { transaction })
}

/** One statement outside a transaction. */
export function runAlone(pool: Connections, statement: Statement, onFailure: OnFailure = () => {}): Promise<Rows> {
  return pool.run(async (connection) => {
    try {
      const rows = await connection.query(statement)
      if (mayOpenTransaction(statement)) connection.close()
      return rows
    } catch (error) {
      onFailure(error)
      // Also where no transaction is open: after an error that came behind some rows, postgres.js would begin the next result with
      // holes (its issues 1119 and 1181). The end of any command mends that.
      await rollBack(connection)
      throw error
    }
  })
}

async function rollBack(connection: Connection): Promise<void> {
  if (connection.isLost) return
  await connection.query({ text: 'rollback' }).catch(() => connection.close())
}

/**
 * postgres.js does not report whether a transaction is open, and of some texts with several statements only the last tag. A text that only
 * contains the words costs a connection.
 */
const mayOpenTransaction = ({ text, values = [] }: Statement): boolean =>
  values.length === 0 && /\b(begin|start\s+transaction)\b/i.test(text)

const beginOf = ({ isolationLevel, accessMode, deferrable }: PgTransactionConfig): string =>
  [
    'begin',
    isolationLevel && `isolation level ${isolationLevel}`,
    accessMode,
    deferrable !== undefined && (deferrable ? 'deferrable' : 'not deferrable'),
  ]
    .filter(Boolean)
    .join(' ')

/** The part of a client of postgres.js that drizzle uses. */
interface Client {
  options: { parsers: object; serializers: object }
  unsafe(text: string, values?: unknown[], options?: { prepare?: boolean }): Promise<Rows> & { values(): Promise<Rows> }
  savepoint<T>(task: (client: Client) => Promise<T>): Promise<T>
}

function clientOf(run: Run, mayPrepare: boolean): Client {
  let savepoints = 0
  const client: Client = {
    // Drizzle writes its parsers here; the connections have their own.
    options: { parsers: {}, serializers: {} },
    unsafe(text, values, { prepare = false } = {}) {
      const statement = { text, values, prepare: mayPrepare && prepare, asArrays: false }
      const rows = run(statement)
      return Object.assign(rows, {
        values() {
          statement.asArrays = true
          return rows
        },
      })
    },
    async savepoint(task) {
      const name = `s${++savepoints}`
      await run({ text: `savepoint ${name}` })
      try {
        const result = await task(client)
        await run({ text: `release savepoint ${name}` })
        return result
      } catch (error) {
        await run({ text: `rollback to savepoint ${name}` }).catch(() => {})
        throw error
      }
    },
  }
  return client
}
