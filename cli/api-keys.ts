/** API keys: whose there are, one for a program that nobody is to sign in for, and taking one back. */
import type { ManagedApiKey } from '../shared/api-keys.ts'
import { type Call, exitCodes, listOptions, type ProcedureCommand, pageOf, Refusal } from './command.ts'
import { getPerson } from './people.ts'
import { textTable } from './text-table.ts'

export const apiKeyCommands: Record<string, ProcedureCommand> = {
  'keys list': {
    summary: 'API keys, the newest first; --person for those of one',
    options: { person: { type: 'string' }, ...listOptions },
    async run(call) {
      const { plinth, options, terminal } = call
      const named = options.person
      const personId = named === undefined ? undefined : (await getPerson(call, String(named))).id
      const page = await plinth.call.apiKeys.listAll({ ...pageOf(options), ...(personId && { personId }) })
      if (options.json) return terminal.print(JSON.stringify(page, null, 2))
      terminal.print(keysTable(page.items))
      if (page.nextCursor) terminal.complain(`There are more: --cursor ${page.nextCursor}`)
    },
  },
  'keys create': {
    summary: 'Creates an API key that acts as a user, and shows it once; --scope can be repeated',
    operands: ['person'],
    options: {
      name: { type: 'string' },
      scope: { type: 'string', multiple: true },
      expires: { type: 'string' },
      json: { type: 'boolean' },
    },
    async run(call) {
      const { plinth, options, operands, terminal } = call
      const expiresInDays = daysOf(options.expires)
      const person = await getPerson(call, operands[0] ?? '')
      const made = await plinth.call.apiKeys.createFor({
        personId: person.id,
        name: String(options.name ?? ''),
        // The procedure says which there are.
        scopes: [options.scope ?? []].flat() as never,
        ...(expiresInDays !== undefined && { expiresInDays }),
      })
      if (options.json) return terminal.print(JSON.stringify(made, null, 2))
      terminal.complain(keysTable([{ ...made, person }]))
      terminal.complain('Keep the key now: it is shown this once. Whoever has it acts as this person.')
      terminal.print(made.key)
    },
  },
  'keys revoke': {
    summary: 'Ends an API key, everywhere and at once',
    operands: ['id'],
    async run({ plinth, operands, terminal }) {
      const [keyId = ''] = operands
      await plinth.call.apiKeys.revokeAny({ keyId })
      terminal.complain('Revoked.')
    },
  },
}

/** Undefined for as long as usual, null for ever. */
function daysOf(text: Call['options'][string]): number | null | undefined {
  if (text === undefined) return undefined
  if (text === 'never') return null
  const [, days] = /^(\d+)d?$/.exec(String(text)) ?? []
  if (days) return Number(days)
  throw new Refusal('--expires takes a number of days, or never.', exitCodes.usage)
}

const keysTable = (keys: readonly ManagedApiKey[]) =>
  textTable(
    ['ID', 'PERSON', 'NAME', 'SCOPES', 'MADE', 'LAST USED', 'EXPIRES'],
    keys.map(({ id, person, name, scopes, createdAt, lastUsedAt, expiresAt }) => [
      id,
      person.displayName,
      name,
      scopes.join(' '),
      createdAt,
      lastUsedAt ?? 'never',
      expiresAt ?? 'never',
    ]),
  )
