/** What the navigation leads to. A product appears here when its first page exists. */
import { type Icon, IconHome, IconNotes } from '@tabler/icons-react'

export interface Product {
  label: string
  path: '/' | '/drafts'
  icon: Icon
}

export const products: Product[] = [
  { label: 'Home', path: '/', icon: IconHome },
  { label: 'Drafts', path: '/drafts', icon: IconNotes },
]
