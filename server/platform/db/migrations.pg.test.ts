/** Several instances that start at once on one database, and what becomes of them when one dies or a migration fails. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Fastify from 'fastify'
import { afterAll, describe, expect, it } from 'vitest'
import { buildTestApp, testEnvironment } from '../../test/app.ts'
import { PostgresServer } from '../../test/postgres-server.ts'
import { ServerProcess } from '../../test/server-process.ts'
import { until } from '../../test/until.ts'
import { packageFolder } from '../config/package-folder.ts'
import { migrationLock, openPostgres } from './postgres-driver.ts'

const server = await PostgresServer.create()
afterAll(() => server.close())
const migrations = join(packageFolder, 'migrations')
const { entries } = JSON.parse(readFileSync(join(migrations, 'meta/_journal.json'), 'utf8')) as { entries: unknown[] }
const log = Fastify().log

async function emptyDatabase(name: string) {
  await server.query((sql) => sql`create database ${sql(name)}`)
  return name
}
const serve = (database: string) =>
  new ServerProcess(testEnvironment({ PORT: '0', DATABASE_URL: server.url(database), LOG_LEVEL: 'info' }))
const waiting = (count: number, database: string) =>
  until(
    `${count} ask for the lock`,
    async () => {
      const [row] = await server.query(
        (sql) => sql`select count(*)::int as n from pg_stat_activity
        where application_name = 'plinth migrations' and query ilike '%pg_try_advisory_lock%' and datname = ${database}`,
      )
      return row?.n === count
    },
    30_000,
  )
const recorded = (database: string) =>
  server
    .query((sql) => sql`select hash from drizzle.__drizzle_migrations`, database)
    .then((rows) => rows.map((row) => row.hash))
/** `during` with the lock of the migrations held by somebody else. */
async function whileLocked(database: string, during: () => Promise<void>) {
  await server.query(async (sql) => {
    await sql`select pg_advisory_lock(${migrationLock})`
    await during()
  }, database)
}

describe('ten instances that start at once on an empty database', () => {
  it('are all ready, and each migration is applied and recorded once', async () => {
    const database = await emptyDatabase('ten')
    const here = Array.from({ length: 8 }, () =>
      openPostgres(
        { url: server.url(database), directUrl: server.url(database), prepare: true, poolMax: 2, waitMs: 2_000 },
        log,
      ),
    )
    const processes: ServerProcess[] = []
    let migrated: Promise<unknown> | undefined
    await whileLocked(database, async () => {
      processes.push(...Array.from({ length: 2 }, () => serve(database)))
      migrated = Promise.all(here.map((driver) => driver.migrate(migrations, new AbortController().signal)))
      // All of them stand before the same door when it opens.
      await waiting(10, database)
    })
    await migrated
    await Promise.all(processes.map((each) => each.ready()))
    const hashes = await recorded(database)
    expect(hashes).toHaveLength(entries.length)
    expect(new Set(hashes).size).toBe(entries.length)
    for (const each of processes) expect(each.errorLogs).toEqual([])
    await Promise.all([...here.map((driver) => driver.close()), ...processes.map((each) => each.kill())])
  })
})

describe('an instance', () => {
  it('killed while it migrates does not keep the others from it', async () => {
    const database = await emptyDatabase('killed')
    let others: ServerProcess[] = []
    await server.query(async (sql) => {
      await sql
        .begin(async (tx) => {
          // Whoever migrates first stops here, with the lock of the migrations in hand.
          await tx`create schema drizzle`
          const first = serve(database)
          await until(
            'the first is at work',
            async () => {
              const [row] = await server.query(
                (ask) => ask`select count(*)::int as n from pg_stat_activity
              where application_name = 'plinth migrations' and wait_event_type = 'Lock' and query ilike '%create schema%'`,
              )
              return row?.n === 1
            },
            20_000,
          )
          others = [serve(database), serve(database)]
          await waiting(2, database)
          await first.kill('SIGKILL')
          for (const other of others) expect((await other.get('/readyz')).status).toBe(503)
          throw new Error('take the schema back')
        })
        .catch((error) => expect(error.message).toBe('take the schema back'))
    }, database)
    await Promise.all(others.map((other) => other.ready()))
    expect(await recorded(database)).toHaveLength(entries.length)
    await Promise.all(others.map((other) => other.kill()))
  })

  it('told to end while it waits for its turn ends with 0, soon', async () => {
    const database = await emptyDatabase('ended')
    await whileLocked(database, async () => {
      const one = serve(database)
      await one.origin()
      await waiting(1, database)
      const told = performance.now()
      expect(await one.kill('SIGTERM')).toMatchObject({ code: 0, signal: null })
      expect(performance.now() - told).toBeLessThan(3000)
      expect(one.errorLogs).toEqual([])
    })
  })
})

describe('a migration that fails', () => {
  const database = 'failing'
  it('is told once, leaves nothing behind, and is done once its cause is mended', async () => {
    await emptyDatabase(database)
    await server.query((sql) => sql`create table users (n integer)`, database)
    const app = await buildTestApp({ environment: { DATABASE_URL: server.url(database) }, ready: false })
    app.expectErrorLog(/migration failed, trying again/)
    const failures = () => app.logs.filter(({ msg }) => msg === 'migration failed, trying again')
    await until('told', () => failures().length > 0)
    expect(JSON.stringify(failures()[0])).toMatch(/users.*already exists/)
    expect((await app.browser().get('/readyz')).statusCode).toBe(503)
    expect((await app.browser().get('/me')).json()).toMatchObject({ error: { code: 'DATABASE_UNAVAILABLE' } })
    // Twice more, which says nothing new.
    const tries = () =>
      server.query((sql) => sql`select xact_rollback::int as n from pg_stat_database where datname = ${database}`)
    const [before] = await tries()
    await until('two more tries', async () => (await tries())[0]?.n >= before?.n + 2)
    expect(failures()).toHaveLength(1)
    expect(await recorded(database)).toEqual([])

    await server.query((sql) => sql`drop table users`, database)
    await app.database.whenMigrated
    expect(await recorded(database)).toHaveLength(entries.length)
    expect((await app.browser().get('/readyz')).statusCode).toBe(200)
  })
})
