/**
 * What a page knows of one conversation: its messages from some position to the end, and the answer that is under way or
 * failed. Snapshots, events and the answers to calls may tell of the same thing in any order, once or more often; nothing
 * shows twice, and an answer that is over does not come back. A piece of an answer that cannot be put in its place is never
 * guessed: `isBehind` asks for a new snapshot.
 */
import type { Answer, Conversation, ConversationEvent, Message, Messages } from '../../../shared/conversations.ts'

export interface ConversationState {
  /** Null until it was asked for, which is apart from the messages. */
  conversation: Conversation | null
  /** By position; all from the first one here to the newest. Null before the first snapshot. */
  messages: Message[] | null
  /** Where those before the first one here are to be had; null when there are none. */
  olderCursor: string | null
  answer: Answer | null
  /** Asked for by this page, and not heard of yet. */
  isAsking: boolean
  /** Answers that were stopped or became messages: their late news is none. */
  over: readonly string[]
  isBehind: boolean
  /** Deleted, here or elsewhere. */
  isGone: boolean
}

export type ConversationAction =
  | { type: 'snapshot'; messages: Messages }
  | { type: 'conversation'; conversation: Conversation }
  /** Made by this page: there is nothing before its first message. */
  | { type: 'made'; conversation: Conversation }
  | { type: 'older'; messages: Message[]; olderCursor: string | null }
  /** The server took one of this page: its event is yet to come, or was first. */
  | { type: 'taken'; message: Message }
  | { type: 'ask' }
  | { type: 'ask-refused' }
  | { type: 'event'; event: ConversationEvent }
  | { type: 'gone' }

export const initialConversationState: ConversationState = {
  conversation: null,
  messages: null,
  olderCursor: null,
  answer: null,
  isAsking: false,
  over: [],
  isBehind: false,
  isGone: false,
}

export function reduceConversation(state: ConversationState, action: ConversationAction): ConversationState {
  switch (action.type) {
    case 'snapshot':
      return takeSnapshot(state, action.messages)
    case 'conversation':
      return withConversation(state, action.conversation)
    case 'made': {
      const { messageCount } = action.conversation
      const messages = state.messages ?? (messageCount === 0 ? [] : null)
      return withConversation({ ...state, messages }, action.conversation)
    }
    case 'older': {
      const [first] = state.messages ?? []
      const before = action.messages.filter(({ position }) => !first || position < first.position)
      return { ...state, messages: inOrder([...before, ...(state.messages ?? [])]), olderCursor: action.olderCursor }
    }
    case 'taken':
      return withMessage(state, action.message)
    case 'ask':
      return { ...state, isAsking: true }
    case 'ask-refused':
      return { ...state, isAsking: false }
    case 'event':
      return takeEvent(state, action.event)
    case 'gone':
      return { ...state, isGone: true, answer: null, isAsking: false }
  }
}

export const isUnderWay = (answer: Answer | null): answer is Answer => answer !== null && answer.failure === null

/** Somebody asked and nobody has answered, nor is about to. */
export const awaitsAnswer = ({ messages, answer, isAsking }: ConversationState) =>
  answer === null && !isAsking && messages?.at(-1)?.role === 'user'

function takeSnapshot(state: ConversationState, { items, pagination, answer }: Messages): ConversationState {
  const fresh = inOrder(items)
  const kept = state.messages ?? []
  const [first] = fresh
  // More may have come than a snapshot holds; then what is between is not here, and what was before it goes.
  const joins = !first || kept.some(({ position }) => position >= first.position - 1)
  const since = kept.filter(({ position }) => position > (fresh.at(-1)?.position ?? 0))
  const messages = joins ? union(kept, fresh) : union(fresh, since)
  const isOver = answer && (state.over.includes(answer.id) || messages.some(({ id }) => id === answer.id))
  return {
    ...state,
    messages,
    olderCursor: joins && kept.length > 0 ? state.olderCursor : pagination.nextCursor,
    answer: isOver ? null : answer,
    isAsking: false,
    isBehind: false,
    isGone: false,
  }
}

function takeEvent(state: ConversationState, event: ConversationEvent): ConversationState {
  switch (event.type) {
    case 'message.added':
      return withMessage(state, event.message)
    case 'conversation.updated':
      return withConversation(state, event.conversation)
    case 'conversation.deleted':
      return { ...state, isGone: true, answer: null, isAsking: false }
    case 'answer.begun':
      return begin(state, event.answerId)
    case 'answer.continued':
      return grow(state, event)
    case 'answer.failed': {
      const { answer } = state
      return answer?.id === event.answerId ? { ...state, answer: { ...answer, failure: event.failure } } : state
    }
    case 'answer.stopped':
      return {
        ...state,
        over: [...state.over, event.answerId],
        isAsking: false,
        answer: state.answer?.id === event.answerId ? null : state.answer,
      }
  }
}

function begin(state: ConversationState, answerId: string): ConversationState {
  const { answer } = state
  // What has grown already is not begun again; asked again after a failure, it is.
  if (isKnown(state, answerId) || (answer?.id === answerId && answer.failure === null)) return state
  return { ...state, answer: { id: answerId, content: '', failure: null }, isAsking: false }
}

interface Piece {
  answerId: string
  from: number
  text: string
}

function grow(state: ConversationState, { answerId, from, text }: Piece): ConversationState {
  if (isKnown(state, answerId)) return state
  const { answer } = state
  if (answer?.id !== answerId) {
    // Of one before this one, told once more; or of one whose beginning is missing.
    if (answer !== null) return state
    return from === 0
      ? { ...state, answer: { id: answerId, content: text, failure: null } }
      : { ...state, isBehind: true }
  }
  if (from > answer.content.length) return { ...state, isBehind: true }
  if (from + text.length <= answer.content.length) return state
  return { ...state, answer: { ...answer, content: answer.content.slice(0, from) + text } }
}

const isKnown = ({ over, messages }: ConversationState, answerId: string) =>
  over.includes(answerId) || (messages?.some(({ id }) => id === answerId) ?? false)

function withMessage(state: ConversationState, message: Message): ConversationState {
  const { messages, answer } = state
  const wasAnswer = answer?.id === message.id
  return {
    ...state,
    // Without a snapshot there is no telling what is before it.
    messages: messages && union(messages, [message]),
    answer: wasAnswer ? null : answer,
    isAsking: state.isAsking && message.role === 'user',
    over: message.role === 'assistant' ? [...state.over, message.id] : state.over,
  }
}

function withConversation(state: ConversationState, conversation: Conversation): ConversationState {
  const isNewer = conversation.version >= (state.conversation?.version ?? 0)
  return isNewer ? { ...state, conversation } : state
}

const inOrder = (messages: Message[]) => messages.toSorted((one, other) => one.position - other.position)

function union(messages: Message[], more: Message[]): Message[] {
  const fresh = more.filter(({ id }) => !messages.some((message) => message.id === id))
  if (fresh.length === 0) return messages
  const last = messages.at(-1)
  const all = [...messages, ...fresh]
  return last && fresh.some(({ position }) => position < last.position) ? inOrder(all) : all
}
