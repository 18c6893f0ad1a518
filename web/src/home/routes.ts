import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../root-route.ts'

export const homeRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/',
    // Before the page is drawn, so that no section moves another.
    loader: ({ context: { products } }) => Promise.all(products.flatMap(({ homeSection }) => homeSection?.() ?? [])),
    component: lazyRouteComponent(() => import('./home-page.tsx'), 'HomePage'),
  }),
] as const
