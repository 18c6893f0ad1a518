import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../root-route.ts'
import { prefetchDraft, prefetchDrafts } from './draft-queries.ts'

export const draftsRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/drafts',
    loader: prefetchDrafts,
    component: lazyRouteComponent(() => import('./list/drafts-page.tsx'), 'DraftsPage'),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/drafts/$draftId',
    loader: ({ params }) => prefetchDraft(params.draftId),
    component: lazyRouteComponent(() => import('./draft-page.tsx'), 'DraftPage'),
  }),
] as const
