/**
 * The one database type that services see, whichever driver is behind it. A transaction is a Database too.
 * Owns the choice of driver; drivers appear nowhere outside this folder.
 */
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config/config.ts'

export type Database = PgDatabase<PgQueryResultHKT, Record<string, unknown>>

export type Notify = (channel: string, payload: string) => Promise<void>

/** Called with the failure of each statement of `db`, as the driver throws it. */
export type OnFailure = (error: unknown) => void

/** What each driver gives. Nothing here waits for the database except where it says so. */
export interface DatabaseDriver {
  readonly kind: 'postgres' | 'pglite'
  /** Of an embedded database that is on disk, locked by this process; null for any other. */
  readonly folder: string | null
  /** Behind a bounded gate: a call that gets no connection within 2 s is `SERVER_BUSY`. */
  readonly db: Database
  /** One round trip on a connection of its own, so that a full pool does not look like a dead database. */
  ping(): Promise<void>
  /** Opens an embedded database, which is made where there is none; any other opens by itself when it is asked something. */
  open(): Promise<void>
  /** Opens the database if that is still to be done and applies what is missing; safe with several instances at once. `signal` ends the wait. */
  migrate(folder: string, signal: AbortSignal): Promise<void>
  /**
   * Notices between instances, delivered at most once each and lost while disconnected. Goes on until `close`, whatever
   * happens to the database; `onConnected` runs each time that listening begins (again). With an embedded database
   * there is no other instance, and nothing to hear.
   */
  listen(channel: string, onNotice: (payload: string) => void, onConnected: () => void): void
  /** Tells the other instances. Outside every transaction: inside, NOTIFY holds a database-wide lock to commit. */
  notify: Notify
  close(): Promise<void>
}

/**
 * Loads the driver of this database alone: each takes a tenth of a second.
 * @throws FolderInUse when another process has the embedded database open; NotADatabaseFolder
 */
export async function openDatabase(
  config: Config['database'],
  log: FastifyBaseLogger,
  onFailure: OnFailure = () => {},
): Promise<DatabaseDriver> {
  const [, folder] = /^pglite:\/\/(.+)$/.exec(config.url) ?? []
  if (folder) return (await import('./pglite-driver.ts')).openPglite(folder, log, onFailure, config.waitMs)
  return (await import('./postgres-driver.ts')).openPostgres(config, log, onFailure)
}
