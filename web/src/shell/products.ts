/** What the navigation leads to. A product appears here when its first page exists. */
import { type Icon, IconArrowsDiff, IconChecklist, IconHome, IconMessages, IconNotes } from '@tabler/icons-react'

export interface Product {
  label: string
  path: '/' | '/drafts' | '/tasks' | '/conversations' | '/drifts'
  icon: Icon
}

export const products: Product[] = [
  { label: 'Home', path: '/', icon: IconHome },
  { label: 'Drafts', path: '/drafts', icon: IconNotes },
  { label: 'Tasks', path: '/tasks', icon: IconChecklist },
  { label: 'Conversations', path: '/conversations', icon: IconMessages },
  { label: 'Drifts', path: '/drifts', icon: IconArrowsDiff },
]

/** On a phone the first of them stand in the bar, and the others under More. */
export const inBar = 4
