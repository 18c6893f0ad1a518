/** The addresses of the app. Each page is fetched apart, and already when a link to it is hovered or focused. */
import { createRouter, type LinkProps } from '@tanstack/react-router'
import { accountRoutes } from './account/routes.ts'
import { adminRoutes } from './admin/routes.ts'
import { conversationsRoutes } from './conversations/routes.ts'
import { draftsRoutes } from './drafts/routes.ts'
import { driftsRoutes } from './drifts/routes.ts'
import { ErrorPage } from './failure/error-page.tsx'
import { NotFoundPage } from './failure/not-found-page.tsx'
import { homeRoutes } from './home/routes.ts'
import { noteNavigation } from './page/navigation.ts'
import { products } from './products/products.ts'
import { rootRoute } from './root-route.ts'
import { Shell } from './shell/shell.tsx'
import { signInRoutes } from './sign-in/routes.ts'
import { tasksRoutes } from './tasks/routes.ts'

// Each route is made before it is passed to `addChildren`: in its argument, types would be inferred as any.
rootRoute.update({ component: Shell })

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    ...homeRoutes,
    ...draftsRoutes,
    ...tasksRoutes,
    ...conversationsRoutes,
    ...driftsRoutes,
    ...accountRoutes,
    ...adminRoutes,
    ...signInRoutes,
  ]),
  context: { products },
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

/** Of pages whose address needs no more than its path. */
export type AppPath = Exclude<NonNullable<LinkProps['to']>, '' | '.' | '..' | `${string}$${string}`>

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
