/**
 * Which migrations this release has, and which of them a database has. A release does not use a schema that a later one has migrated,
 * unless each migration that it lacks declares it compatible (docs/upgrade.md).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { packageFolder } from '../config/package-folder.ts'
import type { Database } from './database.ts'
import { rowsOf } from './rows.ts'

export const migrationsFolder = join(packageFolder, 'migrations')

export interface MigrationState {
  /** By name, in order. */
  readonly applied: readonly string[]
  readonly pending: readonly string[]
  /** Pending, although a newer one of this release is applied: merged later, with an older timestamp. */
  readonly outOfOrder: readonly string[]
  /** The database has migrations of another release. */
  readonly isAhead: boolean
  /** Each of those declares this release compatible. */
  readonly isCompatible: boolean
  /** Hash of the newest that is applied, by which two databases are of one form; null where none is. */
  readonly newest: string | null
}

/** A later release has migrated the database, and this one may not use it. */
export class SchemaAhead extends Error {
  override name = 'SchemaAhead'
  constructor() {
    super(
      'A later release has migrated this database, and this release does not know its tables. ' +
        'Run that release or a newer one; to go back, see "Roll back" in docs/upgrade.md.',
    )
  }
}

/** Drizzle never applies a migration that is older than an applied one, and reports nothing: the schema would lack it. */
export class MigrationsOutOfOrder extends Error {
  override name = 'MigrationsOutOfOrder'
  constructor(names: readonly string[]) {
    super(
      `${names.join(', ')} is older than a migration that is already applied. ` +
        'Generate it again, so that its timestamp in migrations/meta/_journal.json is the newest one.',
    )
  }
}

/** @throws what the database throws */
export async function readMigrations(db: Database, folder = migrationsFolder): Promise<MigrationState> {
  const known = readJournal(folder)
  const applied = await readApplied(db)
  const appliedAt = new Set(applied.map(({ when }) => when))
  const knownAt = new Set(known.map(({ when }) => when))
  const newestKnown = known.at(-1)?.when ?? Number.NEGATIVE_INFINITY
  const newestApplied = applied.at(-1)
  const unknown = applied.filter(({ when }) => !knownAt.has(when))
  const pending = known.filter(({ when }) => !appliedAt.has(when))
  return {
    applied: names(known.filter(({ when }) => appliedAt.has(when))),
    pending: names(pending),
    outOfOrder: names(pending.filter(({ when }) => newestApplied && when < newestApplied.when)),
    isAhead: unknown.length > 0,
    isCompatible: unknown.every(({ compatibleFrom }) => compatibleFrom !== null && compatibleFrom <= newestKnown),
    newest: newestApplied?.hash ?? null,
  }
}

const names = (entries: readonly { tag: string }[]): string[] => entries.map(({ tag }) => tag)

/** @throws SchemaAhead, MigrationsOutOfOrder, when this release may neither use nor migrate the database */
export function refuseUnusable({ isAhead, isCompatible, outOfOrder }: MigrationState): void {
  if (isAhead && !isCompatible) throw new SchemaAhead()
  if (outOfOrder.length > 0) throw new MigrationsOutOfOrder(outOfOrder)
}

/** Of an empty database. */
export const allPending = (): string[] => names(readJournal(migrationsFolder))

export interface Migration {
  readonly name: string
  /** Milliseconds: its place in the order, and its key in the database. */
  readonly when: number
  readonly hash: string
  readonly statements: readonly string[]
  /** `when` of the oldest migration whose release is compatible; null where none is. */
  readonly compatibleFrom: number | null
}

/** @throws where a file names a migration that does not exist */
export function readMigrationsOf(folder: string): Migration[] {
  const journal = readJournal(folder)
  const files = readMigrationFiles({ migrationsFolder: folder })
  return files.map(({ sql: statements, hash, folderMillis: when }, at) => {
    const name = journal[at]?.tag ?? ''
    const [, compatible] = /^-- compatible from: (\S+)$/m.exec(statements[0] ?? '') ?? []
    const from = journal.find(({ tag }) => tag === compatible)
    if (compatible && !from) throw new Error(`${name} is compatible from ${compatible}, which is no migration`)
    return { name, when, hash, statements, compatibleFrom: from?.when ?? null }
  })
}

function readJournal(folder: string): { tag: string; when: number }[] {
  const journal = JSON.parse(readFileSync(join(folder, 'meta/_journal.json'), 'utf8')) as {
    entries: { tag: string; when: number }[]
  }
  return journal.entries
}

interface Applied {
  readonly when: number
  readonly hash: string
  readonly compatibleFrom: number | null
}

/** In order. */
async function readApplied(db: Database): Promise<Applied[]> {
  const [made] = rowsOf<{ is_there: boolean }>(
    await db.execute(sql`select to_regclass('drizzle.__drizzle_migrations') is not null as is_there`),
  )
  if (!made?.is_there) return []
  // By name within JSON: a database that an earlier release migrated does not have the column.
  const rows = rowsOf<{ hash: string; when: string; compatible_from: string | null }>(
    await db.execute(sql`
      select hash, created_at::text as when, to_jsonb(m) ->> 'compatible_from' as compatible_from
      from drizzle.__drizzle_migrations m order by created_at`),
  )
  return rows.map(({ hash, when, compatible_from }) => ({
    hash,
    when: Number(when),
    compatibleFrom: compatible_from === null ? null : Number(compatible_from),
  }))
}
