import { sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
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

/** The rows of `tables` that contain `text`, whole but for the columns that reading moves; sorted. */
export async function linesOf(
  { database: { db } }: TestApp,
  tables: Readonly<Record<string, PgTable>>,
  text = '',
): Promise<string[]> {
  const lines = Object.entries(tables).map(
    ([name, table]) => sql`
      select ${name}::text || ' ' || (to_jsonb(one) - 'last_used_at' - 'last_active_at')::text as line
      from ${table} as one where position(${text}::text in one::text) > 0`,
  )
  const rows = rowsOf(await db.execute(sql.join(lines, sql` union all `)))
  return rows.map(({ line }) => String(line)).sort()
}
