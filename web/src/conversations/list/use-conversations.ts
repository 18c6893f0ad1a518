/** A user's conversations while the list of them is shown, live, with what is queued applied; see client/live-collection.ts. */
import { useState } from 'react'
import type { Channel } from '../../../../client/channel.ts'
import type { Conversation, ConversationListEvent } from '../../../../shared/conversations.ts'
import { openCollection, useCollection } from '../../live/use-collection.ts'
import { plinth, queryClient } from '../../plinth.ts'
import { conversationsPerPage, conversationsQuery } from '../conversation-queries.ts'
import { type ConversationPath, conversationRules } from './conversation-rules.ts'

const channel: Channel<Conversation, ConversationListEvent, ConversationPath, 'all'> = {
  ...conversationRules,
  page: (_, cursor) =>
    cursor === null
      ? queryClient.fetchQuery({ ...conversationsQuery, staleTime: 0 })
      : plinth.conversations.list.query({ cursor, limit: conversationsPerPage }),
  follow: (lastEventId, handlers, transport) =>
    plinth.conversations.onListEvent.subscribe({ lastEventId }, { ...handlers, context: { transport } }),
  poll: (lastEventId) => plinth.conversations.listEvents.query({ lastEventId }),
}

/** Follows the list while `isSignedIn`; afterwards what was loaded stays. Another user: another `key`. */
export function useConversations(userId: string, isSignedIn: boolean) {
  const [live] = useState(() => {
    const firstPage = queryClient.getQueryData(conversationsQuery.queryKey)
    return openCollection(userId, 'conversation-list', channel, { view: 'all', firstPage })
  })
  return { live, ...useCollection(live, 'all', isSignedIn) }
}
