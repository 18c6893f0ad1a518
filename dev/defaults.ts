/** Settings that development need not give: secrets of its own, an embedded database, and the local OpenID provider. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '../server/platform/config/package-folder.ts'
import { demoProfiles, newDemoPassword } from '../server/platform/identity/demo-people.ts'

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

const secretNames = ['COOKIE_SECRET', 'JWT_ACCESS_SECRET', 'JWT_REFRESH_SECRET']

/** Stored, so that sessions survive a restart. */
const secrets = () => madeOnce('secrets.json', secretNames, () => randomBytes(48).toString('base64'))

/** Initial passwords of the demo people, by e-mail address. They may change them. */
export const demoPasswords = () =>
  madeOnce(
    'demo-passwords.json',
    demoProfiles.map(({ email }) => email),
    newDemoPassword,
  )

function madeOnce(name: string, keys: readonly string[], make: () => string): Record<string, string> {
  const path = join(dataFolder, name)
  if (!existsSync(path)) {
    const made = Object.fromEntries(keys.map((key) => [key, make()]))
    mkdirSync(dataFolder, { recursive: true })
    writeFileSync(path, JSON.stringify(made, null, 2), { mode: 0o600 })
  }
  return JSON.parse(readFileSync(path, 'utf8'))
}
