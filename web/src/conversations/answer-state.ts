/**
 * What a page knows of one conversation beside its messages: its name, and the answer that is under way or failed. Snapshots, events and
 * responses may report the same thing in any order, once or more often; an answer that is over does not come back. A piece of an answer
 * that cannot be put in its place is never guessed: `isBehind` requests a new snapshot.
 */
import type { Answer, Conversation, ConversationEvent, Message } from '../../../shared/conversations.ts'

export interface AnswerState {
  /** Null until it is read, which is apart from the messages. */
  conversation: Conversation | null
  answer: Answer | null
  /** Requested by this page, and no event has come since. */
  isAsking: boolean
  /** Answers that were stopped or became messages: late events about them change nothing. */
  over: readonly string[]
  isBehind: boolean
  /** Deleted, here or elsewhere. */
  isDeleted: boolean
}

export type AnswerAction =
  | { type: 'snapshot'; answer: Answer | null }
  | { type: 'conversation'; conversation: Conversation }
  | { type: 'ask' }
  | { type: 'ask-refused' }
  | { type: 'event'; event: ConversationEvent }
  | { type: 'deleted' }

/** Whether that message is known: an answer becomes a message under its own id. */
export type HasMessage = (messageId: string) => boolean

export const initialAnswerState: AnswerState = {
  conversation: null,
  answer: null,
  isAsking: false,
  over: [],
  isBehind: false,
  isDeleted: false,
}

/** After the messages of the same snapshot or event. */
export function reduceAnswer(state: AnswerState, action: AnswerAction, hasMessage: HasMessage): AnswerState {
  switch (action.type) {
    case 'snapshot': {
      const isOver = action.answer !== null && isKnown(state, action.answer.id, hasMessage)
      return { ...state, answer: isOver ? null : action.answer, isAsking: false, isBehind: false, isDeleted: false }
    }
    case 'conversation':
      return withConversation(state, action.conversation)
    case 'ask':
      return { ...state, isAsking: true }
    case 'ask-refused':
      return { ...state, isAsking: false }
    case 'event':
      return takeEvent(state, action.event, hasMessage)
    case 'deleted':
      return { ...state, isDeleted: true, answer: null, isAsking: false }
  }
}

export const isUnderWay = (answer: Answer | null): answer is Answer => answer !== null && answer.failure === null

/** The user has written last, and no answer is there or comes. */
export const awaitsAnswer = ({ answer, isAsking }: Pick<AnswerState, 'answer' | 'isAsking'>, last?: Message) =>
  answer === null && !isAsking && last?.role === 'user'

function takeEvent(state: AnswerState, event: ConversationEvent, hasMessage: HasMessage): AnswerState {
  const { answer } = state
  switch (event.type) {
    case 'message.added': {
      const { id, role } = event.message
      return {
        ...state,
        answer: answer?.id === id ? null : answer,
        isAsking: state.isAsking && role === 'user',
        over: role === 'assistant' ? [...state.over, id] : state.over,
      }
    }
    case 'conversation.updated':
      return withConversation(state, event.conversation)
    case 'conversation.deleted':
      return { ...state, isDeleted: true, answer: null, isAsking: false }
    case 'answer.begun': {
      const { answerId: id } = event
      // An answer that has grown is not restarted by a repeated event; after a failure it is.
      if (isKnown(state, id, hasMessage) || (answer?.id === id && answer.failure === null)) return state
      return { ...state, answer: { id, content: '', failure: null }, isAsking: false }
    }
    case 'answer.continued':
      return isKnown(state, event.answerId, hasMessage) ? state : grow(state, event)
    case 'answer.failed':
      return answer?.id === event.answerId ? { ...state, answer: { ...answer, failure: event.failure } } : state
    case 'answer.stopped':
      return {
        ...state,
        over: [...state.over, event.answerId],
        isAsking: false,
        answer: answer?.id === event.answerId ? null : answer,
      }
  }
}

function grow(state: AnswerState, { answerId, from, text }: { answerId: string; from: number; text: string }) {
  const { answer } = state
  if (answer?.id !== answerId) {
    // Of an answer before this one, in a repeated event; or of one whose first piece is missing.
    if (answer !== null) return state
    return from === 0
      ? { ...state, answer: { id: answerId, content: text, failure: null } }
      : { ...state, isBehind: true }
  }
  if (from > answer.content.length) return { ...state, isBehind: true }
  if (from + text.length <= answer.content.length) return state
  return { ...state, answer: { ...answer, content: answer.content.slice(0, from) + text } }
}

const isKnown = ({ over }: AnswerState, answerId: string, hasMessage: HasMessage) =>
  over.includes(answerId) || hasMessage(answerId)

function withConversation(state: AnswerState, conversation: Conversation): AnswerState {
  const isNewer = conversation.version >= (state.conversation?.version ?? 0)
  return isNewer ? { ...state, conversation } : state
}
