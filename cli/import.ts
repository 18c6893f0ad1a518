/** What `plinth export` wrote, into an empty database of the same form: all of it or nothing. */
import { createReadStream, statSync } from 'node:fs'
import { type SQL, sql } from 'drizzle-orm'
import { readConfig } from '../server/app.ts'
import { recordAudit } from '../server/platform/audit/audit-log.ts'
import { newId } from '../server/platform/db/columns.ts'
import type { Database } from '../server/platform/db/database.ts'
import { sqlState } from '../server/platform/db/faults.ts'
import { migrationsFolder, readMigrations } from '../server/platform/db/migrations.ts'
import { rowsOf } from '../server/platform/db/rows.ts'
import { operatorIp } from '../server/platform/identity/operator.ts'
import { beginChannelsAnew } from '../server/platform/live/channel-store.ts'
import { type OwnCommand, Refusal } from './command.ts'
import { ExportEnd, ExportHead, ExportRow, jsonLines } from './export-format.ts'
import { withDatabase } from './own-database.ts'
import { type KnownTable, prepareCopying, quoted, readTables, type TableShape } from './table-shape.ts'
import type { Terminal } from './terminal.ts'

const rowsAtOnce = 500
const charsAtOnce = 1_000_000

export const importCommands: Record<string, OwnCommand> = {
  import: {
    summary: 'Fills an empty database from a file of `plinth export`',
    details:
      'All of it or nothing, in one transaction; counts are compared at the end. The tables are made first where there are none. No server\n' +
      'may run on the database. Sign-ins stay good where COOKIE_SECRET and the JWT secrets are those of before; open pages fetch anew what\n' +
      'they follow.',
    operands: ['file'],
    options: { json: { type: 'boolean' } },
    notByUrl: 'A database is filled where its settings are, while no server runs on it: run `plinth import` there.',
    async runHere({ environment, operands, options, terminal }) {
      const config = readConfig(environment)
      const [path = ''] = operands
      const { interrupted } = terminal
      const source = openSource(path)
      // Before a database is touched, or made.
      const head = headOf((await source.lines.next()).value)
      const counts = await withDatabase(config, async ({ db, migrate }) => {
        await migrate(migrationsFolder, new AbortController().signal)
        await refuseOtherForm(db, head)
        const progress = () => terminal.progress(`${Math.floor((100 * source.bytesRead()) / source.size)} %`)
        return importFrom(source.lines, head, db, { progress, interrupted })
      })
      const rows = Object.values(counts).reduce((sum, count) => sum + count, 0)
      terminal.print(
        options.json
          ? JSON.stringify({ file: path, rows: counts }, null, 2)
          : `Imported ${rows} rows into ${Object.keys(counts).length} tables.`,
      )
      return 0
    },
  },
}

interface Watch {
  readonly progress: () => void
  readonly interrupted: Terminal['interrupted']
}

function openSource(path: string) {
  const size = sizeOf(path)
  const stream = createReadStream(path, { encoding: 'utf8' })
  return { lines: jsonLines(stream), size, bytesRead: () => stream.bytesRead }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size
  } catch (error) {
    throw new Refusal(`${path} cannot be read: ${(error as Error).message}.`)
  }
}

function headOf(line: unknown): ExportHead {
  const head = ExportHead.safeParse(line)
  if (head.success) return head.data
  throw new Refusal('The file does not begin as one of `plinth export` does.')
}

async function refuseOtherForm(db: Database, { migration, tables }: ExportHead): Promise<void> {
  const { newest } = await readMigrations(db)
  const form = (shapes: readonly TableShape[]) =>
    JSON.stringify(
      shapes.map(({ name, columns }) => ({ name, columns })).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    )
  if (newest !== migration || form(await readTables(db)) !== form(tables)) {
    throw new Refusal(
      'The file is of another release of Plinth than this one. Import it with the release that exported it, and migrate then.',
    )
  }
}

async function importFrom(
  lines: AsyncGenerator<unknown>,
  head: ExportHead,
  db: Database,
  { progress, interrupted }: Watch,
): Promise<Record<string, number>> {
  try {
    // Not by `withTransaction`, which may begin again: the lines come once.
    return await db.transaction(async (tx) => {
      await prepareCopying(tx)
      const tables = await readTables(tx)
      await lockEmpty(tx, tables)
      const filling = new Filling(tx, head)
      let end: Record<string, number> | undefined
      for await (const line of lines) {
        interrupted.throwIfAborted()
        if (end) throw new Refusal('The file goes on after its end. Nothing was imported.')
        const row = ExportRow.safeParse(line)
        if (row.success) await filling.add(row.data[0], row.data[1], progress)
        else end = ExportEnd.safeParse(line).data?.end ?? notOne()
      }
      await filling.flush()
      if (!end) throw new Refusal('The file was cut off: its last line is missing. Nothing was imported.')
      await verify(tx, tables, end, filling.counts)
      await beginChannelsAnew(tx)
      const origin = { ip: operatorIp, requestId: newId() }
      await recordAudit(tx, { ...origin, actorId: null, action: 'database.import', target: 'database:all' })
      return end
    })
  } catch (error) {
    if (interrupted.aborted) throw new Refusal('Interrupted: nothing was imported.')
    // 22: a value that no column takes; 23: a row that breaks a rule.
    for (let cause = error; cause instanceof Error; cause = cause.cause) {
      if (/^2[23]/.test(sqlState(cause) ?? ''))
        throw new Refusal(`The file does not fit the tables (${sqlState(cause)}). Nothing was imported.`)
      if (sqlState(cause) === '55P03')
        throw new Refusal('Somebody else uses the database. Stop the servers on it first.')
    }
    throw error
  }
}

const notOne = (): never => {
  throw new Refusal('The file has a line that is none of `plinth export`. Nothing was imported.')
}

/** Held to the commit: a server that is started meanwhile waits, and nothing of its own comes between. */
async function lockEmpty(tx: Database, tables: readonly KnownTable[]): Promise<void> {
  const names = tables.map(({ name }) => quoted(name))
  await tx.execute(sql`select set_config('lock_timeout', '5s', true)`)
  await tx.execute(sql.raw(`lock table ${names.join(', ')} in access exclusive mode`))
  const filled: string[] = []
  for (const { name } of tables) {
    const [found] = rowsOf<{ is_filled: boolean }>(
      await tx.execute(sql.raw(`select exists (select 1 from ${quoted(name)}) as is_filled`)),
    )
    if (found?.is_filled) filled.push(name)
  }
  if (filled.length > 0) {
    throw new Refusal(
      `The database is not empty (${filled.join(', ')}). Import into a new one: nothing is ever written over.`,
    )
  }
}

async function verify(
  tx: Database,
  tables: readonly KnownTable[],
  expected: Record<string, number>,
  added: ReadonlyMap<string, number>,
): Promise<void> {
  for (const { name } of tables) {
    const [found] = rowsOf<{ count: number }>(
      await tx.execute(sql.raw(`select count(*)::int as count from ${quoted(name)}`)),
    )
    if (found?.count !== expected[name] || (added.get(name) ?? 0) !== expected[name]) {
      throw new Refusal(`${name} should have ${expected[name]} rows and has ${found?.count}. Nothing was imported.`)
    }
  }
}

/** Rows on their way into the tables, in the order of the file. */
class Filling {
  readonly counts = new Map<string, number>()
  readonly #tx: Database
  readonly #inserts: ReadonlyMap<string, { columns: number; into: SQL }>
  #table = ''
  #rows: (string | null)[][] = []
  #chars = 0

  constructor(tx: Database, { tables }: ExportHead) {
    this.#tx = tx
    this.#inserts = new Map(
      tables.map((table) => [table.name, { columns: table.columns.length, into: insertInto(table) }]),
    )
  }

  async add(table: string, values: (string | null)[], flushed: () => void): Promise<void> {
    if (this.#inserts.get(table)?.columns !== values.length) return notOne()
    if (table !== this.#table || this.#rows.length >= rowsAtOnce || this.#chars > charsAtOnce) {
      await this.flush()
      flushed()
    }
    this.#table = table
    this.#rows.push(values)
    for (const value of values) this.#chars += value?.length ?? 0
  }

  async flush(): Promise<void> {
    const insert = this.#inserts.get(this.#table)
    if (!insert || this.#rows.length === 0) return
    const rows = JSON.stringify(this.#rows)
    await this.#tx.execute(sql`${insert.into} from json_array_elements(${rows}::json) as given(r)`)
    this.counts.set(this.#table, (this.counts.get(this.#table) ?? 0) + this.#rows.length)
    this.#rows = []
    this.#chars = 0
  }
}

/** Each value from its text, as the column's type reads it. The shapes are those of the tables: `refuseOtherForm` has compared them. */
function insertInto({ name, columns }: TableShape): SQL {
  const names = columns.map((column) => quoted(column.name)).join(', ')
  const values = columns.map(({ type }, at) => `(r ->> ${at})::${type}`).join(', ')
  return sql.raw(`insert into ${quoted(name)} (${names}) select ${values}`)
}
