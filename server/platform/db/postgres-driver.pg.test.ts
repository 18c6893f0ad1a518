import { sql } from 'drizzle-orm'
import { afterAll, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { rowsOf } from '../../test/rows.ts'
import { until } from '../../test/until.ts'
import { openPostgres } from './postgres-driver.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const direct = await buildTestApp()
// No pooler here: what it would not take must not be sent, and that can be seen without one.
const pooled = await buildTestApp({ environment: { DATABASE_URL: database.url, DATABASE_DIRECT_URL: database.url } })

const settingsOf = async ({ database: { db } }: typeof direct) => {
  const names = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']
  const answers = names.map((name) => db.execute(sql`select current_setting(${name}) as value`))
  return (await Promise.all(answers)).map((answer) => rowsOf(answer)[0]?.value)
}
const preparedOf = async ({ database: { db } }: typeof direct) => {
  const query = db.select({ n: sql<number>`1` }).from(sql`generate_series(1, 1)`).prepare('one')
  await db.transaction(async (tx) => void (await tx.execute(sql`select 1`)))
  await query.execute()
  return rowsOf(await db.execute(sql`select count(*)::int as n from pg_prepared_statements`))[0]?.n
}

it('bounds statements, locks and idle transactions at connect', async () => {
  expect(await settingsOf(direct)).toEqual(['10s', '5s', '10s'])
})

it('sends a transaction pooler no settings that it refuses, and prepares nothing there', async () => {
  expect(await settingsOf(pooled)).toEqual(['0', '0', '0'])
  expect(await preparedOf(pooled)).toBe(0)
})

it('tells what connects by its name, so that an operator can see it', async () => {
  await direct.database.ping()
  const rows = await direct.database.db.execute(
    sql`select distinct application_name as name from pg_stat_activity where datname = current_database()`,
  )
  const names = rowsOf(rows).map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['plinth', 'plinth control', 'plinth notices']))
})

it('takes an address as Prisma and the managed databases give it', async () => {
  const url = new URL(database.url)
  url.search = new URLSearchParams({
    sslmode: 'disable',
    sslnegotiation: 'direct',
    channel_binding: 'prefer',
    gssencmode: 'prefer',
    target_session_attrs: 'read-write',
    schema: 'public',
    pgbouncer: 'true',
    connection_limit: '1',
    pool_timeout: '10',
    connect_timeout: '10',
  }).toString()
  const driver = openPostgres(
    { url: url.href, directUrl: url.href, prepare: true, poolMax: 1, waitMs: 2_000 },
    direct.inside.log,
  )
  expect(rowsOf(await driver.db.execute(sql`select 1 as n`))).toEqual([{ n: 1 }])
  await driver.ping()
  await driver.close()
})

it('ends whatever runs and waits when it is closed', async () => {
  const url = database.url
  const driver = openPostgres({ url, directUrl: url, prepare: true, poolMax: 1, waitMs: 2_000 }, direct.inside.log)
  driver.listen(
    'somewhere',
    () => {},
    () => {},
  )
  const running = driver.db.execute(sql`select pg_sleep(60)`).catch((error: unknown) => error)
  const isRunning = sql`select 1 from pg_stat_activity where datname = ${new URL(url).pathname.slice(1)}
    and query like '%pg_sleep%' and state = 'active'`
  await until('it runs', async () => rowsOf(await direct.database.db.execute(isRunning)).length > 0)
  await driver.ping()
  const waiting = driver.db.execute(sql`select 1`).catch((error: unknown) => error)
  const began = performance.now()
  await driver.close()
  expect(performance.now() - began).toBeLessThan(3500)
  expect(await running).toBeInstanceOf(Error)
  expect(await waiting).toBeInstanceOf(Error)
})
