/** What the caller may read, by words: with `--url`, of whom PLINTH_TOKEN is. The operator has nothing of their own, and finds drifts. */
import { type SearchHit, SearchKind } from '../shared/search.ts'
import { exitCodes, type ProcedureCommand, Refusal } from './command.ts'
import { textTable } from './text-table.ts'

export const searchCommands: Record<string, ProcedureCommand> = {
  search: {
    summary: 'Tasks, drafts, conversations and drifts by words of their title or text, or how these begin',
    details: 'With --url, what the user of PLINTH_TOKEN may read; without, drifts.',
    operands: ['words'],
    options: { kind: { type: 'string' }, limit: { type: 'string' }, json: { type: 'boolean' } },
    async run({ plinth, operands: [text = ''], options, terminal }) {
      const { kind, limit, json } = options
      const found = await plinth.call.search({
        text,
        ...(kind !== undefined && { kind: kindOf(String(kind)) }),
        ...(limit !== undefined && { limit: Number(limit) }),
      })
      if (json) return terminal.print(JSON.stringify(found, null, 2))
      terminal.print(
        textTable(
          ['KIND', 'ID', 'AT', 'TITLE', 'TEXT'],
          found.items.map((hit) => [hit.kind, hit.id, hit.at, titleOf(hit), hit.excerpt ?? '']),
        ),
      )
    },
  },
}

const titleOf = (hit: SearchHit): string =>
  hit.kind === 'drift' ? `${hit.resource.type} ${hit.resource.id}` : (hit.title ?? 'Untitled')

function kindOf(word: string): SearchKind {
  const { data } = SearchKind.safeParse(word)
  if (!data) throw new Refusal(`--kind is one of ${SearchKind.options.join(', ')}`, exitCodes.usage)
  return data
}
