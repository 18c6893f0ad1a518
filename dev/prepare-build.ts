/**
 * The last step of `npm run build`: what the first start of a bundle would make, made once for all. `dist/database` is an embedded
 * database with every migration and nothing else; `dist/compile-cache` is what V8 compiles for that and for a server on Postgres.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { packageFolder } from '../server/platform/config/package-folder.ts'
import { freePort } from './free-port.ts'

const dist = join(packageFolder, 'dist')
for (const made of ['database', 'compile-cache']) await rm(join(dist, made), { recursive: true, force: true })
await succeed(run('plinth.js', ['migrate'], `pglite://${join(dist, 'database')}`))
// Where no Postgres is: the server does all that it does at a start, and says that it goes on trying.
const server = run('main.js', [], `postgres://build@127.0.0.1:${await freePort()}/build`)
server.stdout?.on('data', (lines) => {
  if (/database not reachable/.test(String(lines))) server.kill('SIGTERM')
})
await succeed(server)

function run(entry: string, args: string[], databaseUrl: string): ChildProcess {
  const secret = () => randomBytes(48).toString('base64')
  return spawn(process.execPath, [join(dist, entry), ...args], {
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      PUBLIC_URL: 'http://localhost:8000',
      DATABASE_URL: databaseUrl,
      GOOGLE_CLIENT_ID: 'build',
      GOOGLE_CLIENT_SECRET: 'build',
      COOKIE_SECRET: secret(),
      JWT_ACCESS_SECRET: secret(),
      JWT_REFRESH_SECRET: secret(),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function succeed(child: ChildProcess): Promise<void> {
  let said = ''
  child.stdout?.on('data', (text) => {
    said += text
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${child.spawnargs.join(' ')} ended with ${code}: ${said}`)
}
