/**
 * What an embedded database of a test begins as, in the place of `@electric-sql/pglite-prepopulatedfs` (vitest.config.ts): the same
 * with our migrations applied, unpacked, which spares each app most of its start. Processes that tests start have the package's own.
 */
import { openAsBlob } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, inject } from 'vitest'

let isMigrated = true

/** In this file a new database is an empty one, as it is for everybody else. */
export function beginWithoutMigrations(): void {
  isMigrated = false
  afterAll(() => {
    isMigrated = true
  })
}

export const dataDir = (): Promise<Blob> =>
  isMigrated
    ? openAsBlob(inject('migratedDataDir'))
    : createRequire(import.meta.url)('@electric-sql/pglite-prepopulatedfs').dataDir()
