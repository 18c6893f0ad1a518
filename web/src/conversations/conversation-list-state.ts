/**
 * A person's conversations as far down as the page has read them, the newest activity first. Whatever tells of one counts
 * by its version, so snapshots, further pages and events may come in any order; what was deleted does not come back.
 */
import type { Conversation, ConversationListEvent } from '../../../shared/conversations.ts'

export interface ConversationListState {
  /** Null before the first snapshot. */
  conversations: Conversation[] | null
  /** Where those after the last one here are to be had; null when there are none. */
  nextCursor: string | null
  deleted: readonly string[]
}

interface Part {
  items: Conversation[]
  nextCursor: string | null
}

export type ConversationListAction =
  | ({ type: 'snapshot' } & Part)
  | ({ type: 'more' } & Part)
  | { type: 'changed'; conversation: Conversation }
  | { type: 'deleted'; conversationId: string }

export const initialListState: ConversationListState = { conversations: null, nextCursor: null, deleted: [] }

export function reduceList(state: ConversationListState, action: ConversationListAction): ConversationListState {
  const { conversations } = state
  switch (action.type) {
    case 'snapshot': {
      const newer = (conversations ?? []).filter(({ id, version }) =>
        action.items.some((item) => item.id === id && item.version < version),
      )
      return { ...state, conversations: merged(action.items, newer, state.deleted), nextCursor: action.nextCursor }
    }
    case 'more':
      return {
        ...state,
        conversations: merged(conversations ?? [], action.items, state.deleted),
        nextCursor: action.nextCursor,
      }
    case 'changed':
      return conversations
        ? { ...state, conversations: merged(conversations, [action.conversation], state.deleted) }
        : state
    case 'deleted':
      return {
        ...state,
        conversations: conversations?.filter(({ id }) => id !== action.conversationId) ?? null,
        deleted: [...state.deleted, action.conversationId],
      }
  }
}

export function listActionOf(event: ConversationListEvent): ConversationListAction {
  return event.type === 'conversation.deleted'
    ? { type: 'deleted', conversationId: event.conversationId }
    : { type: 'changed', conversation: event.conversation }
}

function merged(one: Conversation[], other: Conversation[], deleted: readonly string[]): Conversation[] {
  const byId = new Map<string, Conversation>()
  for (const conversation of [...one, ...other]) {
    const known = byId.get(conversation.id)
    if (!deleted.includes(conversation.id) && (!known || known.version < conversation.version))
      byId.set(conversation.id, conversation)
  }
  return [...byId.values()].sort(byActivity)
}

const byActivity = (one: Conversation, other: Conversation) =>
  other.updatedAt.localeCompare(one.updatedAt) || other.id.localeCompare(one.id)
