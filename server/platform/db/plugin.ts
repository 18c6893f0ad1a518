/**
 * Opens the database beside the server, not before it: the server listens at once, answers 503 until the database is
 * there and migrated, and reconnects automatically. It stops serving while the schema is that of a later release. Decorates `database`.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'
import { toAppError } from '../errors/app-error.ts'
import { type DatabaseDriver, openDatabase } from './database.ts'
import { DiskWatch } from './disk-watch.ts'
import { MigrationsOutOfOrder, migrationsFolder, readMigrations, SchemaAhead } from './migrations.ts'
import { storageFault } from './storage-faults.ts'

/** `schema-ahead`: a later release has migrated the database to a schema that this one must not use. */
export type DatabaseState = 'starting' | 'ready' | 'schema-ahead'

export interface AppDatabase extends DatabaseDriver {
  /** Requests are served and recurring jobs run while this is `ready`. */
  readonly state: DatabaseState
  /** Rows cannot be stored. Requests are served nevertheless, because reads still work. */
  readonly isDiskFull: boolean
  /** Resolves when `state` is `ready` for the first time; never, if the server closes before. */
  readonly whenMigrated: Promise<void>
  /** Resolves when `state` is `ready`: at once if it is. */
  whenReady(): Promise<void>
}

export interface DatabaseTimes {
  /** How often a running instance checks whether a later release has migrated the database. */
  checkSchemaEveryMs: number
  /** How often it tries to store rows while the database has no space left. */
  probeDiskEveryMs: number
}

const defaultTimes: DatabaseTimes = { checkSchemaEveryMs: 5_000, probeDiskEveryMs: 2_000 }

declare module 'fastify' {
  interface FastifyInstance {
    database: AppDatabase
  }
}

export const databasePlugin = fp<{ times?: Partial<DatabaseTimes> | undefined }>(
  async (app, { times }) => {
    const { checkSchemaEveryMs, probeDiskEveryMs } = { ...defaultTimes, ...times }
    const disk = new DiskWatch(app.log, probeDiskEveryMs)
    const driver = await openDatabase(app.config.database, app.log, (error) => disk.note(error, () => driver.db))
    const closing = new AbortController()
    const { promise: whenMigrated, resolve } = Promise.withResolvers<void>()
    let state: DatabaseState = 'starting'
    let becameReady = Promise.withResolvers<void>()
    const become = (next: DatabaseState) => {
      if (state === 'ready' && next !== 'ready') becameReady = Promise.withResolvers()
      state = next
      if (next !== 'ready') return
      resolve()
      becameReady.resolve()
    }
    const running = migrateUntilDone(driver, app.log, become, closing.signal).then((isDone) =>
      isDone ? watchSchema(driver, app.log, become, checkSchemaEveryMs, closing.signal) : undefined,
    )
    app.decorate('database', {
      ...driver,
      get state() {
        return state
      },
      get isDiskFull() {
        return disk.isFull
      },
      whenMigrated,
      whenReady: () => becameReady.promise,
    })
    app.addHook('onClose', async () => {
      closing.abort()
      await Promise.all([running, disk.close()])
      await driver.close()
    })
  },
  { name: 'plinth-database', dependencies: ['plinth-config'], fastify: '5.x' },
)

/** False when it was told to stop first. Every failure is tried again: an operator may mend the cause meanwhile. */
async function migrateUntilDone(
  driver: DatabaseDriver,
  log: FastifyBaseLogger,
  become: (state: DatabaseState) => void,
  signal: AbortSignal,
): Promise<boolean> {
  let told = ''
  for (let waitMs = 250; !signal.aborted; waitMs = Math.min(waitMs * 1.5, 1000)) {
    try {
      await driver.migrate(migrationsFolder, signal)
      become('ready')
      log.info({ database: driver.kind }, 'database ready')
      return true
    } catch (error) {
      if (signal.aborted) break
      const away = toAppError(error).code === 'DATABASE_UNAVAILABLE'
      if (error instanceof SchemaAhead) become('schema-ahead')
      else if (!away) become('starting')
      // Once per failure: a database that is away for an hour is one line, not four thousand.
      const failure = away ? 'away' : String(error)
      if (told !== failure) {
        if (away) log.warn({ err: error }, 'database not reachable yet, trying on')
        else if (storageFault(error)) log.error(`${storageFault(error)} The server tries again.`)
        else if (error instanceof SchemaAhead || error instanceof MigrationsOutOfOrder) log.error(error.message)
        else log.error({ err: error }, 'migration failed, trying again')
      }
      told = failure
      await delay(waitMs, undefined, { signal }).catch(() => {})
    }
  }
  return false
}

/** The state does not change if the database does not respond, because its schema is unknown then. */
async function watchSchema(
  { db }: DatabaseDriver,
  log: FastifyBaseLogger,
  become: (state: DatabaseState) => void,
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  let wasAhead = false
  for (;;) {
    await delay(everyMs, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    try {
      const { isAhead, isCompatible } = await readMigrations(db)
      const isNowAhead = isAhead && !isCompatible
      if (isNowAhead === wasAhead) continue
      wasAhead = isNowAhead
      become(isNowAhead ? 'schema-ahead' : 'ready')
      if (isNowAhead) log.error(new SchemaAhead().message)
      else log.info('the schema of the database is one that this release knows, serving again')
    } catch (err) {
      log.debug({ err }, 'migrations of the database not read')
    }
  }
}
