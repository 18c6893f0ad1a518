/** The addresses of the app. Each page is fetched apart, and already when a link to it is hovered or focused. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { prefetchApiKeys, prefetchDevices, prefetchSignInMethods } from './account/account-queries.ts'
import { readAddingSearch } from './account/use-adding-outcome.ts'
import {
  prefetchAllApiKeys,
  prefetchAudit,
  prefetchPeople,
  readApiKeysSearch,
  readAuditSearch,
  readPeopleSearch,
} from './admin/admin-queries.ts'
import { prefetchConversation, prefetchConversations } from './conversations/conversation-queries.ts'
import { prefetchDraft, prefetchDrafts } from './drafts/draft-queries.ts'
import { prefetchDrift, prefetchDriftRows, prefetchSummary } from './drifts/drift-queries.ts'
import { readDriftsSearch } from './drifts/drift-words.ts'
import { ErrorPage } from './failure/error-page.tsx'
import { NotFoundPage } from './failure/not-found-page.tsx'
import { noteNavigation } from './page/navigation.ts'
import { Shell } from './shell/shell.tsx'
import { takeLinkToken } from './sign-in/link-token.ts'
import { prefetchMethods, readReturnSearch, readSignInSearch } from './sign-in/sign-in-search.ts'
import { prefetchTasks, readTasksSearch } from './tasks/task-queries.ts'

const root = createRootRoute({ component: Shell })

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('./home/home-page.tsx'), 'HomePage'),
})

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: readSignInSearch,
  loader: prefetchMethods,
  component: lazyRouteComponent(() => import('./sign-in/sign-in-page.tsx'), 'SignInPage'),
})

const register = createRoute({
  getParentRoute: () => root,
  path: '/register',
  validateSearch: readReturnSearch,
  component: lazyRouteComponent(() => import('./sign-in/register-page.tsx'), 'RegisterPage'),
})

const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: '/forgot-password',
  validateSearch: readReturnSearch,
  component: lazyRouteComponent(() => import('./sign-in/forgot-password-page.tsx'), 'ForgotPasswordPage'),
})

const resetPassword = createRoute({
  getParentRoute: () => root,
  path: '/reset-password',
  beforeLoad: takeLinkToken,
  component: lazyRouteComponent(() => import('./sign-in/reset-password-page.tsx'), 'ResetPasswordPage'),
})

const verifyEmail = createRoute({
  getParentRoute: () => root,
  path: '/verify-email',
  beforeLoad: takeLinkToken,
  component: lazyRouteComponent(() => import('./sign-in/verify-email-page.tsx'), 'VerifyEmailPage'),
})

const chooseNames = createRoute({
  getParentRoute: () => root,
  path: '/choose-names',
  validateSearch: readReturnSearch,
  component: lazyRouteComponent(() => import('./sign-in/choose-names-page.tsx'), 'ChooseNamesPage'),
})

const account = createRoute({
  getParentRoute: () => root,
  path: '/account',
  component: lazyRouteComponent(() => import('./account/account-page.tsx'), 'AccountPage'),
})

const profile = createRoute({
  getParentRoute: () => account,
  path: '/',
  component: lazyRouteComponent(() => import('./account/profile-tab.tsx'), 'ProfileTab'),
})

const devices = createRoute({
  getParentRoute: () => account,
  path: '/devices',
  loader: prefetchDevices,
  component: lazyRouteComponent(() => import('./account/devices-tab.tsx'), 'DevicesTab'),
})

const signInMethods = createRoute({
  getParentRoute: () => account,
  path: '/sign-in-methods',
  validateSearch: readAddingSearch,
  loader: () => {
    prefetchMethods()
    prefetchSignInMethods()
  },
  component: lazyRouteComponent(() => import('./account/sign-in-methods-tab.tsx'), 'SignInMethodsTab'),
})

const apiKeys = createRoute({
  getParentRoute: () => account,
  path: '/api-keys',
  loader: prefetchApiKeys,
  component: lazyRouteComponent(() => import('./account/api-keys-tab.tsx'), 'ApiKeysTab'),
})

const drafts = createRoute({
  getParentRoute: () => root,
  path: '/drafts',
  loader: prefetchDrafts,
  component: lazyRouteComponent(() => import('./drafts/drafts-page.tsx'), 'DraftsPage'),
})

const draft = createRoute({
  getParentRoute: () => root,
  path: '/drafts/$draftId',
  loader: ({ params }) => prefetchDraft(params.draftId),
  component: lazyRouteComponent(() => import('./drafts/draft-page.tsx'), 'DraftPage'),
})

const tasks = createRoute({
  getParentRoute: () => root,
  path: '/tasks',
  validateSearch: readTasksSearch,
  loaderDeps: ({ search: { show } }) => ({ show }),
  loader: ({ deps }) => prefetchTasks(deps.show),
  component: lazyRouteComponent(() => import('./tasks/tasks-page.tsx'), 'TasksPage'),
})

const driftReview = createRoute({
  getParentRoute: () => root,
  path: '/drifts',
  component: lazyRouteComponent(() => import('./drifts/drift-frame.tsx'), 'DriftsLayout'),
})

const drifts = createRoute({
  getParentRoute: () => driftReview,
  path: '/',
  validateSearch: readDriftsSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ deps }) => prefetchDriftRows(deps),
  component: lazyRouteComponent(() => import('./drifts/drifts-page.tsx'), 'DriftsPage'),
})

const driftDashboard = createRoute({
  getParentRoute: () => driftReview,
  path: '/dashboard',
  loader: prefetchSummary,
  component: lazyRouteComponent(() => import('./dashboard/dashboard-page.tsx'), 'DashboardPage'),
})

const drift = createRoute({
  getParentRoute: () => driftReview,
  path: '/$driftId',
  loader: ({ params }) => prefetchDrift(params.driftId),
  component: lazyRouteComponent(() => import('./drifts/drift-page.tsx'), 'DriftPage'),
})

const conversations = createRoute({
  getParentRoute: () => root,
  path: '/conversations',
  loader: prefetchConversations,
  component: lazyRouteComponent(() => import('./conversations/conversations-page.tsx'), 'ConversationsPage'),
})

const noConversation = createRoute({
  getParentRoute: () => conversations,
  path: '/',
  component: lazyRouteComponent(() => import('./conversations/conversations-page.tsx'), 'NoConversationOpen'),
})

const newConversation = createRoute({
  getParentRoute: () => conversations,
  path: '/new',
  component: lazyRouteComponent(() => import('./conversations/new-conversation-page.tsx'), 'NewConversationPage'),
})

const conversation = createRoute({
  getParentRoute: () => conversations,
  path: '/$conversationId',
  loader: ({ params }) => prefetchConversation(params.conversationId),
  component: lazyRouteComponent(() => import('./conversations/conversation-page.tsx'), 'ConversationPage'),
})

const people = createRoute({
  getParentRoute: () => root,
  path: '/admin/people',
  validateSearch: readPeopleSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ deps }) => prefetchPeople(deps),
  component: lazyRouteComponent(() => import('./admin/people-page.tsx'), 'PeoplePage'),
})

const audit = createRoute({
  getParentRoute: () => root,
  path: '/admin/audit',
  validateSearch: readAuditSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ deps }) => prefetchAudit(deps),
  component: lazyRouteComponent(() => import('./admin/audit-page.tsx'), 'AuditPage'),
})

const allApiKeys = createRoute({
  getParentRoute: () => root,
  path: '/admin/api-keys',
  validateSearch: readApiKeysSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ deps }) => prefetchAllApiKeys(deps),
  component: lazyRouteComponent(() => import('./admin/all-api-keys-page.tsx'), 'AllApiKeysPage'),
})

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    drafts,
    draft,
    tasks,
    conversations.addChildren([noConversation, newConversation, conversation]),
    driftReview.addChildren([drifts, driftDashboard, drift]),
    signIn,
    register,
    forgotPassword,
    resetPassword,
    verifyEmail,
    chooseNames,
    account.addChildren([profile, devices, signInMethods, apiKeys]),
    people,
    audit,
    allApiKeys,
  ]),
  defaultPreload: 'intent',
  // The query cache decides what is fresh.
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
  defaultErrorComponent: ErrorPage,
  defaultNotFoundComponent: NotFoundPage,
})

router.subscribe('onBeforeNavigate', ({ fromLocation, pathChanged }) => {
  if (fromLocation && pathChanged) noteNavigation()
})

export type AppPath =
  | '/'
  | '/drafts'
  | '/tasks'
  | '/conversations'
  | '/conversations/new'
  | '/drifts'
  | '/drifts/dashboard'
  | '/account'
  | '/account/devices'
  | '/account/sign-in-methods'
  | '/account/api-keys'
  | '/admin/people'
  | '/admin/audit'
  | '/admin/api-keys'

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
