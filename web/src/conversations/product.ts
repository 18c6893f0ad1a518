import { IconMessagePlus, IconMessages } from '@tabler/icons-react'
import type { QueuedOffline } from '../../../shared/offline.ts'
import { nameOr, type OutboxWords, quoted } from '../offline/entry-words.ts'
import type { Product } from '../products/product.ts'

export const conversationsProduct: Product = {
  name: 'Conversations',
  about: 'Your notes and questions, with the answers of an assistant where there is one.',
  navigation: { path: '/conversations', icon: IconMessages, labelInBar: 'Chats' },
  commands: [
    {
      name: 'New conversation',
      group: 'Commands',
      icon: IconMessagePlus,
      alias: 'begin write ask assistant chat',
      path: '/conversations/new',
      access: 'conversation:write',
    },
  ],
  shortcuts: [
    { keys: ['Enter'], does: 'Send the message that you write' },
    { keys: ['Shift', 'Enter'], does: 'Start a new line' },
    { keys: ['Esc'], does: 'Stop the answer, from the field that you write in' },
  ],
  // What was written offline is sent, and answered, whichever page is open by then.
  background: () => import('./sending/ask-after-sending.ts'),
  stored: {
    procedures: ['conversations.list', 'conversations.get', 'conversations.messages.list', 'conversations.assistant'],
    keys: ['conversation-list', 'conversation'],
  },
  titled: ['conversations'],
  outboxWords: {
    'conversations.create': ({ title }) => `Begin ${title ? `the conversation ${quoted(title)}` : 'a conversation'}`,
    'conversations.rename': ({ conversationId, title }, nameOf) =>
      title
        ? `Call ${nameOr(nameOf(conversationId), 'a conversation')} ${quoted(title)}`
        : `Take the name from ${nameOr(nameOf(conversationId), 'a conversation')}`,
    'conversations.messages.append': ({ content }) => `Send ${quoted(content)}`,
  } satisfies OutboxWords<Extract<QueuedOffline, `conversations.${string}`>>,
  auditWords: {
    'conversations.create': 'started a conversation',
    'conversations.rename': 'renamed a conversation',
    'conversations.delete': 'deleted a conversation',
    'conversations.messages.append': 'wrote a message',
    'conversations.answer.ask': 'asked the assistant',
    'conversations.answer.stop': 'stopped an answer of the assistant',
    'conversations.answer': 'had an answer of the assistant',
  },
}
