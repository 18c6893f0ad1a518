/** What is asked of the server about conversations, and its loading ahead of a visit. */
import { isSignedIn } from '../account/account-queries.ts'
import { queryClient, trpc } from '../plinth.ts'

export const messagesPerPage = 50
export const conversationsPerPage = 50

export const conversationsQuery = trpc.conversations.list.queryOptions({ limit: conversationsPerPage })
export const conversationQuery = (conversationId: string) => trpc.conversations.get.queryOptions({ conversationId })
export const messagesQuery = (conversationId: string) =>
  trpc.conversations.messages.list.queryOptions({ conversationId, order: 'newest', limit: messagesPerPage })
/** Set when the server is started. */
export const assistantQuery = { ...trpc.conversations.assistant.queryOptions(), staleTime: 600_000 }

export const prefetchConversations = () => {
  if (!isSignedIn()) return
  void queryClient.prefetchQuery(conversationsQuery)
  void queryClient.prefetchQuery(assistantQuery)
}

/** Begun by this page and not shown yet: the server may not have heard of them. */
export const begunHere = new Set<string>()

export const prefetchConversation = (conversationId: string) => {
  if (!isSignedIn() || begunHere.has(conversationId)) return
  void queryClient.prefetchQuery(conversationQuery(conversationId))
  void queryClient.prefetchQuery(messagesQuery(conversationId))
}
