import { readConfig } from '../server/app.ts'
import type { Database } from '../server/platform/db/database.ts'
import { allPending, migrationsFolder, readMigrations, refuseUnusable } from '../server/platform/db/migrations.ts'
import { exitCodes, type OwnCommand } from './command.ts'
import { isYetToBeMade, withDatabase } from './own-database.ts'

export const migrateCommands: Record<string, OwnCommand> = {
  migrate: {
    summary: 'Brings the tables up to this release; the server does so too when it starts',
    details:
      'Says what was applied. Safe while servers run on Postgres: one migrates, the others wait.\n' +
      '--check changes nothing, and ends with 65 when something is pending.',
    options: { check: { type: 'boolean' }, json: { type: 'boolean' } },
    notByUrl: 'A server migrates its database by itself when it starts: run `plinth migrate` where its settings are.',
    async runHere({ environment, options, terminal }) {
      const config = readConfig(environment)
      const tell = (applied: readonly string[], pending: readonly string[], words: string) =>
        terminal.print(options.json ? JSON.stringify({ applied, pending }, null, 2) : words)
      if (options.check && isYetToBeMade(config)) {
        tell([], allPending(), `The database is yet to be made, with ${listed(allPending())}.`)
        return exitCodes.refused
      }
      return withDatabase(config, async ({ db, migrate }) => {
        const before = await state(db)
        if (options.check) {
          const { length } = before.pending
          tell([], before.pending, length > 0 ? `Pending: ${listed(before.pending)}.` : 'Nothing is pending.')
          return length > 0 ? exitCodes.refused : 0
        }
        await migrate(migrationsFolder, new AbortController().signal)
        const { pending } = await state(db)
        const applied = before.pending.filter((name) => !pending.includes(name))
        tell(
          applied,
          pending,
          applied.length > 0 ? `Applied: ${listed(applied)}.` : 'Nothing to do: every migration is applied.',
        )
        return 0
      })
    },
  },
}

async function state(db: Database) {
  const found = await readMigrations(db)
  refuseUnusable(found)
  return found
}

const listed = (names: readonly string[]) => names.join(', ')
