/**
 * PGlite: Postgres in this process, for local work and one instance. It has one connection, so the gate has one slot;
 * a statement on the outer database inside a transaction would wait for itself, and is refused after 2 s instead.
 */
import { cpSync, existsSync, readdirSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import type { PGlite, PGliteOptions, QueryOptions, Transaction } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import type { FastifyBaseLogger } from 'fastify'
import { AppError } from '../errors/app-error.ts'
import { applyMigrations, isMigrated } from './apply-migrations.ts'
import type { Database, DatabaseDriver, OnFailure } from './database.ts'
import { isTransactionAborted, RolledBack } from './faults.ts'
import { lockFolder, NotADatabaseFolder } from './folder-lock.ts'
import { PoolGate } from './pool-gate.ts'

/** What drizzle uses of a PGlite client. */
interface DrizzleClient extends Pick<PGlite, 'query'> {
  transaction<T>(task: (tx: Pick<Transaction, 'query'>) => Promise<T>): Promise<T>
}

/** timestamp, timestamptz, interval and date, arrays of them and of numeric: drizzle parses their text itself. */
const parsedByDrizzle = [1114, 1184, 1186, 1082, 1115, 1185, 1187, 1182, 1231]

/** drizzle sends its parsers with each statement, and PGlite then copies its own 300 for it: more work than most statements are. */
const withoutParsers = (options?: QueryOptions): QueryOptions | undefined =>
  options && (options.rowMode === 'array' ? arrayRows : objectRows)
const arrayRows: QueryOptions = { rowMode: 'array' }
const objectRows: QueryOptions = { rowMode: 'object' }

/**
 * `folder` is a path, or `memory` for a database that ends with the process. The folder is locked at once.
 * @throws FolderInUse, NotADatabaseFolder
 */
export function openPglite(
  folder: string,
  log: FastifyBaseLogger,
  onFailure: OnFailure = () => {},
  waitMs?: number,
): DatabaseDriver {
  const path = folder === 'memory' ? null : resolve(folder)
  if (path) refuseForeign(path)
  const lock = path ? lockFolder(path) : null
  let opening: Promise<PGlite> | undefined
  let opened: PGlite | undefined
  let pinging: Promise<void> | undefined

  const open = () => {
    opening ??= (path ? openFolder(path, log) : createDatabase()).then(
      (instance) => {
        for (const type of parsedByDrizzle) instance.parsers[type] = (text) => text
        opened = instance
        return instance
      },
      (error) => {
        opening = undefined
        throw error
      },
    )
    return opening
  }
  const instance = () => {
    if (!opened) throw new AppError('DATABASE_UNAVAILABLE')
    return opened
  }
  const gate = new PoolGate(1, waitMs)
  const run = <T>(work: () => Promise<T>): Promise<T> =>
    gate.run(async () => {
      try {
        return await work()
      } catch (error) {
        onFailure(error)
        throw error
      }
    })
  const gated: DrizzleClient = {
    query: (text, values, options) => run(() => instance().query(text, values, withoutParsers(options))),
    transaction: (task) =>
      run(() =>
        instance().transaction(async (tx) => {
          let failure: unknown
          let last: Promise<unknown> = Promise.resolve()
          const query: DrizzleClient['query'] = (text, values, options) => {
            const rows = tx.query<never>(text, values, withoutParsers(options)).catch((error) => {
              if (!isTransactionAborted(error)) failure = error
              throw error
            })
            last = rows.catch(() => {})
            return rows
          }
          const done = await task({ query }).catch((error) => {
            throw isTransactionAborted(error) ? new RolledBack(failure) : error
          })
          // The task need not have waited for all of its statements.
          await last
          // PGlite does not say what COMMIT was answered with. A transaction that goes on is in no failed state.
          if (failure) await tx.query('select 1').catch(() => Promise.reject(new RolledBack(failure)))
          return done
        }),
      ),
  }

  return {
    kind: 'pglite',
    folder: path,
    db: drizzle(gated as unknown as PGlite) as unknown as Database,
    async ping() {
      // Shared: behind a long transaction they would pile up.
      pinging ??= instance()
        .query('select 1')
        .then(() => {})
        .finally(() => {
          pinging = undefined
        })
      return pinging
    },
    async open() {
      await open()
    },
    async migrate(migrations, signal) {
      const client = await open()
      signal.throwIfAborted()
      const db = drizzle(client) as unknown as Database
      // Through the gate: what is asked meanwhile waits its turn there, and not inside PGlite without end.
      await gate.run(async () => {
        if (!(await isMigrated(db, migrations))) await applyMigrations(db, migrations, log, signal)
      })
    },
    // One process, one instance: there is nobody else to hear or to tell.
    listen(_channel, _onNotice, onConnected) {
      onConnected()
    },
    async notify() {},
    async close() {
      // From here a statement is DATABASE_UNAVAILABLE, where a closed PGlite would throw what nobody knows.
      opened = undefined
      try {
        // One that is still being made has to be closed too, or its files stay open.
        await (await opening?.catch(() => null))?.close()
      } finally {
        lock?.release()
      }
    },
  }
}

/**
 * Postgres zeroes its buffers at each start, and they stay resident: the default of 128 MB costs a tenth of a start. Pages beyond
 * them are read from the system's cache.
 */
const settings = ['-c', 'shared_buffers=32MB']

/**
 * V8 uses only its baseline compiler for PGlite: the optimizing one needs 600 MB for one of its functions, and makes statements no faster
 * (docs/decisions/034-embedded-baseline-code.md). A module retains the flags under which it was compiled, so later modules are not affected.
 */
const baselineOnly = ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']
const defaultTiering = ['--wasm-tier-up', '--wasm-dynamic-tiering']

async function createInstance(options: PGliteOptions): Promise<PGlite> {
  const { PGlite } = await import('@electric-sql/pglite')
  for (const flag of baselineOnly) setFlagsFromString(flag)
  try {
    return await PGlite.create({ ...options, startParams: [...PGlite.defaultStartParams, ...settings] })
  } finally {
    for (const flag of defaultTiering) setFlagsFromString(flag)
  }
}

async function createDatabase(dataDir?: string): Promise<PGlite> {
  // initdb takes 4 to 8 s in WASM; a ready-made data directory takes one.
  const { dataDir: prepopulated } = await import('@electric-sql/pglite-prepopulatedfs')
  return createInstance({ ...(dataDir && { dataDir }), loadDataDir: await prepopulated() })
}

/** Beside the bundle, made with it (dev/prepare-build.ts): a folder as it is after the first start. The source has none. */
const readyMade = join(import.meta.dirname, 'database')

/** A database is made under another name and renamed when it is whole, so a folder that exists can be trusted. */
async function openFolder(path: string, log: FastifyBaseLogger): Promise<PGlite> {
  const making = `${path}.making`
  await rm(making, { recursive: true, force: true })
  if (isEmpty(path)) {
    // At once: file by file beside other work takes three times as long.
    if (existsSync(readyMade)) cpSync(readyMade, making, { recursive: true })
    else await (await createDatabase(making)).close()
    await rm(path, { recursive: true, force: true })
    await rename(making, path)
  }
  log.warn({ folder: path }, 'embedded database: one instance only, and a power cut may lose the last writes')
  return createInstance({ dataDir: path })
}

/** Somebody's files, which are not ours to replace. */
function refuseForeign(path: string) {
  if (!isEmpty(path) && !existsSync(join(path, 'PG_VERSION'))) throw new NotADatabaseFolder(path)
}

const isEmpty = (path: string) => !existsSync(path) || readdirSync(path).length === 0
