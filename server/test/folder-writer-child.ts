/** Writes rows into the embedded database of the folder in argv, one after another, saying each when it is acknowledged. */
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import Fastify from 'fastify'
import { packageFolder } from '../platform/config/package-folder.ts'
import { openPglite } from '../platform/db/pglite-driver.ts'

const [folder = ''] = process.argv.slice(2)
const { db, migrate } = openPglite(folder, Fastify().log)
await migrate(join(packageFolder, 'migrations'), new AbortController().signal)
await db.execute(sql`create table if not exists journal (n integer primary key)`)
const { rows } = (await db.execute(sql`select coalesce(max(n), 0) as last from journal`)) as unknown as {
  rows: { last: number }[]
}
for (let n = Number(rows[0]?.last) + 1; ; n++) {
  await db.execute(sql`insert into journal values (${n})`)
  process.stdout.write(`${n}\n`)
}
