/** The whole database as one file of JSON lines, as of one moment. Values are as Postgres writes them, so none loses anything. */
import { existsSync } from 'node:fs'
import { type FileHandle, link, open, readdir, rename, rm, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { sql } from 'drizzle-orm'
import { readConfig } from '../server/app.ts'
import { recordAudit } from '../server/platform/audit/audit-log.ts'
import { newId } from '../server/platform/db/columns.ts'
import type { Database } from '../server/platform/db/database.ts'
import { readMigrations } from '../server/platform/db/migrations.ts'
import { rowsOf } from '../server/platform/db/rows.ts'
import { withSnapshot } from '../server/platform/db/transaction.ts'
import { operatorIp } from '../server/platform/identity/operator.ts'
import { type OwnCommand, Refusal } from './command.ts'
import { exportFormat } from './export-format.ts'
import { isYetToBeMade, withDatabase } from './own-database.ts'
import { type KnownTable, prepareCopying, quoted, readTables } from './table-shape.ts'
import type { Terminal } from './terminal.ts'

const rowsAtOnce = 500
const fileCalls = new Set(['write', 'fsync', 'close', 'link', 'rename'])

export const exportCommands: Record<string, OwnCommand> = {
  export: {
    summary: 'Writes the whole database into a new file, for `plinth import`',
    details:
      'As of one moment, also while servers run on Postgres; what they write after it is not in the file. The file holds all that people\n' +
      'wrote, their addresses and the hashes of their passwords: only its owner may read it. It is never written over another one.',
    operands: ['file'],
    options: { json: { type: 'boolean' } },
    notByUrl:
      'A copy of the database is made where its settings are: run `plinth export` there, with an embedded one while its server is stopped.',
    async runHere({ environment, operands, options, terminal }) {
      const config = readConfig(environment)
      const [path = ''] = operands
      if (isYetToBeMade(config)) throw new Refusal('There is no database yet, so there is nothing to export.')
      const { interrupted } = terminal
      const counts = await withDatabase(config, async ({ db }) => {
        const file = await newFile(path)
        const { partPath } = file
        try {
          const written = await exportTo(file.handle, db, terminal, interrupted)
          await file.handle.sync()
          await file.handle.close()
          await publishFile(partPath, path)
          return written
        } catch (error) {
          await file.handle.close()
          await unlink(partPath)
          if (interrupted.aborted) throw new Refusal('Interrupted: nothing was exported.')
          const { syscall, message } = error as NodeJS.ErrnoException
          // An error of the file, such as a full disk. Errors of the database have none, or are wrapped.
          if (syscall && fileCalls.has(syscall)) throw new Refusal(`${path} cannot be written: ${message}.`)
          throw error
        }
      })
      const rows = Object.values(counts).reduce((sum, count) => sum + count, 0)
      const tables = Object.keys(counts).length
      terminal.print(
        options.json
          ? JSON.stringify({ file: path, rows: counts }, null, 2)
          : `Exported ${rows} rows of ${tables} tables to ${path}. Keep it as you keep the database.`,
      )
      return 0
    },
  },
}

/** The file gets the name `path` only when it is complete, so that a killed run leaves nothing there. */
async function newFile(path: string): Promise<{ handle: FileHandle; partPath: string }> {
  const partPath = `${path}.${process.pid}.part`
  try {
    if (existsSync(path)) throw isThereAlready(path)
    await deleteAbandoned(path)
    return { handle: await open(partPath, 'wx', 0o600), partPath }
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal(`${path} cannot be made: ${(error as Error).message}.`)
  }
}

const isThereAlready = (path: string) => new Refusal(`${path} is there already. Name a new file.`)

/** Deletes incomplete files of killed runs with the same name: they contain data of the database. */
async function deleteAbandoned(path: string): Promise<void> {
  for (const name of await readdir(dirname(path))) {
    const [, pid] = name.startsWith(`${basename(path)}.`) ? (/\.(\d+)\.part$/.exec(name) ?? []) : []
    if (pid && !isRunning(Number(pid))) await rm(join(dirname(path), name), { force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return pid !== process.pid
  } catch (error) {
    // The process exists, but belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** By a hard link and not by `rename`, which would replace a file that was created meanwhile. */
async function publishFile(partPath: string, path: string): Promise<void> {
  try {
    await link(partPath, path)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw isThereAlready(path)
    // File systems without hard links.
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'].includes(code)) throw error
    return rename(partPath, path)
  }
  await unlink(partPath)
}

async function exportTo(
  file: FileHandle,
  db: Database,
  terminal: Terminal,
  interrupted: AbortSignal,
): Promise<Record<string, number>> {
  const { pending, isAhead, newest } = await readMigrations(db)
  if (pending.length > 0 || isAhead) {
    throw new Refusal(
      'The database is of another release than this program. Run `plinth migrate` first, or the other release.',
    )
  }
  // Before the moment that the file is of, so that the record is in it too.
  const origin = { ip: operatorIp, requestId: newId() }
  await recordAudit(db, { ...origin, actorId: null, action: 'database.export', target: 'database:all' })
  return withSnapshot(db, async (tx) => {
    await prepareCopying(tx)
    const tables = await readTables(tx)
    const shapes = tables.map(({ name, columns }) => ({ name, columns }))
    await file.write(`${JSON.stringify({ ...exportFormat, migration: newest, tables: shapes })}\n`)
    const counts: Record<string, number> = {}
    for (const table of tables) counts[table.name] = await exportTable(file, tx, table, terminal, interrupted)
    await file.write(`${JSON.stringify({ end: counts })}\n`)
    return counts
  })
}

async function exportTable(
  file: FileHandle,
  tx: Database,
  { name, columns, key }: KnownTable,
  terminal: Terminal,
  interrupted: AbortSignal,
): Promise<number> {
  const values = columns.map((column) => `${quoted(column.name)}::text`).join(', ')
  const order = key.length > 0 ? ` order by ${key.map(quoted).join(', ')}` : ''
  await tx.execute(
    sql.raw(
      `declare exported no scroll cursor for select json_build_array(${values})::text as "row" from ${quoted(name)}${order}`,
    ),
  )
  const prefix = `[${JSON.stringify(name)},`
  for (let count = 0; ; ) {
    interrupted.throwIfAborted()
    const rows = rowsOf<{ row: string }>(await tx.execute(sql.raw(`fetch ${rowsAtOnce} from exported`)))
    if (rows.length > 0) await file.write(rows.map(({ row }) => `${prefix}${row}]\n`).join(''))
    count += rows.length
    terminal.progress(`${name}: ${count}`)
    if (rows.length === rowsAtOnce) continue
    await tx.execute(sql.raw('close exported'))
    return count
  }
}
