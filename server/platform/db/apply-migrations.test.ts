import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { testEnvironment } from '../../test/app.ts'
import { atEnd } from '../../test/at-end.ts'
import { createStoredDatabase } from '../../test/database.ts'
import { migrationFolder, ownMigrations } from '../../test/migration-folder.ts'
import { readConfig } from '../config/config.ts'
import { type DatabaseDriver, openDatabase } from './database.ts'
import { MigrationsOutOfOrder, readMigrations, SchemaAhead } from './migrations.ts'
import { rowsOf } from './rows.ts'

const log = pino({ level: 'silent' })
const newestTag = ownMigrations().at(-1)?.tag
const newestWhen = Number(ownMigrations().at(-1)?.when)

/** With every migration of this release. */
async function openMigrated(): Promise<DatabaseDriver> {
  const { url, drop } = await createStoredDatabase()
  const driver = await openDatabase(readConfig(testEnvironment({ DATABASE_URL: url })).database, log)
  atEnd(async () => {
    await driver.close()
    await drop()
  })
  await driver.open()
  return driver
}
const migrate = (driver: DatabaseDriver, folder: string) => driver.migrate(folder, new AbortController().signal)
const isThere = async ({ db }: DatabaseDriver, relation: string) =>
  rowsOf<{ there: boolean }>(await db.execute(sql`select to_regclass(${relation}) is not null as there`))[0]?.there

it('a migration declares from which release on it is compatible, and that release learns it from the database', async () => {
  const driver = await openMigrated()
  const one = { name: '9001_one', sql: `-- compatible from: ${newestTag}\ncreate table one (n int)` }
  const two = { name: '9002_two', sql: '-- compatible from: 9001_one\ncreate table two (n int)' }
  await migrate(driver, migrationFolder({ added: [one] }))
  expect(await readMigrations(driver.db)).toMatchObject({ isAhead: true, isCompatible: true, pending: [] })
  await expect(migrate(driver, migrationFolder())).resolves.toBe(undefined)

  await migrate(driver, migrationFolder({ added: [one, two] }))
  expect(await readMigrations(driver.db)).toMatchObject({ isAhead: true, isCompatible: false })
  await expect(migrate(driver, migrationFolder())).rejects.toThrow(SchemaAhead)
  expect(await readMigrations(driver.db, migrationFolder({ added: [one] }))).toMatchObject({ isCompatible: true })
})

it('a migration that declares nothing is compatible with no earlier release', async () => {
  const driver = await openMigrated()
  await migrate(driver, migrationFolder({ added: [{ name: '9001_one', sql: 'create table one (n int)' }] }))
  expect(await readMigrations(driver.db)).toMatchObject({ isAhead: true, isCompatible: false })
})

it('a migration that was merged later with an older timestamp is refused, and nothing is applied', async () => {
  const driver = await openMigrated()
  const late = { name: '9001_late', sql: 'create table late (n int)', when: newestWhen - 1 }
  const folder = migrationFolder({ added: [late, { name: '9002_next', sql: 'create table next (n int)' }] })
  await expect(migrate(driver, folder)).rejects.toThrow(MigrationsOutOfOrder)
  await expect(migrate(driver, folder)).rejects.toThrow(/^9001_late is older than a migration that is already applied/)
  for (const table of ['late', 'next']) expect(await isThere(driver, table)).toBe(false)
})

it('a migration that fails leaves nothing of itself, and those before it stay applied', async () => {
  const driver = await openMigrated()
  const folder = migrationFolder({
    added: [
      { name: '9001_one', sql: 'create table one (n int)' },
      { name: '9002_two', sql: 'create table two (n int);--> statement-breakpoint\ninsert into nowhere values (1)' },
    ],
  })
  await expect(migrate(driver, folder)).rejects.toThrow(/nowhere/)
  expect([await isThere(driver, 'one'), await isThere(driver, 'two')]).toEqual([true, false])
  expect((await readMigrations(driver.db, folder)).pending).toEqual(['9002_two'])
})

it('an index that is built concurrently is valid, also after an attempt that was cut off', async () => {
  const driver = await openMigrated()
  const { db } = driver
  const folder = migrationFolder({
    added: [
      { name: '9001_one', sql: 'create table one as select 1 as n from generate_series(1, 2)' },
      { name: '9002_index', sql: 'CREATE UNIQUE INDEX CONCURRENTLY "one_n" ON "one" USING btree ("n")' },
    ],
  })
  await expect(migrate(driver, folder)).rejects.toThrow(/one_n/)
  const isValid = sql`select indisvalid from pg_index where indexrelid = 'one_n'::regclass`
  expect(rowsOf(await db.execute(isValid))).toEqual([{ indisvalid: false }])
  await db.execute(sql`truncate one`)
  await migrate(driver, folder)
  expect(rowsOf(await db.execute(isValid))).toEqual([{ indisvalid: true }])
  expect((await readMigrations(db, folder)).pending).toEqual([])
})

it('a migration that builds an index concurrently and does more is refused', async () => {
  const driver = await openMigrated()
  const mixed = 'create table one (n int);--> statement-breakpoint\ncreate index concurrently "one_n" on one (n)'
  const folder = migrationFolder({ added: [{ name: '9001_mixed', sql: mixed }] })
  await expect(migrate(driver, folder)).rejects.toThrow(/migration of its own/)
  expect(await isThere(driver, 'one')).toBe(false)
})

it('the timestamps of our migrations ascend', () => {
  const times = ownMigrations().map(({ when }) => when)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  expect(new Set(times).size).toBe(times.length)
})
