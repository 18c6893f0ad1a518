/** The tables of a database as a copy of it needs to know them, in an order in which rows come after those that they refer to. */
import { getTableName, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from '../server/platform/db/database.ts'
import { rowsOf } from '../server/platform/db/rows.ts'
import { retentionClock } from '../server/platform/jobs/table.ts'
import { presenceLeases, presenceServers } from '../server/platform/presence/table.ts'

export const TableShape = z.object({
  name: z.string(),
  /** `type` as Postgres writes it. */
  columns: z.array(z.object({ name: z.string(), type: z.string() })).min(1),
})
export type TableShape = z.infer<typeof TableShape>

interface Found extends TableShape {
  readonly key: readonly string[]
  readonly parents: readonly string[]
}

/** Of servers that run, and of nobody else: a copy starts without. */
const ofServers = new Set<string>([presenceServers, presenceLeases, retentionClock].map((table) => getTableName(table)))

export interface KnownTable extends TableShape {
  /** Of its primary key; by it rows have an order that does not change. */
  readonly key: readonly string[]
}

/** Generated columns are left out, for nobody can write them. @throws what the database throws */
export async function readTables(db: Database): Promise<KnownTable[]> {
  const rows = rowsOf<{ shape: string }>(
    await db.execute(sql`
      select json_build_object(
        'name', c.relname,
        'columns', (
          select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum)
          from pg_attribute a
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
        ),
        'key', coalesce((
          select json_agg(a.attname order by k.place)
          from pg_index i
          cross join lateral unnest(i.indkey) with ordinality as k(attnum, place)
          join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
          where i.indrelid = c.oid and i.indisprimary
        ), '[]'),
        'parents', coalesce((
          select json_agg(distinct f.relname)
          from pg_constraint k join pg_class f on f.oid = k.confrelid
          where k.conrelid = c.oid and k.contype = 'f' and f.oid <> c.oid
        ), '[]')
      )::text as shape
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'public' and c.relkind = 'r'
      order by c.relname`),
  )
  const found = rows.map(({ shape }) => JSON.parse(shape) as Found).filter(({ name }) => !ofServers.has(name))
  return inOrder(found).map(({ name, columns, key }) => ({ name, columns, key }))
}

function inOrder(found: readonly Found[]): Found[] {
  const [left, done] = [new Set(found), new Set<string>()]
  while (left.size > 0) {
    const next = [...left].find(({ parents }) => parents.every((parent) => done.has(parent)))
    if (!next) throw new Error(`these tables refer to each other: ${Array.from(left, ({ name }) => name).join(', ')}`)
    left.delete(next)
    done.add(next.name)
  }
  return [...done].map((name) => found.find((table) => table.name === name) as Found)
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** In the transaction that `tx` is: how values are written, and that it may take its time. */
export async function prepareCopying(tx: Database): Promise<void> {
  const settings = {
    timezone: 'UTC',
    datestyle: 'ISO, YMD',
    intervalstyle: 'postgres',
    bytea_output: 'hex',
    extra_float_digits: '1',
    statement_timeout: '0',
    idle_in_transaction_session_timeout: '0',
  }
  for (const [name, value] of Object.entries(settings))
    await tx.execute(sql`select set_config(${name}, ${value}, true)`)
}
