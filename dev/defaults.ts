/** Settings that development need not give: secrets of its own, an embedded database, and the local OpenID provider. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '../server/platform/config/package-folder.ts'

export const dataFolder = join(packageFolder, '.data')

/** What is given wins, an empty variable counts as not given. */
export function developmentEnvironment(given: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
  return {
    NODE_ENV: 'development',
    PORT: '8000',
    PUBLIC_URL: `http://localhost:${set.PORT ?? 8000}`,
    DATABASE_URL: `pglite://${join(dataFolder, 'db')}`,
    // What is loaded at each start is compiled once.
    NODE_COMPILE_CACHE: join(dataFolder, 'compile-cache'),
    ...secrets(),
    ...set,
  }
}

/** Made once and kept, so that a restart signs nobody out. */
function secrets(): Record<string, string> {
  const path = join(dataFolder, 'secrets.json')
  if (!existsSync(path)) {
    const names = ['COOKIE_SECRET', 'JWT_ACCESS_SECRET', 'JWT_REFRESH_SECRET']
    const made = Object.fromEntries(names.map((name) => [name, randomBytes(48).toString('base64')]))
    mkdirSync(dataFolder, { recursive: true })
    writeFileSync(path, JSON.stringify(made, null, 2), { mode: 0o600 })
  }
  return JSON.parse(readFileSync(path, 'utf8'))
}
