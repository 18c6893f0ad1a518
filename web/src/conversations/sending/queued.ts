/** What waits in the outbox for conversations, as it is laid over what the server has confirmed. */
import type { OutboxEntry } from '../../../../client/outbox.ts'
import type { CreateConversation } from '../../../../shared/conversations.ts'
import type { QueuedOffline } from '../../../../shared/offline.ts'
import { untitled } from '../conversation-words.ts'

type Entries = readonly OutboxEntry<QueuedOffline>[]
export type QueuedMessage = OutboxEntry<'conversations.messages.append'>

export interface QueuedConversation {
  create: OutboxEntry<'conversations.create'> | null
  /** The last one, which counts. */
  rename: OutboxEntry<'conversations.rename'> | null
  appends: QueuedMessage[]
}

export function queuedIn(entries: Entries, conversationId: string): QueuedConversation {
  const queued: QueuedConversation = { create: null, rename: null, appends: [] }
  for (const entry of entries) {
    if (entry.path === 'conversations.create' && entry.input.conversationId === conversationId) queued.create = entry
    if (entry.path === 'conversations.rename' && entry.input.conversationId === conversationId) queued.rename = entry
    if (entry.path === 'conversations.messages.append' && entry.input.conversationId === conversationId)
      queued.appends.push(entry)
  }
  return queued
}

/** As it will be called, if nothing is refused. */
export function shownTitle(confirmed: string | null, { create, rename }: QueuedConversation): string {
  if (rename && rename.state !== 'refused') return rename.input.title ?? untitled
  return confirmed ?? (create?.input as CreateConversation | undefined)?.title ?? untitled
}
