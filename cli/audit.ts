import { operatorIp } from '../server/platform/identity/operator.ts'
import { listOptions, type ProcedureCommand, pageOf } from './command.ts'
import { textTable } from './text-table.ts'

const filters = ['actor', 'key', 'action', 'target', 'since', 'until'] as const

export const auditCommands: Record<string, ProcedureCommand> = {
  'audit list': {
    summary: 'Who changed what, the newest first',
    options: { ...Object.fromEntries(filters.map((name) => [name, { type: 'string' as const }])), ...listOptions },
    async run({ plinth, options, terminal }) {
      const {
        actor: actorId,
        key: apiKeyId,
        ...given
      } = Object.fromEntries(
        filters.flatMap((name) => (options[name] === undefined ? [] : [[name, String(options[name])]])),
      )
      const page = await plinth.call.auditLog.list({
        ...pageOf(options),
        ...given,
        ...(actorId && { actorId }),
        ...(apiKeyId && { apiKeyId }),
      })
      if (options.json) return terminal.print(JSON.stringify(page, null, 2))
      terminal.print(
        textTable(
          ['AT', 'WHO', 'WHAT', 'ON', 'FROM'],
          page.items.map(({ at, actor, actorId: id, apiKeyId: key, action, target, ip }) => [
            at,
            [actor?.displayName ?? id ?? (ip === operatorIp ? 'the operator' : '-'), key && `by key ${key}`]
              .filter(Boolean)
              .join(' '),
            action,
            target,
            ip,
          ]),
        ),
      )
      if (page.nextCursor) terminal.complain(`There are more: --cursor ${page.nextCursor}`)
    },
  },
}
