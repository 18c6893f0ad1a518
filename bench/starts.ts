/**
 * How long a start takes, as a ratio to Node's own, `node -e 0`: the built server until /readyz answers 200, on Postgres, on a new
 * embedded folder and on one that is there. They take turns in every round.
 *
 * node starts.ts [rounds]      default 5; needs `npm run build`
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { benchEnvironment } from './environment.ts'
import { median, rounded } from './figures.ts'
import { OwnDatabase } from './own-database.ts'
import { freePort } from './plinth-process.ts'

const rounds = Number(process.argv[2] ?? 5)
const pollMs = 5
const main = join(import.meta.dirname, '../dist/main.js')

const folder = await mkdtemp(join(tmpdir(), 'plinth-starts-'))
const database = await OwnDatabase.create()
const embedded = (round: number) => startServer(`pglite://${join(folder, String(round))}`)
const starts: Record<string, (round: number) => Promise<number>> = {
  'node -e 0': startNode,
  'on Postgres': () => startServer(database.url),
  'on a new embedded folder': embedded,
  'on that folder again': embedded,
}
const taken = new Map<string, number[]>()
try {
  // The first one on a new database applies the migrations.
  await startServer(database.url)
  for (let round = 0; round < rounds; round++) {
    for (const [name, start] of Object.entries(starts))
      taken.set(name, [...(taken.get(name) ?? []), await start(round)])
  }
} finally {
  await database.drop()
  await rm(folder, { recursive: true, force: true })
}
const ms = (name: string) => median(taken.get(name) ?? [])
console.log(`\nMilliseconds until a server is ready; medians of ${rounds} starts`)
console.table(
  Object.fromEntries(
    Object.keys(starts).map((name) => [
      name,
      { ms: rounded(ms(name)), 'x node -e 0': rounded(ms(name) / ms('node -e 0'), 1) },
    ]),
  ),
)

async function startNode(): Promise<number> {
  const began = performance.now()
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit')
  return performance.now() - began
}

async function startServer(databaseUrl: string): Promise<number> {
  const port = await freePort()
  const began = performance.now()
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, ...benchEnvironment(databaseUrl), PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(child, 'exit')
  while (!(await isReady(port))) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
    await delay(pollMs)
  }
  const took = performance.now() - began
  child.kill()
  await exited
  return took
}

function isReady(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  )
}
