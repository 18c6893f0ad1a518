/** The messages of a conversation as a list: the newest first, as they are loaded. */
import type { ListRules } from '../../../../client/channel.ts'
import type { ConversationEvent, Message } from '../../../../shared/conversations.ts'

export const messageRules: ListRules<Message, ConversationEvent, never, 'all'> = {
  compare: (one, other) => other.position - one.position,
  isIn: () => true,
  isAppendOnly: true,
  read: (event) => (event.type === 'message.added' ? { put: event.message, isNew: true } : null),
  calls: {},
}
