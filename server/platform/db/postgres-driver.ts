/**
 * Postgres through node-postgres. A health check and a notice must not queue behind the work, so there are two pools,
 * and clients of their own for listening and for migrations.
 */
import { Socket } from 'node:net'
import { userInfo } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { drizzle } from 'drizzle-orm/node-postgres'
import type { FastifyBaseLogger } from 'fastify'
import pg from 'pg'
import type { Config } from '../config/config.ts'
import { applyMigrations, isMigrated } from './apply-migrations.ts'
import type { Database, DatabaseDriver, OnFailure } from './database.ts'
import { listenUntil } from './postgres-listener.ts'
import { poolDatabase } from './postgres-pool.ts'

/** Any fixed number; all instances of Plinth on one database share it. */
export const migrationLock = 7_031_160_415
const statementMs = 10_000
/** Over what Postgres takes to give up itself, under the 15 s after which the server stops waiting. */
const answerMs = 12_000
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
  const sockets = new Set<Socket>()
  const connection: pg.PoolConfig = {
    connectionTimeoutMillis: 2_000,
    idleTimeoutMillis: 300_000,
    maxLifetimeSeconds: 3_600,
    keepAlive: true,
    // Of an idle connection: until the system asks whether the other side is still there.
    keepAliveInitialDelayMillis: 5_000,
    stream() {
      const socket = new Socket()
      sockets.add(socket)
      return socket.once('close', () => sockets.delete(socket))
    },
  }
  const pool = deathless(
    new pg.Pool({
      ...connection,
      connectionString: libpqUrl(url),
      application_name: 'plinth',
      max: config.poolMax,
      query_timeout: answerMs,
      ...(!pooled && {
        statement_timeout: statementMs,
        lock_timeout: 5_000,
        idle_in_transaction_session_timeout: 10_000,
      }),
    }),
  )
  const control = deathless(
    new pg.Pool({
      ...connection,
      connectionString: libpqUrl(url),
      application_name: 'plinth control',
      max: 1,
      query_timeout: controlMs,
      ...(!pooled && { statement_timeout: controlMs }),
    }),
  )
  const openClient = (settings: pg.ClientConfig) =>
    // Whoever waits for an answer is told of a loss; nobody needs the event.
    new pg.Client({ ...connection, connectionString: libpqUrl(directUrl), ...settings }).on('error', () => {})
  const closing = new AbortController()
  const listening: Promise<void>[] = []
  let pinging: Promise<void> | undefined

  return {
    kind: 'postgres',
    folder: null,
    db: poolDatabase(pool, prepare, onFailure),
    ping() {
      // Shared, so that checks while the database hangs do not pile up.
      pinging ??= control
        .query('select 1')
        .then(() => {})
        .finally(() => {
          pinging = undefined
        })
      return pinging
    },
    async open() {},
    async migrate(folder, signal) {
      // Patient: nobody waits for an answer here, and a machine on which many instances start at once is slow.
      const client = openClient({ application_name: 'plinth migrations', connectionTimeoutMillis: migrationConnectMs })
      const aborted = Promise.withResolvers<never>()
      aborted.promise.catch(() => {})
      // Another instance may hold the lock for long; closing the connection is how one stops waiting for it.
      const stop = () => void client.end()
      const abort = () => {
        aborted.reject(signal.reason)
        stop()
      }
      signal.addEventListener('abort', abort, { once: true })
      try {
        signal.throwIfAborted()
        await Promise.race([client.connect(), aborted.promise])
        // A role may have a limit for the statements of the server (README, Deploy). An index of a large table takes longer.
        await client.query('set statement_timeout = 0')
        const db = drizzle(client) as unknown as Database
        // Asked first, without the lock: nearly every start finds that another one has migrated.
        if (await isMigrated(db, folder)) return
        // Set on the session, because it covers several transactions; it ends with the connection if this process dies.
        await lockSession(client, signal)
        await applyMigrations(db, folder, log, signal)
        await client.query('select pg_advisory_unlock($1)', [migrationLock])
      } finally {
        signal.removeEventListener('abort', abort)
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
      const open = () => openClient({ application_name: 'plinth notices', query_timeout: listenMs })
      listening.push(listenUntil(closing.signal, open, channel, onNotice, connected, failed))
    },
    async notify(channel, payload) {
      await control.query('select pg_notify($1, $2)', [channel, payload])
    },
    async close() {
      closing.abort()
      await Promise.race([Promise.all([pool.end(), control.end(), ...listening]), delay(graceMs, null, { ref: false })])
      // Whatever is left, also to a peer that is silent and would never end its side.
      for (const socket of sockets) socket.destroy()
    },
  }
}

/**
 * Polled, and not awaited in one statement: an index that is built concurrently waits for all older transactions, and so for
 * that statement, which would wait for it in turn.
 */
async function lockSession(client: pg.Client, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { rows } = await client.query('select pg_try_advisory_lock($1) as is_locked', [migrationLock])
    if (rows[0].is_locked) return
    await delay(lockPollMs, undefined, { signal })
  }
}

/** Neither an idle connection's end nor that of one in use ends the process: who waits for an answer is told. */
function deathless(pool: pg.Pool): pg.Pool {
  return pool.on('error', () => {}).on('connect', (client) => void client.on('error', () => {}))
}

/** What node-postgres does otherwise than libpq: `require` would be `verify-full`, and the user nobody where USER is not set. */
function libpqUrl(text: string): string {
  const url = new URL(text)
  if (url.searchParams.has('sslmode')) url.searchParams.set('uselibpqcompat', 'true')
  // Direct TLS needs Postgres 17; the other way works everywhere.
  url.searchParams.delete('sslnegotiation')
  url.username ||= userInfo().username
  return url.href
}
