import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../root-route.ts'
import { prefetchConversation, prefetchConversations } from './conversation-queries.ts'

/** The list at the left, beside each of the others. */
const conversations = createRoute({
  getParentRoute: () => rootRoute,
  path: '/conversations',
  loader: prefetchConversations,
  component: lazyRouteComponent(() => import('./conversations-page.tsx'), 'ConversationsPage'),
})

const none = createRoute({
  getParentRoute: () => conversations,
  path: '/',
  component: lazyRouteComponent(() => import('./conversations-page.tsx'), 'NoConversationOpen'),
})

const newConversation = createRoute({
  getParentRoute: () => conversations,
  path: '/new',
  component: lazyRouteComponent(() => import('./new-conversation-page.tsx'), 'NewConversationPage'),
})

const conversation = createRoute({
  getParentRoute: () => conversations,
  path: '/$conversationId',
  // The message to show, which a search has found.
  validateSearch: ({ message }: Record<string, unknown>): { message?: string } => ({
    message: typeof message === 'string' ? message : undefined,
  }),
  loader: ({ params }) => prefetchConversation(params.conversationId),
  component: lazyRouteComponent(() => import('./conversation-page.tsx'), 'ConversationPage'),
})

export const conversationsRoutes = [conversations.addChildren([none, newConversation, conversation])] as const
