import type { DraftEvent } from '../../../shared/drafts.ts'

/** The channel in which the events of a draft are. */
export const draftChannel = (draftId: string) => `draft:${draftId}`

/** What its events are called to plain clients. Existing ones know these names. */
export const plainNames: Record<DraftEvent['type'], string> = {
  'segment.added': 'segment_added',
  'ring.passed': 'ring_passed',
  'collaborator.added': 'collaborator_added',
  'collaborator.removed': 'collaborator_removed',
  'draft.updated': 'draft_updated',
}
