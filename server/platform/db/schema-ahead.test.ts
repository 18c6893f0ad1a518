import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { buildTestApp, testEnvironment } from '../../test/app.ts'
import { atEnd } from '../../test/at-end.ts'
import { createStoredDatabase } from '../../test/database.ts'
import { ownMigrations } from '../../test/migration-folder.ts'
import { ServerProcess } from '../../test/server-process.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'
import { readConfig } from '../config/config.ts'
import { type Database, openDatabase } from './database.ts'
import { SchemaAhead } from './migrations.ts'

const newestWhen = Number(ownMigrations().at(-1)?.when)
const { message } = new SchemaAhead()

/** The record that a migration of a later release leaves; `compatibleFrom` is its declaration. */
const migrateLater = (db: Database, compatibleFrom: number | null) =>
  db.execute(sql`insert into drizzle.__drizzle_migrations (hash, created_at, compatible_from)
    values ('later', ${newestWhen + 1}, ${compatibleFrom})`)

async function databaseOfLaterRelease(compatibleFrom: number | null): Promise<string> {
  const { url, drop } = await createStoredDatabase()
  atEnd(drop)
  const driver = await openDatabase(
    readConfig(testEnvironment({ DATABASE_URL: url })).database,
    pino({ level: 'silent' }),
  )
  await driver.open()
  await migrateLater(driver.db, compatibleFrom)
  await driver.close()
  return url
}

it('an instance does not become ready on the schema of a later release; /readyz and its log say what to do', async () => {
  const server = new ServerProcess(testEnvironment({ PORT: '0', DATABASE_URL: await databaseOfLaterRelease(null) }))
  await until('the state is reported', async () => JSON.stringify((await server.get('/readyz')).body).includes('ahead'))
  expect(await server.get('/readyz')).toMatchObject({ status: 503, body: { status: 'schema-ahead', message } })
  expect(await server.get('/me')).toMatchObject({ status: 503, body: { error: { code: 'DATABASE_UNAVAILABLE' } } })
  expect(server.errorLogs.map(({ msg }) => msg)).toEqual([message])
  expect(server.logs.map(({ msg }) => msg)).not.toContain('database ready')
  expect(message).toMatch(/Run that release or a newer one; to go back, see "Roll back" in docs\/upgrade\.md\.$/)
  expect(await server.kill()).toMatchObject({ code: 0 })
})

it('an instance becomes ready beside migrations that declare its release compatible', async () => {
  const app = await buildTestApp({ environment: { DATABASE_URL: await databaseOfLaterRelease(newestWhen) } })
  expect((await app.browser().get('/readyz')).json()).toEqual({ status: 'ready' })
})

it('a running instance stops serving when a later release migrates, on open sockets too, and serves again afterwards', async () => {
  const app = await buildTestApp({ times: { database: { checkSchemaEveryMs: 50 } } })
  const { db } = app.database
  const { browser } = await app.enter()
  const socket = await TestSocket.openAs(await app.listen(), browser)
  app.expectErrorLog(/A later release has migrated this database/)
  await migrateLater(db, null)
  const readiness = async () => (await browser.get('/readyz')).json()
  await until('not ready', async () => (await readiness()).status === 'schema-ahead')
  expect((await browser.get('/me')).json().error.code).toBe('DATABASE_UNAVAILABLE')
  expect(await socket.call('query', 'account.me')).toMatchObject({ error: { data: { code: 'DATABASE_UNAVAILABLE' } } })
  await db.execute(sql`delete from drizzle.__drizzle_migrations where hash = 'later'`)
  await until('ready again', async () => (await readiness()).status === 'ready')
  expect((await browser.get('/me')).statusCode).toBe(200)
})
