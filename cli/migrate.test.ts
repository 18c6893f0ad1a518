import { existsSync, readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { migrationsFolder } from '../server/platform/db/migrations.ts'
import { CommandLine } from '../server/test/command-line.ts'
import { onPostgres } from '../server/test/database.ts'
import { beginWithoutMigrations } from '../server/test/migrated-data-dir.ts'
import { until } from '../server/test/until.ts'

beginWithoutMigrations()
const migrated = await CommandLine.create()
const names = readdirSync(migrationsFolder)
  .filter((name) => name.endsWith('.sql'))
  .map((name) => name.slice(0, -'.sql'.length))
  .sort()

it('reports what is pending, applies it, and then reports that nothing is pending', async () => {
  const line = await CommandLine.create({ empty: true })
  for (const _ of ['first', 'and nothing was made by asking']) {
    const { code, out } = await line.run(['migrate', '--check', '--json'])
    expect({ code, ...JSON.parse(out) }).toEqual({ code: 65, applied: [], pending: names })
  }
  const lock = `${line.environment.DATABASE_URL?.replace('pglite://', '')}.lock`
  const applying = line.run(['migrate'])
  if (!onPostgres) await until('the folder is locked while a command runs', () => existsSync(lock))
  expect(await applying).toEqual({ code: 0, out: `Applied: ${names.join(', ')}.\n`, err: '' })
  expect(existsSync(lock)).toBe(false)
  expect(await line.run(['migrate'])).toMatchObject({ code: 0, out: expect.stringMatching(/^Nothing to do/) })
  expect(await line.run(['migrate', '--check'])).toEqual({ code: 0, out: 'Nothing is pending.\n', err: '' })
})

it('the last one alone is pending where it is missing', async () => {
  await migrated.withUnmigrated(({ db }) =>
    db.execute(
      `delete from drizzle.__drizzle_migrations where id = (select max(id) from drizzle.__drizzle_migrations)`,
    ),
  )
  const { code, out } = await migrated.run(['migrate', '--check'])
  expect({ code, out }).toEqual({ code: 65, out: `Pending: ${names.at(-1)}.\n` })
})

it('a database of a later release is left alone', async () => {
  await migrated.withUnmigrated(({ db }) =>
    db.execute(`insert into drizzle.__drizzle_migrations (hash, created_at) values ('later', 9999999999999)`),
  )
  for (const words of [['migrate'], ['migrate', '--check'], ['export', '/nowhere/x']]) {
    expect((await migrated.run(words)).code).toBe(65)
  }
})
