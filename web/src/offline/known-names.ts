/** The titles of objects that entries of the outbox only name by id: from other entries, and from loaded data. */
import type { OutboxEntry } from '../../../client/outbox.ts'
import type { QueuedOffline } from '../../../shared/offline.ts'
import { queryClient } from '../plinth.ts'
import type { NameOf } from './entry-words.ts'

type Named = { id: string; title: string | null }
type List = { items?: Named[] }

export function knownNames(entries: readonly OutboxEntry<QueuedOffline>[]): NameOf {
  const names = new Map<string, string>()
  for (const noun of ['tasks', 'conversations', 'drafts']) {
    for (const [, data] of queryClient.getQueriesData<List | { pages: List[] }>({ queryKey: [[noun, 'list']] }))
      for (const page of data && 'pages' in data ? data.pages : [data])
        for (const { id, title } of page?.items ?? []) if (title) names.set(id, title)
    for (const [, data] of queryClient.getQueriesData<Named>({ queryKey: [[noun, 'get']] }))
      if (data?.title) names.set(data.id, data.title)
  }
  for (const { path, input } of entries) {
    if (path === 'tasks.create') names.set(input.taskId, input.title)
    if (path === 'conversations.create' && input.title) names.set(input.conversationId, input.title)
  }
  return (id) => names.get(id) ?? null
}
