/** Changes of conversations that may wait: each names what it makes, so that it is right however late and often it is sent. */
import { v7 as newId } from 'uuid'
import { outbox } from '../../offline/outbox.ts'
import { begunHere } from '../conversation-queries.ts'
import { queuedIn } from './queued.ts'
import { titleFrom } from './title-from.ts'

export function queueMessage(conversationId: string, content: string) {
  outbox.queue('conversations.messages.append', { conversationId, messageId: newId(), content })
}

/** A conversation and its first message, which names it. Its id. */
export function queueConversation(content: string): string {
  const conversationId = newId()
  begunHere.add(conversationId)
  outbox.queue('conversations.create', { conversationId, title: titleFrom(content) })
  queueMessage(conversationId, content)
  return conversationId
}

export function queueRename(conversationId: string, title: string | null) {
  outbox.queue('conversations.rename', { conversationId, title })
}

/** With the conversation goes what was still to be sent to it, the last first. */
export async function discardQueued(conversationId: string) {
  const { create, rename, appends } = queuedIn(outbox.entries, conversationId)
  for (const entry of [...appends.toReversed(), rename, create]) if (entry) await outbox.discard(entry.id)
}
