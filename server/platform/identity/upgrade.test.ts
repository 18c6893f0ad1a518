/** What an upgrade of the database makes of sessions that were open before it. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import Fastify from 'fastify'
import { expect, it } from 'vitest'
import { beginWithoutMigrations } from '../../test/migrated-data-dir.ts'
import { packageFolder } from '../config/package-folder.ts'
import { openPglite } from '../db/pglite-driver.ts'
import { rowsOf } from '../db/rows.ts'

beginWithoutMigrations()
const migrations = join(packageFolder, 'migrations')

/** The migrations up to `last`, as the version before had them. */
async function migrationsUpTo(last: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'plinth-migrations-'))
  await cp(migrations, folder, { recursive: true })
  const journalPath = join(folder, 'meta/_journal.json')
  const journal = JSON.parse(await readFile(journalPath, 'utf8')) as { entries: { idx: number }[] }
  journal.entries = journal.entries.filter(({ idx }) => idx <= last)
  await writeFile(journalPath, JSON.stringify(journal))
  return folder
}

it('a session of before the upgrade is as old a proof of its person as its sign-in', async () => {
  const driver = openPglite('memory', Fastify().log)
  const before = await migrationsUpTo(4)
  const signal = new AbortController().signal
  try {
    await driver.migrate(before, signal)
    await driver.db.execute(sql`with person as (
        insert into users (id, display_name) values (gen_random_uuid(), 'Ada') returning id
      ) insert into sessions (id, user_id, token_hash, created_at, expires_at)
        select gen_random_uuid(), id, 'hash', now() - interval '1 day', now() + interval '1 day' from person`)
    await driver.migrate(migrations, signal)
    const found = await driver.db.execute(sql`select authenticated_at = created_at as "isOfItsSignIn" from sessions`)
    expect(rowsOf(found)).toEqual([{ isOfItsSignIn: true }])
  } finally {
    await driver.close()
    await rm(before, { recursive: true, force: true })
  }
})
