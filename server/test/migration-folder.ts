/** The migrations of another release: ours up to one of them, and others of its own. Deleted after the test. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrationsFolder } from '../platform/db/migrations.ts'
import { atEnd } from './at-end.ts'

interface Entry {
  idx: number
  version: string
  when: number
  tag: string
  breakpoints: boolean
}

interface Added {
  name: string
  /** As drizzle-kit writes it: statements are separated by `--> statement-breakpoint`. */
  sql: string
  /** By default newer than all before it. */
  when?: number
}

const journalPath = 'meta/_journal.json'
const journalOf = (folder: string): { entries: Entry[] } => JSON.parse(readFileSync(join(folder, journalPath), 'utf8'))

export const ownMigrations = (): readonly Entry[] => journalOf(migrationsFolder).entries

export function migrationFolder({
  upTo = Number.POSITIVE_INFINITY,
  added = [],
}: {
  upTo?: number
  added?: readonly Added[]
} = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-migrations-'))
  atEnd(async () => rmSync(folder, { recursive: true, force: true }))
  cpSync(migrationsFolder, folder, { recursive: true })
  const journal = journalOf(folder)
  journal.entries = journal.entries.filter(({ idx }) => idx <= upTo)
  for (const { name, sql, when } of added) {
    const last = journal.entries.at(-1)
    const newest = Math.max(...journal.entries.map((entry) => entry.when))
    const idx = (last?.idx ?? -1) + 1
    journal.entries.push({ idx, version: '7', when: when ?? newest + 1, tag: name, breakpoints: true })
    writeFileSync(join(folder, `${name}.sql`), sql)
  }
  writeFileSync(join(folder, journalPath), JSON.stringify(journal))
  return folder
}
