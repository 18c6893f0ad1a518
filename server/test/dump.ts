import { sql } from 'drizzle-orm'
import type { TestApp } from './app.ts'
import { rowsOf } from './rows.ts'

/** Every row of every table as text, as a stolen backup would show it. */
export async function dump({ database: { db } }: TestApp, ...except: string[]): Promise<string> {
  const rows = async (query: ReturnType<typeof sql>) => rowsOf(await db.execute(query))
  const tables = await rows(sql`select table_name as name from information_schema.tables where table_schema = 'public'`)
  const names = tables.map(({ name }) => String(name)).filter((name) => !except.includes(name))
  const contents = names.map((name) => rows(sql`select * from ${sql.identifier(name)}`))
  return JSON.stringify(await Promise.all(contents))
}
