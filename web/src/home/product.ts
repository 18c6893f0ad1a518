import { IconHome } from '@tabler/icons-react'
import type { Product } from '../products/product.ts'

export const homeProduct: Product = { name: 'Home', navigation: { path: '/', icon: IconHome } }
