/** Once a run, for all tests on the embedded database: what migrated-data-dir.ts hands out. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/pglite'
import { pino } from 'pino'
import type { TestProject } from 'vitest/node'
import { applyMigrations } from '../platform/db/apply-migrations.ts'
import type { Database } from '../platform/db/database.ts'
import { migrationsFolder } from '../platform/db/migrations.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A file, and a folder with the same database. */
    migratedDataDir: string
    migratedFolder: string
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'plinth-data-dir-'))
  // Not by their names, under which tests find pooled-pglite.ts and migrated-data-dir.ts.
  const require = createRequire(import.meta.url)
  const { PGlite } = require('@electric-sql/pglite') as typeof import('@electric-sql/pglite')
  const { dataDir } = require('@electric-sql/pglite-prepopulatedfs')
  const migratedFolder = join(folder, 'db')
  const database = await PGlite.create({ dataDir: migratedFolder, loadDataDir: await dataDir() })
  const db = drizzle(database) as unknown as Database
  await applyMigrations(db, migrationsFolder, pino({ level: 'silent' }), new AbortController().signal)
  const dump = await database.dumpDataDir('none')
  await database.close()
  const path = join(folder, 'data.tar')
  await writeFile(path, Buffer.from(await dump.arrayBuffer()))
  project.provide('migratedDataDir', path)
  project.provide('migratedFolder', migratedFolder)
  return () => rm(folder, { recursive: true, force: true })
}
