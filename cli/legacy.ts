import { listOptions, type ProcedureCommand, pageOf } from './command.ts'
import { textTable } from './text-table.ts'

export const legacyCommands: Record<string, ProcedureCommand> = {
  'legacy report': {
    summary: 'Who still comes by X-User-Id alone, the most recent first',
    options: listOptions,
    async run({ plinth, options, terminal }) {
      const page = await plinth.call.people.legacyReport(pageOf(options))
      if (options.json) return terminal.print(JSON.stringify(page, null, 2))
      terminal.print(
        textTable(
          ['LEGACY ID', 'PERSON', 'USES', 'FIRST', 'LAST', 'LAST FROM', 'NOW'],
          page.items.map(({ legacyId, person, uses, firstUsedAt, lastUsedAt, lastIp, claimed }) => [
            legacyId,
            person?.displayName ?? null,
            String(uses),
            firstUsedAt,
            lastUsedAt,
            lastIp,
            claimed ? 'claimed' : 'still in use',
          ]),
        ),
      )
      if (page.nextCursor) terminal.complain(`There are more: --cursor ${page.nextCursor}`)
    },
  },
}
