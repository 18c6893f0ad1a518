/** The titles of objects that entries of the outbox only name by id: from other entries, and from loaded data. */
import type { OutboxEntry } from '../../../client/outbox.ts'
import { namesWhatItMakes, type QueuedOffline } from '../../../shared/offline.ts'
import { queryClient } from '../plinth.ts'
import type { Product } from '../products/product.ts'
import type { NameOf } from './entry-words.ts'

type Named = { id: string; title: string | null }
type List = { items?: Named[] }

export function knownNames(entries: readonly OutboxEntry<QueuedOffline>[], products: readonly Product[]): NameOf {
  const names = new Map<string, string>()
  for (const noun of products.flatMap(({ titled }) => titled ?? [])) {
    for (const [, data] of queryClient.getQueriesData<List | { pages: List[] }>({ queryKey: [[noun, 'list']] }))
      for (const page of data && 'pages' in data ? data.pages : [data])
        for (const { id, title } of page?.items ?? []) if (title) names.set(id, title)
    for (const [, data] of queryClient.getQueriesData<Named>({ queryKey: [[noun, 'get']] }))
      if (data?.title) names.set(data.id, data.title)
  }
  for (const { path, input } of entries) {
    const field = (namesWhatItMakes as Partial<Record<QueuedOffline, string>>)[path]
    const { [field ?? '']: id, title } = input as Record<string, unknown>
    if (typeof id === 'string' && typeof title === 'string' && title) names.set(id, title)
  }
  return (id) => names.get(id) ?? null
}
