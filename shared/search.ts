/** Search over all that a user may see: tasks, drafts, conversations and drifts, by title and text. */
import { z } from 'zod'
import { DraftState } from './drafts.ts'
import { DriftStatus, Resource, Severity } from './drifts.ts'
import { Id } from './id.ts'
import { Instant } from './instant.ts'
import { singleLine } from './text.ts'

export const searchLimits = { textLength: 200, ofEachKind: 20 } as const

export const SearchKind = z.enum(['task', 'draft', 'conversation', 'drift'])
export type SearchKind = z.infer<typeof SearchKind>

export const Search = z
  .object({
    text: singleLine(searchLimits.textLength).optional().meta({
      description:
        'Words, or how they begin: what is found has all of them. Without it, what changed last in your tasks, drafts and conversations',
      example: 'printed prog',
    }),
    kind: SearchKind.optional().meta({ description: 'Only such; without it, of each kind that you may read' }),
    limit: z.int().min(1).max(searchLimits.ofEachKind).default(5).meta({ description: 'Of each kind' }),
  })
  .prefault({})
export type Search = z.infer<typeof Search>

const hit = {
  id: Id,
  /** The title has all words, and not only title and text together: it comes before those. */
  inTitle: z.boolean(),
  /** Of the text around a word that the title lacks; null where it lacks none. */
  excerpt: z.string().nullable().meta({ example: '…the printed programmes, two hundred of them, by Friday…' }),
  /** When it changed last; of a draft, when it was made; of a drift, when it was detected. */
  at: Instant,
}

export const SearchHit = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('task'), ...hit, title: z.string(), completed: z.boolean() }),
    z.object({ kind: z.literal('draft'), ...hit, title: z.string(), state: DraftState }),
    z.object({
      kind: z.literal('conversation'),
      ...hit,
      title: z.string().nullable(),
      messageId: Id.nullable().meta({
        description: 'The newest message that has all words; null where the title has them',
      }),
    }),
    z.object({ kind: z.literal('drift'), ...hit, resource: Resource, severity: Severity, status: DriftStatus }),
  ])
  .meta({ id: 'SearchHit' })
export type SearchHit = z.infer<typeof SearchHit>
export type HitOf<Kind extends SearchKind> = Extract<SearchHit, { kind: Kind }>

/** The best first: those with all words in the title, and of these and the others the newest. */
export const SearchResults = z.object({ items: z.array(SearchHit) })
export type SearchResults = z.infer<typeof SearchResults>
