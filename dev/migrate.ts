/** `npm run db:migrate`: applies what is missing and says what the database is then. The server does the same at its start. */
import { join } from 'node:path'
import { pino } from 'pino'
import { readConfig } from '../server/platform/config/config.ts'
import { loadEnvFile } from '../server/platform/config/env-file.ts'
import { packageFolder } from '../server/platform/config/package-folder.ts'
import { openDatabase } from '../server/platform/db/database.ts'
import { FolderInUse } from '../server/platform/db/folder-lock.ts'
import { developmentEnvironment } from './defaults.ts'

loadEnvFile()
// Only the database matters here, so the rest may be what development has.
const config = readConfig({ ...developmentEnvironment(process.env), NODE_ENV: 'development', USE_MOCK_AUTH: 'true' })
try {
  const database = await openDatabase(config.database, pino({ level: 'silent' }))
  try {
    await database.migrate(join(packageFolder, 'migrations'), new AbortController().signal)
    console.log(`The ${database.kind === 'pglite' ? 'embedded' : 'Postgres'} database has every migration.`)
  } finally {
    await database.close()
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = error instanceof FolderInUse ? 75 : 1
}
