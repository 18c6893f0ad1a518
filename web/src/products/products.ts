/** All features in the order of the navigation. A new one is added here and to the routes in router.tsx. */
import { accountProduct } from '../account/product.ts'
import { adminProduct } from '../admin/product.ts'
import { alertsProduct } from '../alerts/product.ts'
import { conversationsProduct } from '../conversations/product.ts'
import { dashboardProduct } from '../dashboard/product.ts'
import { draftsProduct } from '../drafts/product.ts'
import { driftsProduct } from '../drifts/product.ts'
import { groupsProduct } from '../groups/product.ts'
import { homeProduct } from '../home/product.ts'
import { signInProduct } from '../sign-in/product.ts'
import { tasksProduct } from '../tasks/product.ts'
import type { Product } from './product.ts'

export const products: readonly Product[] = [
  homeProduct,
  draftsProduct,
  tasksProduct,
  conversationsProduct,
  driftsProduct,
  dashboardProduct,
  groupsProduct,
  alertsProduct,
  accountProduct,
  adminProduct,
  signInProduct,
]
