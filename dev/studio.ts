/** `npm run db:studio`: Drizzle Studio on the database of `.env` or of development. It locks an embedded one as the server does. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { loadEnvFile } from '../server/platform/config/env-file.ts'
import { packageFolder } from '../server/platform/config/package-folder.ts'
import { FolderInUse, lockFolder } from '../server/platform/db/folder-lock.ts'
import { developmentEnvironment } from './defaults.ts'

loadEnvFile()
const { DATABASE_URL = '' } = developmentEnvironment(process.env)
const [, folder] = /^pglite:\/\/(.+)$/.exec(DATABASE_URL) ?? []
try {
  if (folder) lockFolder(folder)
} catch (error) {
  if (!(error instanceof FolderInUse)) throw error
  console.error(error.message)
  process.exit(75)
}
const studio = spawn(join(packageFolder, 'node_modules/.bin/drizzle-kit'), ['studio'], {
  stdio: 'inherit',
  env: { ...process.env, DATABASE_URL },
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => studio.kill(signal))
studio.on('exit', (code) => process.exit(code ?? 0))
