import { z } from 'zod'
import {
  Answer,
  AnswerStopped,
  AppendMessage,
  AskAssistant,
  Assistant,
  Conversation,
  type ConversationEvent,
  ConversationEvents,
  type ConversationListEvent,
  ConversationListEvents,
  Conversations,
  CreateConversation,
  FollowConversation,
  FollowConversations,
  GetConversation,
  ListConversations,
  ListMessages,
  Message,
  Messages,
  RenameConversation,
  StopAnswer,
} from '../../../shared/conversations.ts'
import { follow } from '../../platform/live/follow.ts'
import { pollChannel } from '../../platform/live/poll.ts'
import { can, recorded, router } from '../../trpc.ts'
import { askAssistant, getAnswer, stopAnswer } from './answers.ts'
import { conversationChannel, conversationsChannel } from './channel.ts'
import { appendMessage, listMessages } from './messages.ts'
import {
  createConversation,
  deleteConversation,
  findConversation,
  getConversation,
  listConversations,
  renameConversation,
  stillTheirs,
} from './service.ts'

const path = '/api/v1/conversations'
const onePath = `${path}/{conversationId}` as const
const noun = 'conversation'
const audit = { noun, id: 'conversationId' }

const messagesRouter = router({
  list: can('conversation:read')
    .meta({ rest: { method: 'GET', path: `${onePath}/messages`, summary: 'The messages of a conversation' } })
    .input(ListMessages)
    .output(Messages)
    .query(({ ctx, input }) => listMessages(ctx.db, ctx.actor, input)),
  append: can('conversation:write')
    .meta({
      audit: { ...audit, leaveOut: ['content'] },
      rest: {
        method: 'POST',
        path: `${onePath}/messages`,
        status: 201,
        summary: 'Add a message to a conversation of yours',
        errors: ['CONVERSATION_FULL', 'ANSWERED_BY_ASSISTANT', 'IDEMPOTENCY_MISMATCH', 'CONFLICT'],
      },
    })
    .input(AppendMessage)
    .use(recorded)
    .output(Message)
    .mutation(({ ctx, input }) =>
      appendMessage(ctx.db, ctx.actor, input, { hasAssistant: ctx.config.assistant !== null }),
    ),
})

const answerRouter = router({
  /** Pages have it with the messages; over REST a list is its items alone. */
  get: can('conversation:read')
    .meta({
      rest: {
        method: 'GET',
        path: `${onePath}/answer`,
        summary: 'The answer that is under way, or that failed; a whole one is among the messages',
      },
    })
    .input(GetConversation)
    .output(Answer)
    .query(({ ctx, input }) => getAnswer(ctx.db, ctx.actor, input.conversationId)),
  ask: can('conversation:write')
    .meta({
      audit,
      rest: {
        method: 'POST',
        path: `${onePath}/answer`,
        status: 202,
        summary: 'Have the assistant answer; what it says comes as events',
        errors: [
          'ASSISTANT_OFF',
          'NOTHING_TO_ANSWER',
          'ANSWER_UNDER_WAY',
          'CONVERSATION_FULL',
          'PROOF_NEEDED',
          'TOO_MANY_ANSWERS',
        ],
      },
    })
    .input(AskAssistant)
    .use(recorded)
    .output(Answer)
    .mutation(({ ctx, input }) =>
      askAssistant(ctx.db, ctx.actor, input.conversationId, { writer: ctx.answerWriter, origin: ctx.origin }),
    ),
  stop: can('conversation:write')
    .meta({
      audit,
      rest: {
        method: 'POST',
        path: `${onePath}/answer/stop`,
        summary: 'End the answer under way; what it has said becomes a message',
      },
    })
    .input(StopAnswer)
    .use(recorded)
    .output(AnswerStopped)
    .mutation(({ ctx, input }) => stopAnswer(ctx.db, ctx.actor, input.conversationId, ctx.answerWriter)),
})

export const conversationsRouter = router({
  list: can('conversation:read')
    .meta({ rest: { method: 'GET', path, summary: 'Your conversations, that with the newest activity first' } })
    .input(ListConversations)
    .output(Conversations)
    .query(({ ctx, input }) => listConversations(ctx.db, ctx.actor, input)),
  get: can('conversation:read')
    .meta({ rest: { method: 'GET', path: onePath, summary: 'A conversation of yours, without its messages' } })
    .input(GetConversation)
    .output(Conversation)
    .query(({ ctx, input }) => getConversation(ctx.db, ctx.actor, input.conversationId)),
  create: can('conversation:write')
    .meta({
      audit: { noun, leaveOut: ['title'] },
      rest: {
        method: 'POST',
        path,
        status: 201,
        summary: 'Begin a conversation',
        errors: ['CONVERSATION_LIST_FULL', 'CONFLICT'],
      },
    })
    .input(CreateConversation)
    .use(recorded)
    .output(Conversation)
    .mutation(({ ctx, input }) => createConversation(ctx.db, ctx.actor, input)),
  rename: can('conversation:write')
    .meta({
      audit: { ...audit, leaveOut: ['title'] },
      rest: { method: 'PUT', path: onePath, summary: 'Give a conversation a name, or none' },
    })
    .input(RenameConversation)
    .use(recorded)
    .output(Conversation)
    .mutation(({ ctx, input }) => renameConversation(ctx.db, ctx.actor, input)),
  delete: can('conversation:write')
    .meta({
      audit: { ...audit, leaveOut: ['title'] },
      rest: { method: 'DELETE', path: onePath, summary: 'Delete a conversation with its messages, for good' },
    })
    .input(GetConversation)
    .use(recorded)
    .output(z.void())
    .mutation(({ ctx, input }) =>
      deleteConversation(ctx.db, ctx.actor, input.conversationId, (answerId) => ctx.answerWriter?.stop(answerId)),
    ),
  messages: messagesRouter,
  answer: answerRouter,
  assistant: can('conversation:read')
    .output(Assistant)
    .query(({ ctx }) => ({ available: ctx.config.assistant !== null })),
  /** What came after `lastEventId` in one conversation, for clients that can hold no stream open. */
  events: can('conversation:read')
    .input(FollowConversation)
    .output(ConversationEvents)
    .query(async ({ ctx, input }) => {
      await findConversation(ctx.db, ctx.actor, input.conversationId)
      return pollChannel<ConversationEvent>(ctx.db, conversationChannel(input.conversationId), input.lastEventId)
    }),
  onEvent: can('conversation:read')
    .input(FollowConversation)
    .subscription(async function* (call) {
      const { id } = await findConversation(call.ctx.db, call.ctx.actor, call.input.conversationId)
      yield* follow<ConversationEvent>(call, conversationChannel(id), stillTheirs)
    }),
  /** As `events`, of the list. */
  listEvents: can('conversation:read')
    .input(FollowConversations)
    .output(ConversationListEvents)
    .query(({ ctx, input }) =>
      pollChannel<ConversationListEvent>(ctx.db, conversationsChannel(ctx.actor.id), input.lastEventId),
    ),
  onListEvent: can('conversation:read')
    .input(FollowConversations)
    .subscription((call) => follow<ConversationListEvent>(call, conversationsChannel(call.ctx.actor.id))),
})
