/**
 * What waits to be sent, for pages to lay over what the server has confirmed: entries in the order in which they were made, each with its
 * `path`, its `input` and its `state`: `writing`, `queued`, `sending`, or `refused` with its `refusal`. A page that shows them applies
 * each answer in `outbox.onAnswer`, before its entry is gone, so that nothing blinks; events and answers alike by `version`.
 */
import { useMemo, useSyncExternalStore } from 'react'
import type { OutboxEntry } from '../../../client/outbox.ts'
import type { QueuedOffline } from '../../../shared/offline.ts'
import { outbox } from './outbox.ts'

type Prefixes<Path> = Path extends `${infer Noun}.${infer Rest}` ? Noun | `${Noun}.${Prefixes<Rest>}` : never
type Below<Prefix extends string> = Extract<QueuedOffline, `${Prefix}.${string}`>

const entriesNow = () => outbox.entries
const isDurable = () => outbox.durable

export function useOutboxEntries(): readonly OutboxEntry<QueuedOffline>[] {
  return useSyncExternalStore(outbox.onChange, entriesNow)
}

/** False where what waits ends with the page. */
export const useIsDurable = () => useSyncExternalStore(outbox.onChange, isDurable)

/** Those of one noun, such as `useQueued('tasks')` or `useQueued('conversations.messages')`. The same array until one of all changes. */
export function useQueued<Prefix extends Prefixes<QueuedOffline>>(prefix: Prefix) {
  const entries = useOutboxEntries()
  return useMemo(
    () =>
      entries.filter(({ path }) => path.startsWith(`${prefix}.`)) as unknown as readonly OutboxEntry<Below<Prefix>>[],
    [entries, prefix],
  )
}
