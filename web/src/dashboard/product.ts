import { IconChartBar } from '@tabler/icons-react'
import type { Product } from '../products/product.ts'

export const dashboardProduct: Product = {
  name: 'Dashboard',
  commands: [
    {
      name: 'Drifts: dashboard',
      group: 'Go to',
      icon: IconChartBar,
      alias: 'figures metrics charts',
      path: '/drifts/dashboard',
    },
  ],
}
