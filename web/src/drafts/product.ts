import { IconNotes } from '@tabler/icons-react'
import type { QueuedOffline } from '../../../shared/offline.ts'
import { draftWords, type OutboxWords, quoted } from '../offline/entry-words.ts'
import type { Product } from '../products/product.ts'
import { modifierKey } from '../shell/modifier-key.ts'

export const draftsProduct: Product = {
  name: 'Drafts',
  about: 'Texts that several users write in turns: the one who holds the ring adds to it.',
  navigation: { path: '/drafts', icon: IconNotes },
  shortcuts: [{ keys: [modifierKey, 'Enter'], does: 'Add the segment that you write' }],
  homeSection: { urgency: 2, load: async () => (await import('./drafts-glance.tsx')).DraftsGlance },
  titled: ['drafts'],
  outboxWords: {
    'drafts.append': ({ draftId, text }, nameOf) => `Add ${quoted(text)} to ${draftWords(nameOf(draftId))}`,
  } satisfies OutboxWords<Extract<QueuedOffline, `drafts.${string}`>>,
  auditWords: {
    'drafts.create': 'created a draft',
    'drafts.append': 'added a segment',
    'drafts.passRing': 'passed the ring',
    'drafts.takeRing': 'took the ring back',
    'drafts.addCollaborator': 'added or invited a collaborator',
    'drafts.acceptInvitation': 'accepted an invitation to a draft',
    'drafts.withdrawInvitation': 'withdrew an invitation to a draft',
    'drafts.removeCollaborator': 'removed a collaborator',
    'drafts.leave': 'left a draft',
    'drafts.rename': 'renamed a draft',
    'drafts.close': 'closed a draft',
  },
}
