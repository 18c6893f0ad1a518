/**
 * What an embedded database of a test begins as, in the place of `@electric-sql/pglite-prepopulatedfs` (vitest.config.ts): the same
 * with our migrations applied, unpacked, which spares each app most of its start. Processes that tests start have the package's own,
 * unless the folder they are given is a copy of a migrated one.
 */
import { cpSync, openAsBlob } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, inject } from 'vitest'

let withMigrations = true

/** In this test file a new database is empty, as it is outside of tests. */
export function beginWithoutMigrations(): void {
  withMigrations = false
  afterAll(() => {
    withMigrations = true
  })
}

export const isMigrated = (): boolean => withMigrations

export const dataDir = (): Promise<Blob> =>
  withMigrations
    ? openAsBlob(inject('migratedDataDir'))
    : createRequire(import.meta.url)('@electric-sql/pglite-prepopulatedfs').dataDir()

/** A database folder as it is after a first start, which alone takes four seconds of a core. */
export function copyMigratedFolder(folder: string): void {
  cpSync(inject('migratedFolder'), folder, { recursive: true })
}
