/** What search finds, as the dialog shows it: under which product, with which icon, and where it leads. */
import { type Icon, IconArrowsDiff, IconChecklist, IconMessages, IconNotes } from '@tabler/icons-react'
import type { SearchHit, SearchKind } from '../../../../shared/search.ts'
import { fitsSearch } from '../../../../shared/search-words.ts'
import { severityNames, statusNames } from '../../drifts/drift-words.ts'
import type { router } from '../../router.tsx'

export const kinds: Record<SearchKind, { group: string; icon: Icon }> = {
  task: { group: 'Tasks', icon: IconChecklist },
  draft: { group: 'Drafts', icon: IconNotes },
  conversation: { group: 'Conversations', icon: IconMessages },
  drift: { group: 'Drifts', icon: IconArrowsDiff },
}

export const titleOf = (hit: SearchHit): string =>
  hit.kind === 'drift' ? `${hit.resource.type} ${hit.resource.id}` : (hit.title ?? 'Untitled')

/** The state of it, in a word or two; null where it is the usual one. */
export function stateOf(hit: SearchHit): string | null {
  switch (hit.kind) {
    case 'task':
      return hit.completed ? 'Done' : null
    case 'draft':
      return hit.state === 'closed' ? 'Closed' : null
    case 'conversation':
      return null
    case 'drift':
      return hit.status === 'pending' ? severityNames[hit.severity] : statusNames[hit.status]
  }
}

type Navigate = (typeof router)['navigate']

export function openHit(navigate: Navigate, hit: SearchHit): void {
  const { id } = hit
  if (hit.kind === 'task')
    void navigate({ to: '/tasks', search: { task: id, show: hit.completed ? 'done' : undefined } })
  else if (hit.kind === 'draft') void navigate({ to: '/drafts/$draftId', params: { draftId: id } })
  else if (hit.kind === 'drift') void navigate({ to: '/drifts/$driftId', params: { driftId: id } })
  else
    void navigate({
      to: '/conversations/$conversationId',
      params: { conversationId: id },
      search: { message: hit.messageId ?? undefined },
    })
}

/** Whether what is shown of a hit has every word of the text: one that was found for a shorter text may not. */
export function stillFits(hit: SearchHit, text: string): boolean {
  return fitsSearch(`${titleOf(hit)} ${hit.excerpt ?? ''}`, text)
}
