import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../root-route.ts'
import { prefetchDrift, prefetchDriftRows, prefetchSummary } from './drift-queries.ts'
import { readDriftsSearch } from './drift-words.ts'

/** Follows the drifts live for all of them. */
const review = createRoute({
  getParentRoute: () => rootRoute,
  path: '/drifts',
  component: lazyRouteComponent(() => import('./drift-frame.tsx'), 'DriftsLayout'),
})

const list = createRoute({
  getParentRoute: () => review,
  path: '/',
  validateSearch: readDriftsSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ deps }) => prefetchDriftRows(deps),
  component: lazyRouteComponent(() => import('./list/drifts-page.tsx'), 'DriftsPage'),
})

const dashboard = createRoute({
  getParentRoute: () => review,
  path: '/dashboard',
  loader: prefetchSummary,
  component: lazyRouteComponent(() => import('../dashboard/dashboard-page.tsx'), 'DashboardPage'),
})

const drift = createRoute({
  getParentRoute: () => review,
  path: '/$driftId',
  // Of the list that its user goes through.
  validateSearch: readDriftsSearch,
  loader: ({ params }) => prefetchDrift(params.driftId),
  component: lazyRouteComponent(() => import('./detail/drift-page.tsx'), 'DriftPage'),
})

export const driftsRoutes = [review.addChildren([list, dashboard, drift])] as const
