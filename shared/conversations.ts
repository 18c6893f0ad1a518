/** Conversations of one person, with an assistant where one is set up, or with whatever records its answers here. */
import { z } from 'zod'
import { Id, TargetId } from './id.ts'
import { Instant } from './instant.ts'
import { eventsOf, happened, LastEventId, LiveCursor } from './live.ts'
import { listOf, listRequest, Pagination } from './pages.ts'
import { singleLine, text } from './text.ts'

export const conversationLimits = {
  titleLength: 120,
  messageLength: 20_000,
  messages: 20_000,
  perPerson: 10_000,
} as const

export const Conversation = z
  .object({
    id: Id,
    /** Null until somebody names it. */
    title: z.string().nullable().meta({ example: 'Where to hold the assembly' }),
    messageCount: z.int(),
    /** Grows with each change of what is above. */
    version: z.int(),
    createdAt: Instant,
    /** Of its newest message or name; the list is sorted by it, the newest first. */
    updatedAt: Instant,
  })
  .meta({ id: 'Conversation' })
export type Conversation = z.infer<typeof Conversation>
export const Conversations = listOf(Conversation)
export type Conversations = z.infer<typeof Conversations>

export const MessageRole = z.enum(['user', 'assistant'])
export type MessageRole = z.infer<typeof MessageRole>

export const Message = z
  .object({
    id: Id,
    /** 1, 2, 3 … in the order in which the server took them. */
    position: z.int(),
    role: MessageRole,
    content: z.string().meta({ example: 'Which rooms hold eighty people?' }),
    /** An answer that its reader ended before it was whole. */
    stopped: z.boolean(),
    createdAt: Instant,
  })
  .meta({ id: 'Message' })
export type Message = z.infer<typeof Message>

/**
 * Why an answer was not finished. `unreachable`: the assistant cannot be reached; `refused`: it answered with an error; `busy`: it asks for
 * patience; `cut`: its answer broke off; `empty`: it said nothing; `too-long`: longer than a message may be; `interrupted`: the server that
 * wrote it down went away.
 */
export const AnswerFailure = z.enum(['unreachable', 'refused', 'busy', 'cut', 'empty', 'too-long', 'interrupted'])
export type AnswerFailure = z.infer<typeof AnswerFailure>

/** An answer of the assistant that is not a message yet: under way, or failed, and then kept until it is asked again. */
export const Answer = z
  .object({
    /** Of the message that it becomes. */
    id: Id,
    content: z.string(),
    failure: AnswerFailure.nullable(),
  })
  .meta({ id: 'Answer' })
export type Answer = z.infer<typeof Answer>

/** Messages, and how the conversation stands. `cursor`: of the conversation's own channel. */
export const Messages = z.object({
  items: z.array(Message),
  pagination: Pagination,
  answer: Answer.nullable(),
  cursor: LiveCursor,
})
export type Messages = z.infer<typeof Messages>

const conversationId = { conversationId: TargetId }
const Title = singleLine(conversationLimits.titleLength).meta({ example: 'Where to hold the assembly' })
const ownId = (what: string) =>
  Id.optional().meta({
    description: `A UUID of your own making, by which you know your ${what} again: the same id is the same ${what}. Without it each call is a new one, but for a repeat of its Idempotency-Key`,
  })

export const ListConversations = listRequest({}).prefault({})
export type ListConversations = z.infer<typeof ListConversations>
export const GetConversation = z.object(conversationId)
export const CreateConversation = z
  .object({ conversationId: ownId('conversation'), title: Title.nullable().optional() })
  .prefault({})
export type CreateConversation = z.infer<typeof CreateConversation>
export const RenameConversation = z.object({ ...conversationId, title: Title.nullable() })
export type RenameConversation = z.infer<typeof RenameConversation>
export const ListMessages = listRequest({
  ...conversationId,
  order: z.enum(['oldest', 'newest']).default('oldest').meta({ description: 'Which come first' }),
})
export type ListMessages = z.infer<typeof ListMessages>
export const AppendMessage = z.object({
  ...conversationId,
  messageId: ownId('message'),
  role: MessageRole.default('user').meta({
    description: 'Where this server has an assistant, that writes the answers, and yours are of the user',
  }),
  content: text(conversationLimits.messageLength).meta({ example: 'Which rooms hold eighty people?' }),
})
export type AppendMessage = z.infer<typeof AppendMessage>
/** Has the assistant answer what stands there; its words come as events. Again after a failure: it begins anew. */
export const AskAssistant = z.object(conversationId)
export const StopAnswer = z.object(conversationId)
export const AnswerStopped = z.object({ stopped: z.boolean() })
export const FollowConversation = z.object({ ...conversationId, lastEventId: LastEventId })
export const FollowConversations = z.object({ lastEventId: LastEventId }).prefault({})

/** Whether there is somebody who answers, for pages to know what to offer. */
export const Assistant = z.object({ available: z.boolean() })

/** What happens in one conversation. */
export const ConversationEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message.added'), ...happened, message: Message }),
  z.object({ type: z.literal('conversation.updated'), ...happened, conversation: Conversation }),
  z.object({ type: z.literal('conversation.deleted'), ...happened, conversationId: Id }),
  z.object({ type: z.literal('answer.begun'), ...happened, answerId: Id }),
  /** `from`: how many UTF-16 units of the answer come before `text`. */
  z.object({ type: z.literal('answer.continued'), ...happened, answerId: Id, from: z.int(), text: z.string() }),
  z.object({ type: z.literal('answer.failed'), ...happened, answerId: Id, failure: AnswerFailure }),
  /** Ended by its reader before it had said anything. What had been said becomes a message. */
  z.object({ type: z.literal('answer.stopped'), ...happened, answerId: Id }),
])
export type ConversationEvent = z.infer<typeof ConversationEvent>
export const ConversationEvents = eventsOf(ConversationEvent)

/** What happens in a person's list of conversations. */
export const ConversationListEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('conversation.created'), ...happened, conversation: Conversation }),
  z.object({ type: z.literal('conversation.updated'), ...happened, conversation: Conversation }),
  z.object({ type: z.literal('conversation.deleted'), ...happened, conversationId: Id }),
])
export type ConversationListEvent = z.infer<typeof ConversationListEvent>
export const ConversationListEvents = eventsOf(ConversationListEvent)
