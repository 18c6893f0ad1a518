/** What things are called that entries of the outbox only name by id: from other entries, and from what was loaded. */
import type { OutboxEntry } from '../../../client/outbox.ts'
import type { QueuedOffline } from '../../../shared/offline.ts'
import { queryClient } from '../plinth.ts'
import type { NameOf } from './entry-words.ts'

type Named = { id: string; title: string | null }

export function knownNames(entries: readonly OutboxEntry<QueuedOffline>[]): NameOf {
  const names = new Map<string, string>()
  for (const noun of ['tasks', 'conversations'])
    for (const [, data] of queryClient.getQueriesData<{ items?: Named[] }>({ queryKey: [[noun, 'list']] }))
      for (const { id, title } of data?.items ?? []) if (title) names.set(id, title)
  for (const { path, input } of entries) {
    if (path === 'tasks.create') names.set(input.taskId, input.title)
    if (path === 'conversations.create' && input.title) names.set(input.conversationId, input.title)
  }
  return (id) => names.get(id) ?? null
}
