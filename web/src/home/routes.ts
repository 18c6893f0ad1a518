import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { Product } from '../products/product.ts'
import { rootRoute } from '../root-route.ts'

export const homeRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/',
    loader: ({ context: { products } }) => loadSections(products),
    component: lazyRouteComponent(() => import('./home-page.tsx'), 'HomePage'),
  }),
] as const

/** Before the page is drawn, so that no section moves another. */
async function loadSections(products: readonly Product[]) {
  const urgent = products
    .flatMap(({ name, homeSection }) => (homeSection ? [{ name, ...homeSection }] : []))
    .toSorted((one, other) => other.urgency - one.urgency)
  const open = products.flatMap(({ name, publicSection }) => (publicSection ? [{ name, load: publicSection }] : []))
  const [sections, publicSections] = await Promise.all([
    Promise.all(urgent.map(async ({ name, load }) => ({ name, HomeSection: await load() }))),
    Promise.all(open.map(async ({ name, load }) => ({ name, PublicSection: await load() }))),
  ])
  return { sections, publicSections }
}
