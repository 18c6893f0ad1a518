import { IconArrowsDiff } from '@tabler/icons-react'
import type { Product } from '../products/product.ts'

export const driftsProduct: Product = {
  name: 'Drifts',
  about: 'Where resources differ from what they should be: approved or rejected by engineers.',
  navigation: { path: '/drifts', icon: IconArrowsDiff },
  homeSection: { urgency: 3, load: async () => (await import('./drifts-glance.tsx')).DriftsGlance },
  publicSection: async () => (await import('./public-drifts.tsx')).PublicDrifts,
  shortcuts: [
    { keys: ['↑', '↓'], does: 'Go from drift to drift, also with K and J' },
    { keys: ['Enter'], does: 'Open the drift' },
    { keys: ['X'], does: 'Select the drift; with Shift, all from the last one' },
    { keys: ['A'], does: 'Approve the drift, or those that are selected' },
    { keys: ['R'], does: 'Reject the drift, or those that are selected, with a reason' },
  ],
  auditWords: {
    'drifts.report': 'reported a drift',
    'drifts.approve': 'approved a drift',
    'drifts.reject': 'rejected a drift',
    'drifts.decideMany': 'decided on a drift',
    'drifts.undoMany': 'undid a decision on a drift',
    'drifts.reopen': 'reopened a drift',
    'drifts.resolve': 'resolved a drift that a detector no longer finds',
    'drifts.reveal': 'revealed a value of a drift',
  },
}
