/**
 * Postgres through postgres.js. Several clients, because drizzle changes the parsers of the one it is given and because
 * a health check must not queue behind the pool: for work, for pings and notices, for listening, for migrations.
 */
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import type { FastifyBaseLogger } from 'fastify'
import type postgres from 'postgres'
import type { Config } from '../config/config.ts'
import type { Database, DatabaseDriver } from './database.ts'
import { PoolGate } from './pool-gate.ts'
import { openConnections, PostgresClient } from './postgres-client.ts'
import { listenUntil } from './postgres-listener.ts'
import { lazily } from './postgres-transaction.ts'

/** Any fixed number; all instances of Plinth on one database share it. */
export const migrationLock = 7_031_160_415
const statementMs = 10_000
/** Over what Postgres takes to give up itself, under the 15 s after which the server stops waiting. */
const answerMs = 12_000
const controlMs = 2_000

export function openPostgres(config: Config['database'], log: FastifyBaseLogger): DatabaseDriver {
  const { url, directUrl, prepare } = config
  // A transaction pooler refuses settings at connect (PgBouncer: "unsupported startup parameter"). Behind one they
  // belong to the role: ALTER ROLE ... SET statement_timeout.
  const pooled = !prepare
  const pool = new PostgresClient(
    url,
    {
      max: config.poolMax,
      prepare,
      connection: {
        application_name: 'plinth',
        ...(!pooled && {
          statement_timeout: statementMs,
          lock_timeout: 5_000,
          idle_in_transaction_session_timeout: 10_000,
        }),
      },
    },
    answerMs,
  )
  const control = new PostgresClient(
    url,
    {
      max: 1,
      prepare,
      connection: { application_name: 'plinth control', ...(!pooled && { statement_timeout: controlMs }) },
    },
    controlMs,
  )
  const closing = new AbortController()
  const listening: Promise<void>[] = []
  let pinging: Promise<void> | undefined

  return {
    kind: 'postgres',
    db: drizzle(gated(pool, new PoolGate(config.poolMax))) as unknown as Database,
    ping() {
      // Shared, so that checks while the database hangs do not pile up.
      pinging ??= control
        .statement((sql) => sql`select 1`)
        .then(() => {})
        .finally(() => {
          pinging = undefined
        })
      return pinging
    },
    async migrate(folder, signal) {
      const { sql, end } = openConnections(directUrl, {
        max: 1,
        max_lifetime: null,
        prepare: false,
        connection: { application_name: 'plinth migrations' },
      })
      // Another instance may hold the lock for long; closing the connection is how one stops waiting for it.
      const stop = () => void end(0)
      signal.addEventListener('abort', stop, { once: true })
      try {
        signal.throwIfAborted()
        // On the session, not the transaction: it covers drizzle's bookkeeping too, and ends with the connection
        // if this process dies.
        await sql`select pg_advisory_lock(${migrationLock})`
        await migrate(drizzle(sql), { migrationsFolder: folder })
        await sql`select pg_advisory_unlock(${migrationLock})`
      } finally {
        signal.removeEventListener('abort', stop)
        await end(1)
      }
    },
    listen(channel, onNotice, onConnected) {
      const options = { connection: { application_name: 'plinth notices' } }
      let told = false
      const connected = () => {
        told = false
        onConnected()
      }
      const failed = (err: unknown) => {
        // Once per outage.
        if (!told) log.warn({ err }, 'not hearing notices of other instances, trying on')
        told = true
      }
      listening.push(listenUntil(closing.signal, directUrl, options, channel, onNotice, connected, failed))
    },
    async notify(channel, payload) {
      await control.statement((sql) => sql`select pg_notify(${channel}, ${payload})`)
    },
    async close() {
      closing.abort()
      await Promise.all([pool.end(2), control.end(2), ...listening])
    },
  }
}

/** The part of a postgres.js client that drizzle uses, each statement and each transaction behind the gate. */
function gated(pool: PostgresClient, gate: PoolGate): postgres.Sql {
  const client = {
    options: pool.options,
    unsafe: lazily((text, parameters, options, asArrays) =>
      gate.run(() =>
        pool.statement<unknown>((sql) => {
          const query = sql.unsafe(text, parameters, options)
          return asArrays ? query.values() : query
        }),
      ),
    ),
    begin: (task: (tx: postgres.TransactionSql) => Promise<unknown>) => gate.run(() => pool.transaction(task)),
  }
  return client as unknown as postgres.Sql
}
