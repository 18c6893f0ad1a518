/**
 * Random faults, ten and more a second, between the driver of Postgres and a cluster of its own: connections cut, silent or refused, backends
 * terminated, COMMIT lost before or after it took effect, Postgres stopped at once or frozen. Meanwhile transactions and prepared selects run without
 * a pause. Prints what was lost, half stored, wrong, uncaught or hanging; the exit code is 1 where that is not 0. Needs PostgreSQL's programs and openssl.
 *
 * node driver-soak.ts [tls] [seconds]      default 30
 */
import { execFileSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { readConfig } from '../server/app.ts'
import { type Database, openDatabase } from '../server/platform/db/database.ts'
import { preparedQuery } from '../server/platform/db/prepared.ts'
import { send, withTransaction } from '../server/platform/db/transaction.ts'
import { PostgresServer } from '../server/test/postgres-server.ts'
import { TcpProxy } from '../server/test/tcp-proxy.ts'
import { benchEnvironment } from './environment.ts'

const isTls = process.argv.includes('tls')
const seconds = Number(process.argv.find((word) => /^\d+$/.test(word)) ?? 30)
const workers = 12
const pauseMs = { least: 10, most: 80 }
/** No call may take longer: what waits for a connection and then for a response is bounded by 2 s and 12 s. */
const hangsAfterMs = 16_000
/**
 * From the last fault on. Not counted from a silence, which takes as long to find as a response may take: so there is none in the last seconds.
 */
const backWithinMs = 2_000

const certificates = mkdtempSync(join(tmpdir(), 'plinth-soak-'))
const server = await PostgresServer.create(isTls ? tlsSettings() : {})
const proxy = await TcpProxy.before(server.port)
const url = `postgres://postgres@127.0.0.1:${proxy.port}/postgres${isTls ? '?sslmode=require' : ''}`
const { database } = readConfig({ ...benchEnvironment(url), DATABASE_POOL_MAX: '6' })
const driver = await openDatabase(database, pino({ level: 'silent' }))
const found = { lost: 0, half: 0, 'wrong result': 0, uncaught: 0, hanging: 0 }
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error) => {
    found.uncaught++
    console.error(error)
  })
}

const echo = preparedQuery('soak_echo', (db: Database, { n }: { n: unknown }) =>
  db.select({ n: sql<number>`${n}::int`, part: sql<string>`part` }).from(sql`(values ('a'), ('b')) as parts (part)`),
)
const acknowledged: number[] = []
let [calls, refused, goesOn] = [0, 0, true]

async function write(n: number): Promise<void> {
  await withTransaction(driver.db, async (tx) => {
    await tx.execute(sql`insert into entries values (${n}, 'a')`)
    await check(tx, n)
    await send(tx, tx.execute(sql`insert into entries values (${n}, 'b')`))
  })
  acknowledged.push(n)
}

async function check(db: Database, n: number): Promise<void> {
  const rows = await echo(db, { n })
  if (
    JSON.stringify(rows) !==
    JSON.stringify([
      { n, part: 'a' },
      { n, part: 'b' },
    ])
  )
    found['wrong result']++
}

async function work(): Promise<void> {
  while (goesOn) {
    const n = ++calls
    const call = (n % 3 === 0 ? check(driver.db, n) : write(n)).catch(() => void refused++)
    const timer = setTimeout(() => found.hanging++, hangsAfterMs)
    await call
    clearTimeout(timer)
    await delay(1)
  }
}

const endBackends = (number: number) =>
  server
    .query(
      (ask) => ask`select pg_terminate_backend(pid) from (select pid from pg_stat_activity
      where application_name like 'plinth%' order by random() limit ${number}) as some`,
    )
    .catch(() => {})
const refuse = async () => {
  proxy.mode = 'hang-up'
  await delay(200)
  proxy.mode = 'pass'
}
/** How often each of a hundred faults is done. What is in the text of a message is not seen with TLS. */
const faults: [string, number, () => unknown][] = [
  ['all connections cut', 12, () => proxy.cut()],
  ['all connections silent', 2, () => proxy.silence()],
  ['connections refused', 6, refuse],
  ['a backend terminated', 30, () => endBackends(1)],
  ['all backends terminated', 12, () => endBackends(100)],
  ['COMMIT not received', 18, () => void proxy.cutOn('commit\0', 'unsent')],
  ['COMMIT not answered', 18, () => void proxy.cutOn('commit\0', 'unanswered')],
  ['Postgres stopped', 1, () => server.stopImmediately().then(() => server.start())],
  ['Postgres frozen', 1, () => server.freeze(500)],
].filter(([name]) => !isTls || !String(name).startsWith('COMMIT')) as never
const turns = faults.flatMap(([name, times, fault]) => Array.from({ length: times }, () => [name, fault] as const))
const done: Record<string, number> = Object.fromEntries(faults.map(([name]) => [name, 0]))

try {
  await server.query((ask) => ask`create table entries (n integer, part text)`)
  const working = Array.from({ length: workers }, work)
  const began = performance.now()
  let at = 0
  while (performance.now() - began < seconds * 1000) {
    // Spread evenly, so that each kind is done.
    const isNearEnd = performance.now() - began > seconds * 1000 - hangsAfterMs
    const [name, fault] = turns[(at++ * 37) % turns.length] as (typeof turns)[number]
    if (isNearEnd && name === 'all connections silent') continue
    done[name] = (done[name] ?? 0) + 1
    await fault()
    await delay(pauseMs.least + Math.random() * (pauseMs.most - pauseMs.least))
  }
  const backAt = performance.now()
  while (
    !(await write(++calls).then(
      () => true,
      () => false,
    ))
  )
    await delay(10)
  const backMs = performance.now() - backAt
  goesOn = false
  await Promise.all(working)
  const stored = await server.query((ask) => ask`select n, count(*)::int as parts from entries group by n`)
  const whole = new Set(stored.filter(({ parts }) => parts === 2).map(({ n }) => n))
  found.half = stored.filter(({ parts }) => parts !== 2).length
  found.lost = acknowledged.filter((n) => !whole.has(n)).length
  const number = Object.values(done).reduce((sum, times) => sum + times, 0)
  console.log(`${number} faults in ${seconds} s${isTls ? ', TLS' : ''}; ${calls} calls, ${refused} refused`)
  console.table({ ...done, ...found, 'back after, ms': Math.round(backMs) })
  if (Object.values(found).some((n) => n > 0) || backMs > backWithinMs) process.exitCode = 1
} finally {
  await driver.close()
  await proxy.close()
  await server.close()
  rmSync(certificates, { recursive: true })
}

function tlsSettings(): Record<string, string> {
  const [key, certificate] = [join(certificates, 'key.pem'), join(certificates, 'certificate.pem')]
  const names = ['-nodes', '-days', '1', '-subj', '/CN=localhost', '-keyout', key, '-out', certificate]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', ...names], {
    stdio: 'ignore',
  })
  // Postgres refuses to run as root, and to use a key that others could read.
  const { uid, gid } = statSync('/var/lib/postgresql')
  if (process.getuid?.() === 0) for (const path of [certificates, key, certificate]) chownSync(path, uid, gid)
  return { ssl: 'on', ssl_key_file: key, ssl_cert_file: certificate }
}
