/** From the embedded database to Postgres and back: nothing is lost on the way, and readers of channels are told to begin anew. */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { afterAll, expect, it } from 'vitest'
import { newId } from '../server/platform/db/columns.ts'
import type { Database } from '../server/platform/db/database.ts'
import { pollChannel } from '../server/platform/live/poll.ts'
import { publish } from '../server/platform/live/publish.ts'
import { buildTestApp, testEnvironment } from '../server/test/app.ts'
import { atEnd } from '../server/test/at-end.ts'
import { CommandLine } from '../server/test/command-line.ts'
import { compareDatabases, fillDatabase, kindsTable } from '../server/test/copied-database.ts'
import { createTestDatabase } from '../server/test/database.ts'
import { signedIn } from '../server/test/followers.ts'
import { keepOpen } from '../server/test/open-folders.ts'
import { ServerProcess } from '../server/test/server-process.ts'
import { until } from '../server/test/until.ts'

const scratch = mkdtempSync(join(tmpdir(), 'plinth-move-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const app = await buildTestApp()
const inFolder = (folder: string) => new CommandLine(testEnvironment({ DATABASE_URL: `pglite://${folder}` }))
const migrated = join(scratch, 'migrated')
await inFolder(migrated).withDatabase(async () => {})

/** A copy of the migrated folder: to make one takes seconds of a core. */
function embedded(name: string): CommandLine {
  const folder = join(scratch, name)
  cpSync(migrated, folder, { recursive: true })
  keepOpen(folder)
  return inFolder(folder)
}

it('an export from a folder to Postgres and back restores the same rows', async () => {
  const database = await createTestDatabase()
  const [before, after] = [embedded('before'), embedded('after')]
  const between = new CommandLine(testEnvironment({ DATABASE_URL: database.url }))
  try {
    await before.withDatabase(fillDatabase)
    for (const line of [between, after]) await line.withDatabase(async (db) => void (await db.execute(kindsTable)))
    const files = [join(scratch, 'there.ndjson'), join(scratch, 'back.ndjson')] as const
    for (const [line, words] of [
      [before, ['export', files[0]]],
      [between, ['import', files[0]]],
    ] as const) {
      expect(await line.run([...words])).toMatchObject({ code: 0, err: '' })
    }
    expect(await compareDatabases(before, between)).toEqual([])
    for (const [line, words] of [
      [between, ['export', files[1]]],
      [after, ['import', files[1]]],
    ] as const) {
      expect(await line.run([...words])).toMatchObject({ code: 0, err: '' })
    }
    expect(await compareDatabases(between, after)).toEqual([])
  } finally {
    await database.drop()
  }
})

it('a cursor from before the import leads to resync, whatever was published since; a later one continues', async () => {
  const database = await createTestDatabase()
  const [old, fresh] = [embedded('old'), new CommandLine(testEnvironment({ DATABASE_URL: database.url }))]
  const file = join(scratch, 'live.ndjson')
  const channel = `draft:${newId()}`
  const tell = (db: Database, title: string) => publish(db, channel, { type: 'draft.updated', actorId: null, title })
  try {
    await old.withDatabase((db) => tell(db, 'before the copy'))
    expect(await old.run(['export', file])).toMatchObject({ code: 0 })
    const { cursor } = await old.withDatabase(async (db) => {
      await tell(db, 'after the copy')
      return pollChannel(db, channel, undefined)
    })
    expect(await fresh.run(['import', file])).toMatchObject({ code: 0 })
    await fresh.withDatabase(async (db) => {
      // Its number is the one that the reader of the old database has had already.
      await tell(db, 'of the copy')
      const answer = await pollChannel(db, channel, cursor)
      expect(answer).toMatchObject({ events: [], resync: true })
      await tell(db, 'and on')
      expect(await pollChannel(db, channel, answer.cursor)).toMatchObject({
        resync: false,
        events: [{ title: 'and on', seq: 3 }],
      })
    })
  } finally {
    await database.drop()
  }
})

it('a database that a server has written to is not empty, and is left unchanged', async () => {
  const source = embedded('small')
  const file = join(scratch, 'small.ndjson')
  await source.withDatabase(async () => {})
  expect(await source.run(['export', file])).toMatchObject({ code: 0 })
  const { id } = await signedIn(app)
  const line = new CommandLine(testEnvironment({ DATABASE_URL: app.inside.config.database.url }))
  expect(await line.run(['import', file])).toMatchObject({
    code: 65,
    err: expect.stringMatching(/is not empty \(.*users.*\)/),
  })
  expect(JSON.parse((await line.run(['people', 'list', '--json'])).out).items).toMatchObject([{ id }])
})

it('an export that was killed does not prevent the next one from using its file name', async () => {
  const source = await CommandLine.create()
  const folder = mkdtempSync(join(tmpdir(), 'plinth-killed-'))
  atEnd(async () => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'all.ndjson')
  await source.withDatabase(async (db) => {
    await db.transaction(async (tx) => {
      // It gets as far as this table, and waits.
      await tx.execute(sql`lock table users in access exclusive mode`)
      const killed = new ServerProcess(source.environment, 'plinth', ['export', path])
      await until('a file is begun', () => readdirSync(folder).length > 0)
      await killed.kill('SIGKILL')
    })
  })
  expect(existsSync(path)).toBe(false)
  expect(await source.run(['export', path])).toMatchObject({ code: 0, err: '' })
  expect(readdirSync(folder)).toEqual(['all.ndjson'])
})
