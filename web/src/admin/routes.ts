import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../root-route.ts'
import {
  prefetchAllApiKeys,
  prefetchAudit,
  prefetchPeople,
  readApiKeysSearch,
  readAuditSearch,
  readPeopleSearch,
} from './admin-queries.ts'

export const adminRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/admin/people',
    validateSearch: readPeopleSearch,
    loaderDeps: ({ search }) => search,
    loader: ({ deps }) => prefetchPeople(deps),
    component: lazyRouteComponent(() => import('./people-page.tsx'), 'PeoplePage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/admin/audit',
    validateSearch: readAuditSearch,
    loaderDeps: ({ search }) => search,
    loader: ({ deps }) => prefetchAudit(deps),
    component: lazyRouteComponent(() => import('./audit/audit-page.tsx'), 'AuditPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/admin/api-keys',
    validateSearch: readApiKeysSearch,
    loaderDeps: ({ search }) => search,
    loader: ({ deps }) => prefetchAllApiKeys(deps),
    component: lazyRouteComponent(() => import('./all-api-keys-page.tsx'), 'AllApiKeysPage'),
  }),
] as const
