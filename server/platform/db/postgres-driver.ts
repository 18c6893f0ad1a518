/**
 * Postgres through postgres.js. A health check and a notification must not queue behind the work, so there are two pools, and
 * connections of their own for listening and for migrations.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config/config.ts'
import { applyMigrations, isMigrated } from './apply-migrations.ts'
import { ConnectionPool } from './connection-pool.ts'
import type { DatabaseDriver, OnFailure } from './database.ts'
import { type ConnectionSettings, PostgresConnection } from './postgres-connection.ts'
import { listenUntil } from './postgres-listener.ts'
import { poolDatabase, runAlone } from './postgres-pool.ts'

/** Any fixed number; all instances of Plinth on one database share it. */
export const migrationLock = 7_031_160_415
const statementMs = 10_000
/** Over what Postgres takes to give up itself, under the 15 s after which the server stops waiting. */
const answerMs = 12_000
/** Below what a pool waits for a connection, so that a Postgres that does not respond is not taken for a full pool. */
const connectMs = 1_800
const controlMs = 2_000
const listenMs = 3_000
const migrationConnectMs = 10_000
const lockPollMs = 200
/** What runs when the driver is closed may take this long to finish. */
const graceMs = 2_000

export function openPostgres(
  config: Config['database'],
  log: FastifyBaseLogger,
  onFailure: OnFailure = () => {},
): DatabaseDriver {
  const { url, directUrl, prepare } = config
  // A transaction pooler refuses settings at connect (PgBouncer: "unsupported startup parameter"). Behind one they
  // belong to the role: ALTER ROLE ... SET statement_timeout.
  const pooled = !prepare
  const connections = new Set<PostgresConnection>()
  const connect = (address: string, { onLost, ...settings }: ConnectionSettings) => {
    const connection = new PostgresConnection(address, {
      ...settings,
      onLost(isSilent) {
        connections.delete(connection)
        onLost?.(isSilent)
      },
    })
    connections.add(connection)
    return connection
  }
  const openPool = (max: number, settings: Omit<ConnectionSettings, 'connectMs' | 'onLost'>, waitMs?: number) =>
    new ConnectionPool(
      async (onSilence) => {
        const onLost = (isSilent: boolean) => isSilent && onSilence()
        const connection = connect(url, { ...settings, connectMs, onLost })
        await connection.query({ text: 'select 1' }).catch((error) => {
          connection.close()
          throw error
        })
        return connection
      },
      max,
      waitMs,
    )
  const limits: ConnectionSettings['session'] = pooled
    ? {}
    : { statement_timeout: statementMs, lock_timeout: 5_000, idle_in_transaction_session_timeout: 10_000 }
  const pool = openPool(config.poolMax, { session: { application_name: 'plinth', ...limits }, answerMs }, config.waitMs)
  const control = openPool(1, {
    session: { application_name: 'plinth control', ...(!pooled && { statement_timeout: controlMs }) },
    answerMs: controlMs,
  })
  const closing = new AbortController()
  const listening: Promise<void>[] = []
  let pinging: Promise<void> | undefined

  return {
    kind: 'postgres',
    folder: null,
    db: poolDatabase(pool, prepare, onFailure),
    ping() {
      // Shared, so that checks while the database hangs do not pile up.
      pinging ??= runAlone(control, { text: 'select 1' })
        .then(() => {})
        .finally(() => {
          pinging = undefined
        })
      return pinging
    },
    async open() {},
    async migrate(folder, signal) {
      const connection = connect(directUrl, {
        session: { application_name: 'plinth migrations' },
        // No request waits for it, and a machine on which many instances start at once is slow.
        connectMs: migrationConnectMs,
        // An index of a large table takes as long as it takes.
        answerMs: null,
      })
      // Another instance may hold the lock for long; closing the connection ends the wait for it.
      const stop = () => connection.close()
      signal.addEventListener('abort', stop, { once: true })
      try {
        signal.throwIfAborted()
        // A role may have a limit for the statements of the server (README, Deploy).
        await connection.query({ text: 'set statement_timeout = 0' })
        const db = poolDatabase({ run: (task) => task(connection) }, false, () => {})
        // First without the lock: on nearly every start another instance has migrated.
        if (await isMigrated(db, folder)) return
        // Set on the session, because it covers several transactions; it ends with the connection if this process dies.
        await lockSession(connection, signal)
        await applyMigrations(db, folder, log, signal)
        await connection.query({ text: 'select pg_advisory_unlock($1)', values: [migrationLock] })
      } finally {
        signal.removeEventListener('abort', stop)
        stop()
      }
    },
    listen(channel, onNotice, onConnected) {
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
      const open = (callbacks: Pick<ConnectionSettings, 'onNotice' | 'onLost'>) =>
        connect(directUrl, {
          session: { application_name: 'plinth notices' },
          connectMs,
          answerMs: listenMs,
          ...callbacks,
        })
      listening.push(listenUntil(closing.signal, open, channel, onNotice, connected, failed))
    },
    async notify(channel, payload) {
      await runAlone(control, { text: 'select pg_notify($1, $2)', values: [channel, payload] })
    },
    async close() {
      closing.abort()
      await Promise.race([
        Promise.all([pool.close(), control.close(), ...listening]),
        delay(graceMs, null, { ref: false }),
      ])
      // Those that still execute something, and those to a peer that is silent.
      for (const connection of connections) connection.close()
    },
  }
}

/**
 * Polled, and not awaited in one statement: an index that is built concurrently waits for all older transactions, and so for
 * that statement, which would wait for it in turn.
 */
async function lockSession(connection: PostgresConnection, signal: AbortSignal): Promise<void> {
  for (;;) {
    const [row] = await connection.query({
      text: 'select pg_try_advisory_lock($1) as is_locked',
      values: [migrationLock],
    })
    if ((row as { is_locked: boolean }).is_locked) return
    await delay(lockPollMs, undefined, { signal })
  }
}
