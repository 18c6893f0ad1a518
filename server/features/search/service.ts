/** One search over all that the caller may see. Each feature finds its own; here they are ranked together. */
import type { Capability } from '../../../shared/capabilities.ts'
import type { Search, SearchHit, SearchKind, SearchResults } from '../../../shared/search.ts'
import type { Database } from '../../platform/db/database.ts'
import { mayUse, requireUse } from '../../platform/identity/may-use.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { searchConversations } from '../conversations/service.ts'
import { searchDrafts } from '../drafts/service.ts'
import { searchDrifts } from '../drifts/service.ts'
import { searchTasks } from '../tasks/service.ts'

interface Source {
  capability: Capability
  find(db: Database, actor: Actor, asked: { text: string | undefined; limit: number }): Promise<SearchHit[]>
}

const sources: Record<SearchKind, Source> = {
  task: { capability: 'task:read', find: searchTasks },
  draft: { capability: 'draft:read', find: searchDrafts },
  conversation: { capability: 'conversation:read', find: searchConversations },
  drift: {
    capability: 'drift:read',
    // Without a text there is what changed of the caller's own.
    find: async (db, _actor, { text, limit }) => (text === undefined ? [] : searchDrifts(db, { text, limit })),
  },
}
const allKinds = Object.keys(sources) as SearchKind[]

/** @throws AppError SCOPE_MISSING where an API key names a kind that it may not read, or may read none */
export async function search(db: Database, actor: Actor, { text, kind, limit }: Search): Promise<SearchResults> {
  const readable = allKinds.filter((one) => mayUse(actor, sources[one].capability))
  // Of none, the first is asked for, and refused.
  const kinds = kind ? [kind] : readable.length > 0 ? readable : allKinds
  const items: SearchHit[] = []
  // One after the other, on one connection at a time: the pool is there for others too.
  for (const one of kinds) {
    const { capability, find } = sources[one]
    requireUse(actor, capability)
    items.push(...(await find(db, actor, { text, limit })))
  }
  return { items: items.sort((one, other) => Number(other.inTitle) - Number(one.inTitle) || byTime(other, one)) }
}

const byTime = (one: SearchHit, other: SearchHit) => Date.parse(one.at) - Date.parse(other.at)
