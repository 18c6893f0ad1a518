import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { prefetchProfile } from '../profile/use-profile.ts'
import { rootRoute } from '../root-route.ts'
import { prefetchMethods } from '../sign-in/sign-in-search.ts'
import { prefetchApiKeys, prefetchDevices, prefetchSignInMethods } from './account-queries.ts'
import { readAddingSearch } from './sign-in-methods/use-adding-outcome.ts'

const account = createRoute({
  getParentRoute: () => rootRoute,
  path: '/account',
  component: lazyRouteComponent(() => import('./account-page.tsx'), 'AccountPage'),
})

const profile = createRoute({
  getParentRoute: () => account,
  path: '/',
  loader: prefetchProfile,
  component: lazyRouteComponent(() => import('./profile/profile-tab.tsx'), 'ProfileTab'),
})

const devices = createRoute({
  getParentRoute: () => account,
  path: '/devices',
  loader: prefetchDevices,
  component: lazyRouteComponent(() => import('./devices-tab.tsx'), 'DevicesTab'),
})

const signInMethods = createRoute({
  getParentRoute: () => account,
  path: '/sign-in-methods',
  validateSearch: readAddingSearch,
  loader: () => {
    prefetchMethods()
    prefetchSignInMethods()
  },
  component: lazyRouteComponent(() => import('./sign-in-methods/sign-in-methods-tab.tsx'), 'SignInMethodsTab'),
})

const apiKeys = createRoute({
  getParentRoute: () => account,
  path: '/api-keys',
  loader: prefetchApiKeys,
  component: lazyRouteComponent(() => import('./api-keys/api-keys-tab.tsx'), 'ApiKeysTab'),
})

export const accountRoutes = [account.addChildren([profile, devices, signInMethods, apiKeys])] as const
