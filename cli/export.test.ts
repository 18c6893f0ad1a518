/** A database goes into a file and out of it: all of it or nothing, and nothing is written over. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rowsOf } from '../server/platform/db/rows.ts'
import { CommandLine } from '../server/test/command-line.ts'
import { compareDatabases, fillDatabase, kindsTable } from '../server/test/copied-database.ts'

const source = await CommandLine.create()
const scratch = mkdtempSync(join(tmpdir(), 'plinth-export-'))
const file = join(scratch, 'all.ndjson')
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
beforeAll(async () => {
  await source.withDatabase(fillDatabase)
  expect(await source.run(['export', file])).toMatchObject({
    code: 0,
    err: '',
    out: expect.stringMatching(/^Exported \d+ rows/),
  })
})

const lines = () => readFileSync(file, 'utf8').split('\n').slice(0, -1)
const withLines = (name: string, change: (lines: string[]) => string[]) => {
  const path = join(scratch, name)
  writeFileSync(path, `${change(lines()).join('\n')}\n`)
  return path
}

describe('export', () => {
  it('creates a file that only its owner can read, and overwrites none', async () => {
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const before = readFileSync(file)
    expect(await source.run(['export', file])).toMatchObject({
      code: 65,
      err: expect.stringMatching(/is there already/),
    })
    expect(readFileSync(file).equals(before)).toBe(true)
    expect(await source.run(['export', join(scratch, 'no/such/folder')])).toMatchObject({
      code: 65,
      err: expect.stringMatching(/cannot be made/),
    })
  })

  it('leaves no partial file when it is interrupted', async () => {
    const path = join(scratch, 'half.ndjson')
    expect(await source.run(['export', path], { interrupted: AbortSignal.abort() })).toMatchObject({
      code: 65,
      err: 'Interrupted: nothing was exported.\n',
    })
    expect(() => statSync(path)).toThrow(/ENOENT/)
  })

  it('is recorded in the audit log', async () => {
    const { out } = await source.run(['audit', 'list', '--action', 'database.export', '--json'])
    expect(JSON.parse(out).items[0]).toMatchObject({ actorId: null, ip: 'cli', target: 'database:all' })
  })
})

describe('import', () => {
  let target: CommandLine
  beforeAll(async () => {
    target = await CommandLine.create()
    await target.withDatabase(async (db) => void (await db.execute(kindsTable)))
  })

  it.each([
    ['cut off', (all: string[]) => all.slice(0, -1), /was cut off/],
    [
      'cut within a line',
      (all: string[]) => [...all.slice(0, -3), all.at(-3)?.slice(0, 20) ?? ''],
      /a line that is none/,
    ],
    ['without one row', (all: string[]) => all.toSpliced(2, 1), /Nothing was imported/],
    ['with a row twice', (all: string[]) => all.toSpliced(2, 0, all[2] ?? ''), /Nothing was imported/],
    ['that goes on after its end', (all: string[]) => [...all, all[2] ?? ''], /goes on after its end/],
    [
      'of another form',
      (all: string[]) => all.with(0, all[0]?.replace('"email"', '"mail"') ?? ''),
      /of another release/,
    ],
    [
      'of another migration',
      (all: string[]) => all.with(0, all[0]?.replace(/"migration":"./, '"migration":"-') ?? ''),
      /of another release/,
    ],
    ['that is something else', () => ['{"name":"plinth"}'], /does not begin as one/],
    ['that is no JSON', () => ['GIF89a'], /does not begin as one/],
    ['that is empty', () => [], /does not begin as one/],
  ])(
    'a file %s is refused whole',
    async (what, change, said) => {
      const { code, out, err } = await target.run(['import', withLines(`${what}.ndjson`, change)])
      expect({ code, out }).toEqual({ code: 65, out: '' })
      expect(err).toMatch(said)
    },
    30_000,
  )

  // Which this one is, whatever was refused before.
  it('fills an empty database with exactly the same rows, and refuses any other database', async () => {
    expect(await target.run(['import', file])).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/^Imported \d+ rows/),
    })
    expect(await compareDatabases(source, target)).toEqual([])
    const { out } = await target.run(['audit', 'list', '--target', 'database:all', '--json'])
    expect(JSON.parse(out).items.map(({ action }: { action: string }) => action)).toEqual([
      'database.import',
      'database.export',
    ])
    expect(await target.run(['import', file])).toMatchObject({
      code: 65,
      err: expect.stringMatching(/is not empty \(.*users/),
    })
    expect(await target.run(['import', join(scratch, 'nothing')])).toMatchObject({
      code: 65,
      err: expect.stringMatching(/cannot be read/),
    })
  })

  it('makes readers of channels resync, because their cursors are of the previous database', async () => {
    const states = (line: CommandLine) =>
      line.withDatabase(async (db) => {
        const found = await db.execute(
          sql`select id, epoch, head::text as head, floor::text as floor from channels order by id`,
        )
        return rowsOf<Record<string, string>>(found)
      })
    const [before, after] = [await states(source), await states(target)]
    expect(before.length).toBeGreaterThan(0)
    for (const [at, state] of before.entries()) {
      const { epoch, ...numbers } = after[at] ?? {}
      expect(numbers).toEqual({ id: state.id, head: state.head, floor: state.floor })
      expect(epoch).not.toBe(state.epoch)
    }
  })
})
