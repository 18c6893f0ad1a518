/** What the list of conversations is: the newest activity first, what an event says of one, and what queued calls change. */
import { byCodeUnits, type ListRules } from '../../../../client/channel.ts'
import type { Conversation, ConversationListEvent } from '../../../../shared/conversations.ts'

const ofConversation = {
  rowId: ({ conversationId }: { conversationId: string }) => conversationId,
  read: (conversation: Conversation) => ({ put: conversation, isNew: conversation.version === 1 }),
}

export type ConversationPath = 'conversations.create' | 'conversations.rename'

export const conversationRules: ListRules<Conversation, ConversationListEvent, ConversationPath, 'all'> = {
  compare: (one, other) => byCodeUnits(other.updatedAt, one.updatedAt) || byCodeUnits(other.id, one.id),
  isIn: () => true,
  read: (event) =>
    event.type === 'conversation.deleted'
      ? // For good: no later version can restore it.
        { deleted: event.conversationId, version: Number.POSITIVE_INFINITY }
      : { put: event.conversation, isNew: event.type === 'conversation.created' },
  calls: {
    'conversations.create': {
      ...ofConversation,
      // Its page has the messages that were written, and the reason.
      showsRefused: true,
      apply: (rows, { conversationId: id, title = null }, at) =>
        rows.add({ id, title, messageCount: 0, version: 0, createdAt: at, updatedAt: at }),
    },
    'conversations.rename': {
      ...ofConversation,
      apply: (rows, { conversationId, title }) => rows.change(conversationId, { title }),
    },
  },
}
