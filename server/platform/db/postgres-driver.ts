/**
 * Postgres through postgres.js. Three clients, because drizzle changes the parsers of the one it is given and because
 * a health check must not queue behind the pool: `pool` for work, `control` for pings and notices, one for migrations.
 */
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import type { Config } from '../config/config.ts'
import type { Database, DatabaseDriver } from './database.ts'
import { PoolGate } from './pool-gate.ts'

/** Any fixed number; all instances of Plinth on one database share it. */
const migrationLock = 7_031_160_415

const connectionOptions = {
  connect_timeout: 2,
  // The database may be back at any moment, and the first success counts: no exponential wait.
  backoff: () => 0.1 + Math.random() * 0.2,
  onnotice: () => {},
  // A query of its own at each connect; we send and read text for anything it would find out.
  fetch_types: false,
} as const

export function openPostgres(config: Config['database']): DatabaseDriver {
  const pool = postgres(config.url, {
    ...connectionOptions,
    max: config.poolMax,
    prepare: config.prepare,
    connection: {
      application_name: 'plinth',
      statement_timeout: 10_000,
      lock_timeout: 5_000,
      idle_in_transaction_session_timeout: 10_000,
    },
  })
  const control = postgres(config.url, {
    ...connectionOptions,
    max: 1,
    prepare: config.prepare,
    connection: { application_name: 'plinth control', statement_timeout: 2_000 },
  })
  const listener = postgres(config.directUrl, {
    ...connectionOptions,
    max: 1,
    connection: { application_name: 'plinth notices' },
  })
  let pinging: Promise<void> | undefined

  return {
    kind: 'postgres',
    db: drizzle(gated(pool, new PoolGate(config.poolMax))) as unknown as Database,
    ping() {
      // Shared, so that checks while the database hangs do not pile up.
      pinging ??= control`select 1`
        .then(() => {})
        .finally(() => {
          pinging = undefined
        })
      return pinging
    },
    async migrate(folder, signal) {
      const client = postgres(config.directUrl, {
        ...connectionOptions,
        max: 1,
        prepare: false,
        connection: { application_name: 'plinth migrations' },
      })
      // Another instance may hold the lock for long; closing the connection is how one stops waiting for it.
      const stop = () => void client.end({ timeout: 0 })
      signal.addEventListener('abort', stop, { once: true })
      try {
        // On the session, not the transaction: it covers drizzle's bookkeeping too, and ends with the connection
        // if this process dies.
        await client`select pg_advisory_lock(${migrationLock})`
        await migrate(drizzle(client), { migrationsFolder: folder })
        await client`select pg_advisory_unlock(${migrationLock})`
      } finally {
        signal.removeEventListener('abort', stop)
        await client.end({ timeout: 1 })
      }
    },
    async listen(channel, onNotice, onConnected) {
      await listener.listen(channel, onNotice, onConnected)
    },
    async notify(channel, payload) {
      await control.notify(channel, payload)
    },
    async close() {
      await Promise.all([pool, control, listener].map((client) => client.end({ timeout: 2 })))
    },
  }
}

/** The part of a postgres.js client that drizzle uses, each statement and each transaction behind the gate. */
function gated(pool: postgres.Sql, gate: PoolGate): postgres.Sql {
  const client = {
    options: pool.options,
    unsafe(text: string, parameters?: never[], options?: postgres.UnsafeQueryOptions) {
      let asArrays = false
      // Begun a tick later: by then drizzle has said whether it wants arrays.
      const result = Promise.resolve().then(() =>
        gate.run<unknown>(() => {
          const query = pool.unsafe(text, parameters, options)
          return asArrays ? query.values() : query
        }),
      )
      return Object.assign(result, {
        values() {
          asArrays = true
          return result
        },
      })
    },
    begin: (task: (tx: postgres.TransactionSql) => Promise<unknown>) => gate.run(() => pool.begin(task)),
  }
  return client as unknown as postgres.Sql
}
