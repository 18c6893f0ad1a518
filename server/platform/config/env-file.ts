import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from './package-folder.ts'

/** Adds what `.env` beside package.json says to the environment; what is set already wins. Absent, it is no fault. */
export function loadEnvFile(): void {
  const path = join(packageFolder, '.env')
  if (existsSync(path)) process.loadEnvFile(path)
}
