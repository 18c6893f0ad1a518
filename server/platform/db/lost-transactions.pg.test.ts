/** A transaction whose connection is lost, at each of its moments: all of it is stored or nothing, and the pool works at once. */
import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, expect, it } from 'vitest'
import { readConfig } from '../../app.ts'
import { testEnvironment } from '../../test/app.ts'
import { PostgresServer } from '../../test/postgres-server.ts'
import { TcpProxy } from '../../test/tcp-proxy.ts'
import { toAppError } from '../errors/app-error.ts'
import { type Database, openDatabase } from './database.ts'
import { send, withTransaction } from './transaction.ts'

const server = await PostgresServer.create()
const proxy = await TcpProxy.before(server.port)
const url = `postgres://postgres@127.0.0.1:${proxy.port}/postgres`
const config = readConfig(testEnvironment({ DATABASE_URL: url, DATABASE_POOL_MAX: '2' }))
const driver = await openDatabase(config.database, pino({ level: 'silent' }))
await server.query((ask) => ask`create table entries (n integer, part text)`)
afterAll(async () => {
  await driver.close()
  await proxy.close()
  await server.close()
})

let entries = 0
const partsOf = async (n: number) =>
  (await server.query((ask) => ask`select part from entries where n = ${n} order by part`)).map(({ part }) => part)

/** Three statements, of which nothing waits for the last, with COMMIT or, as `fails` says, ROLLBACK. */
function write(db: Database, n: number, { fails = false, sleeps = false } = {}): Promise<unknown> {
  return withTransaction(db, async (tx) => {
    await tx.execute(sql`insert into entries values (${n}, 'a') /* first */`)
    const [row] = (await tx.execute(sql`select ${n}::int as n /* second */`)) as unknown as { n: number }[]
    expect(row?.n).toBe(n)
    if (sleeps) await tx.execute(sql`select pg_sleep(60)`)
    if (fails) throw new Error('a fault of the task')
    await send(tx, tx.execute(sql`insert into entries values (${n}, 'b') /* sent */`))
  })
}

const moments: [string, string, 'unsent' | 'unanswered', string[]][] = [
  ['before BEGIN is received', 'begin\0', 'unsent', []],
  ['before the response to BEGIN', 'begin\0', 'unanswered', []],
  ['before its first statement is received', '/* first */', 'unsent', []],
  ['before the response to its first statement', '/* first */', 'unanswered', []],
  ['before a later statement is received', '/* second */', 'unsent', []],
  ['before a statement is received that nothing waits for', '/* sent */', 'unsent', []],
  ['before COMMIT is received', 'commit\0', 'unsent', []],
  // It is stored, and the caller receives a failure, for the response is lost.
  ['before the response to COMMIT', 'commit\0', 'unanswered', ['a', 'b']],
]

it.each(moments)('is all or nothing when it is lost %s', async (_moment, text, fate, stored) => {
  const n = ++entries
  const bystander = ++entries
  const cut = proxy.cutOn(text, fate)
  const outcome = await write(driver.db, n).catch((error) => toAppError(error).code)
  await cut
  expect(outcome).toBe('DATABASE_UNAVAILABLE')
  await write(driver.db, bystander)
  expect(await partsOf(bystander)).toEqual(['a', 'b'])
  expect(await partsOf(n)).toEqual(stored)
})

it('is nothing when Postgres ends its backend while a statement is executed', async () => {
  const n = ++entries
  const outcome = write(driver.db, n, { sleeps: true }).catch((error) => toAppError(error).code)
  await expect
    .poll(() =>
      server.query(
        (ask) => ask`select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(60)'`,
      ),
    )
    .toHaveLength(1)
  expect(await outcome).toBe('DATABASE_UNAVAILABLE')
  await write(driver.db, ++entries)
  expect(await partsOf(n)).toEqual([])
})

it.each(['unsent', 'unanswered'] as const)('fails with the fault of its task when ROLLBACK is %s', async (fate) => {
  const n = ++entries
  const cut = proxy.cutOn('rollback\0', fate)
  await expect(write(driver.db, n, { fails: true })).rejects.toThrow('a fault of the task')
  await cut
  await write(driver.db, ++entries)
  expect(await partsOf(n)).toEqual([])
})
