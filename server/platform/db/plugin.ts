/**
 * Opens the database beside the server, not before it: the server listens at once, answers 503 until the database is
 * there and migrated, and finds it again by itself. Decorates `database`.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'
import { toAppError } from '../errors/app-error.ts'
import { type DatabaseDriver, openDatabase } from './database.ts'
import { migrationsFolder } from './migrations.ts'

export interface AppDatabase extends DatabaseDriver {
  /** True once this process has seen every migration applied. */
  readonly migrated: boolean
  /** Resolves when `migrated` turns true; never, if the server closes before. */
  readonly whenMigrated: Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    database: AppDatabase
  }
}

export const databasePlugin = fp(
  async (app) => {
    const driver = await openDatabase(app.config.database, app.log)
    const closing = new AbortController()
    const { promise: whenMigrated, resolve } = Promise.withResolvers<void>()
    let migrated = false
    const booting = migrateUntilDone(driver, app.log, closing.signal).then((done) => {
      migrated = done
      if (done) resolve()
    })
    app.decorate('database', {
      ...driver,
      get migrated() {
        return migrated
      },
      whenMigrated,
    })
    app.addHook('onClose', async () => {
      closing.abort()
      await booting
      await driver.close()
    })
  },
  { name: 'plinth-database', dependencies: ['plinth-config'], fastify: '5.x' },
)

/** False when it was told to stop first. Every failure is tried again: an operator may mend the cause meanwhile. */
async function migrateUntilDone(driver: DatabaseDriver, log: FastifyBaseLogger, signal: AbortSignal): Promise<boolean> {
  let told = ''
  for (let waitMs = 250; !signal.aborted; waitMs = Math.min(waitMs * 1.5, 1000)) {
    try {
      await driver.migrate(migrationsFolder, signal)
      log.info({ database: driver.kind }, 'database ready')
      return true
    } catch (error) {
      if (signal.aborted) break
      const away = toAppError(error).code === 'DATABASE_UNAVAILABLE'
      // Once per failure: a database that is away for an hour is one line, not four thousand.
      const failure = away ? 'away' : String(error)
      if (told !== failure) {
        if (away) log.warn({ err: error }, 'database not reachable yet, trying on')
        else log.error({ err: error }, 'migration failed, trying again')
      }
      told = failure
      await delay(waitMs, undefined, { signal }).catch(() => {})
    }
  }
  return false
}
