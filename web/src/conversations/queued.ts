/** What waits in the outbox for conversations, as it is laid over what the server has confirmed. */
import type { OutboxEntry } from '../../../client/outbox.ts'
import type { Conversation, CreateConversation } from '../../../shared/conversations.ts'
import type { QueuedOffline } from '../../../shared/offline.ts'
import { untitled } from './conversation-words.ts'

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

/** The newest first, and before them what the server does not know yet. */
export function withQueued(conversations: Conversation[], entries: Entries): (Conversation & { isPending: boolean })[] {
  const known = new Set(conversations.map(({ id }) => id))
  const made = entries.flatMap((entry) => {
    if (entry.path !== 'conversations.create' || known.has(entry.input.conversationId)) return []
    const { input, queuedAt } = entry
    const { appends } = queuedIn(entries, input.conversationId)
    const at = { createdAt: queuedAt, updatedAt: queuedAt }
    const { title = null } = input as CreateConversation
    return [{ id: input.conversationId, title, messageCount: appends.length, version: 0, ...at }]
  })
  return [...made.reverse(), ...conversations].map((conversation) => {
    const { rename } = queuedIn(entries, conversation.id)
    const title = rename && rename.state !== 'refused' ? rename.input.title : conversation.title
    return { ...conversation, title, isPending: conversation.version === 0 || title !== conversation.title }
  })
}

/** As it will be called, if nothing is refused. */
export function shownTitle(confirmed: string | null, { create, rename }: QueuedConversation): string {
  if (rename && rename.state !== 'refused') return rename.input.title ?? untitled
  return confirmed ?? (create?.input as CreateConversation | undefined)?.title ?? untitled
}
