/**
 * What waits to be sent, for pages to lay over what the server has confirmed: entries in the order in which they were made, each with its
 * `path`, its `input` and its `state`: `writing`, `queued`, `sending`, or `refused` with its `refusal`. A page that shows them applies
 * each answer in `outbox.onAnswer`, before its entry is gone, so that nothing blinks; events and answers alike by `version`.
 */
import { useSyncExternalStore } from 'react'
import type { OutboxEntry } from '../../../client/outbox.ts'
import type { QueuedOffline } from '../../../shared/offline.ts'
import { outbox } from './outbox.ts'

const entriesNow = () => outbox.entries
const isDurable = () => outbox.durable
const isHeldUp = () => outbox.isHeldUp

export function useOutboxEntries(): readonly OutboxEntry<QueuedOffline>[] {
  return useSyncExternalStore(outbox.onChange, entriesNow)
}

/** False where what waits ends with the page. */
export const useIsDurable = () => useSyncExternalStore(outbox.onChange, isDurable)

/** What waits is sent again later, not now. */
export const useIsHeldUp = () => useSyncExternalStore(outbox.onChange, isHeldUp)
