/** The addresses of the app. Each page is fetched apart, and already when a link to it is hovered or focused. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { prefetchDevices, prefetchSignInMethods } from './account/account-queries.ts'
import { prefetchDraft, prefetchDrafts } from './drafts/draft-queries.ts'
import { ErrorPage } from './failure/error-page.tsx'
import { NotFoundPage } from './failure/not-found-page.tsx'
import { noteNavigation } from './page/navigation.ts'
import { Shell } from './shell/shell.tsx'
import { prefetchMethods, readSignInSearch } from './sign-in/sign-in-search.ts'

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
  loader: prefetchSignInMethods,
  component: lazyRouteComponent(() => import('./account/sign-in-methods-tab.tsx'), 'SignInMethodsTab'),
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

export const router = createRouter({
  routeTree: root.addChildren([home, drafts, draft, signIn, account.addChildren([profile, devices, signInMethods])]),
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

export type AppPath = '/' | '/drafts' | '/account' | '/account/devices' | '/account/sign-in-methods'

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
