/** The parent of all routes, by which they reach the products. The shell becomes its component in router.tsx. */
import { createRootRouteWithContext } from '@tanstack/react-router'
import type { Product } from './products/product.ts'

export const rootRoute = createRootRouteWithContext<{ products: readonly Product[] }>()()
