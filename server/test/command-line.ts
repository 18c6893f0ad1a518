/** The operator's commands, run in this process on a database of the test's own, with a terminal that remembers. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { runCommand } from '../../cli/main.ts'
import { readConfig } from '../platform/config/config.ts'
import { type Database, type DatabaseDriver, openDatabase } from '../platform/db/database.ts'
import { migrationsFolder } from '../platform/db/migrations.ts'
import { testEnvironment } from './app.ts'
import { atEnd } from './at-end.ts'
import { createTestDatabase, onPostgres } from './database.ts'
import { copyMigratedFolder } from './migrated-data-dir.ts'
import { keepOpen } from './open-folders.ts'

export interface Said {
  code: number
  out: string
  err: string
}

export class CommandLine {
  readonly environment: Record<string, string | undefined>

  constructor(environment: Record<string, string | undefined>) {
    this.environment = environment
  }

  /**
   * With a database that is there until the end of the test or the file. An embedded one is migrated, and open between commands as
   * open-folders.ts says; an `empty` one is yet to be made, and each command opens and closes it.
   */
  static async create(options: { empty?: boolean } = {}): Promise<CommandLine> {
    const database = onPostgres ? await createTestDatabase(options) : null
    const scratch = mkdtempSync(join(tmpdir(), 'plinth-cli-'))
    atEnd(async () => {
      await database?.drop()
      rmSync(scratch, { recursive: true, force: true })
    })
    const folder = join(scratch, 'db')
    if (!onPostgres && !options.empty) {
      copyMigratedFolder(folder)
      keepOpen(folder)
    }
    return new CommandLine(testEnvironment({ DATABASE_URL: database?.url ?? `pglite://${folder}` }))
  }

  /** `answer`: what is said when asked; absent, nobody is there to ask. `interrupted`: Ctrl-C. `said`: to be read while it runs. */
  async run(
    words: string[],
    {
      answer,
      interrupted = new AbortController().signal,
      said = { out: '', err: '' },
      ...set
    }: { answer?: boolean; interrupted?: AbortSignal; said?: Omit<Said, 'code'> } & Record<string, unknown> = {},
  ): Promise<Said> {
    const code = await runCommand(
      words,
      { ...this.environment, ...(set as Record<string, string>) },
      {
        print(text) {
          said.out += `${text}\n`
        },
        complain(text) {
          said.err += `${text}\n`
        },
        progress() {},
        confirm: answer === undefined ? null : async () => answer,
        interrupted,
      },
    )
    return { code, ...said }
  }

  /** While no command runs. */
  async withDatabase<T>(task: (db: Database) => Promise<T>): Promise<T> {
    return this.withUnmigrated(async (database) => {
      await database.migrate(migrationsFolder, new AbortController().signal)
      return task(database.db)
    })
  }

  async withUnmigrated<T>(task: (database: DatabaseDriver) => Promise<T>): Promise<T> {
    const database = await openDatabase(readConfig(this.environment).database, pino({ level: 'silent' }))
    try {
      await database.open()
      return await task(database)
    } finally {
      await database.close()
    }
  }
}
