/**
 * Applies migrations, each in a transaction of its own with the record that drizzle would write. In place of drizzle's migrator, which
 * applies all of them in one transaction: that holds every lock until the last one is done, and builds no index concurrently.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import type { Database } from './database.ts'
import { isLockTimeout } from './faults.ts'
import { type Migration, readMigrations, readMigrationsOf, refuseUnusable } from './migrations.ts'
import { rowsOf } from './rows.ts'

/**
 * While a statement waits for a lock, all later statements on that table wait behind it, those of instances that serve included. So it
 * gives up well within their limit of 5 s, lets them run, and tries again.
 */
const lockTimeoutMs = 1_000
const pauseMs = 1_000

/** Writes nothing if the database has every migration. @throws SchemaAhead, MigrationsOutOfOrder */
export async function isMigrated(db: Database, folder: string): Promise<boolean> {
  const state = await readMigrations(db, folder)
  refuseUnusable(state)
  return state.pending.length === 0
}

/**
 * On one connection, under a lock that excludes other instances. `signal` ends the wait for a table's lock.
 * @throws SchemaAhead, MigrationsOutOfOrder, and what the database throws; the migrations before the failed one stay applied
 */
export async function applyMigrations(
  db: Database,
  folder: string,
  log: FastifyBaseLogger,
  signal: AbortSignal,
): Promise<void> {
  const state = await readMigrations(db, folder)
  refuseUnusable(state)
  const pending = readMigrationsOf(folder).filter(({ name }) => state.pending.includes(name))
  if (pending.length === 0) return
  const steps = [
    { name: 'the table of migrations', apply: () => prepareRecords(db) },
    ...pending.map((migration) => ({
      name: migration.name,
      apply: () => (isConcurrent(migration) ? buildIndexes(db, migration) : inTransaction(db, migration)),
    })),
  ]
  for (const { name, apply } of steps)
    await untilLocked(apply, () => log.warn({ migration: name }, waitingWords), signal)
}

const waitingWords = 'a migration waits for a table that another session uses, trying again'

/** Calls `onWait` once, if the first attempt did not get its lock. */
async function untilLocked(apply: () => Promise<void>, onWait: () => void, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    try {
      return await apply()
    } catch (error) {
      if (!isLockTimeout(error)) throw error
      if (attempt === 1) onWait()
      await delay(pauseMs * (0.5 + Math.random()), undefined, { signal })
    }
  }
}

async function prepareRecords(db: Database): Promise<void> {
  await db.execute(sql`create schema if not exists drizzle`)
  // As drizzle creates it, for its own tools.
  await db.execute(sql`create table if not exists drizzle.__drizzle_migrations (
    id serial primary key, hash text not null, created_at bigint)`)
  const [column] = rowsOf<{ is_there: boolean }>(
    await db.execute(sql`select exists (select from pg_attribute
      where attrelid = 'drizzle.__drizzle_migrations'::regclass and attname = 'compatible_from') as is_there`),
  )
  if (column?.is_there) return
  await db.transaction(async (tx) => {
    await limitLockWait(tx)
    await tx.execute(sql`alter table drizzle.__drizzle_migrations add column compatible_from bigint`)
  })
}

const limitLockWait = (tx: Database) => tx.execute(sql.raw(`set local lock_timeout = ${lockTimeoutMs}`))

async function inTransaction(db: Database, migration: Migration): Promise<void> {
  await db.transaction(async (tx) => {
    await limitLockWait(tx)
    for (const statement of migration.statements) await tx.execute(sql.raw(statement))
    await record(tx, migration)
  })
}

async function record(db: Database, { hash, when, compatibleFrom }: Migration): Promise<void> {
  await db.execute(sql`insert into drizzle.__drizzle_migrations (hash, created_at, compatible_from)
    values (${hash}, ${when}, ${compatibleFrom})`)
}

const concurrently =
  /^\s*(?:--.*\n\s*)*(create|drop)\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+(?:not\s+)?exists\s+)?("[^"]+")/i

/**
 * PostgreSQL builds an index beside writers only outside a transaction.
 * @throws where such statements and others are in one migration: that one could be left half applied
 */
export function isConcurrent({ name, statements }: Migration): boolean {
  const those = statements.filter((statement) => concurrently.test(statement))
  if (those.length > 0 && those.length < statements.length) {
    throw new Error(`${name} builds an index concurrently and does more: put that into a migration of its own`)
  }
  return those.length > 0
}

async function buildIndexes(db: Database, migration: Migration): Promise<void> {
  // Without a limit on the wait for locks: no read or write waits behind this one.
  for (const statement of migration.statements) {
    const [, verb = '', index = ''] = concurrently.exec(statement) ?? []
    // An interrupted attempt leaves an invalid index, which is never used.
    if (/create/i.test(verb)) await db.execute(sql.raw(`drop index concurrently if exists ${index}`))
    await db.execute(sql.raw(statement))
  }
  await record(db, migration)
}
