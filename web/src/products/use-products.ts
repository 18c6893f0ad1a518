import { rootRouteId, useRouteContext } from '@tanstack/react-router'
import type { Product } from './product.ts'

/** From the router, since the list itself leads to every page. */
export const useProducts = (): readonly Product[] => useRouteContext({ from: rootRouteId }).products
