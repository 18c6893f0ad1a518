/** Which migrations this release has, and which of them a database has. Drizzle applies what is newer than the newest applied. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { packageFolder } from '../config/package-folder.ts'
import type { Database } from './database.ts'
import { rowsOf } from './rows.ts'

export const migrationsFolder = join(packageFolder, 'migrations')

export interface MigrationState {
  /** By name, in order. */
  readonly applied: readonly string[]
  readonly pending: readonly string[]
  /** The database has been migrated by a later release. */
  readonly isAhead: boolean
  /** Hash of the newest that is applied, by which two databases are of one form; null where none is. */
  readonly newest: string | null
}

/** @throws what the database throws */
export async function readMigrations(db: Database): Promise<MigrationState> {
  const known = knownMigrations()
  const [made] = rowsOf<{ is_there: boolean }>(
    await db.execute(sql`select to_regclass('drizzle.__drizzle_migrations') is not null as is_there`),
  )
  const [last] = made?.is_there
    ? rowsOf<{ hash: string; created_at: string }>(
        await db.execute(sql`
          select hash, created_at::text as created_at from drizzle.__drizzle_migrations order by created_at desc limit 1`),
      )
    : []
  const appliedUpTo = last ? Number(last.created_at) : Number.NEGATIVE_INFINITY
  const isApplied = ({ when }: { when: number }) => when <= appliedUpTo
  return {
    applied: known.filter(isApplied).map(({ tag }) => tag),
    pending: known.filter((migration) => !isApplied(migration)).map(({ tag }) => tag),
    isAhead: known.every(({ when }) => when < appliedUpTo),
    newest: last?.hash ?? null,
  }
}

/** Drizzle applies all that is missing in one transaction, so the newest is there with all before it. @throws what the database throws */
export const hasEveryMigration = async (db: Database): Promise<boolean> =>
  (await readMigrations(db)).pending.length === 0

/** Of an empty database. */
export const allPending = (): string[] => knownMigrations().map(({ tag }) => tag)

function knownMigrations(): { tag: string; when: number }[] {
  const journal = JSON.parse(readFileSync(join(migrationsFolder, 'meta/_journal.json'), 'utf8')) as {
    entries: { tag: string; when: number }[]
  }
  return journal.entries
}
