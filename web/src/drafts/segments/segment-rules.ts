/** The segments of a draft as a list: the newest first, as live lists have their new rows. A page shows them the other way round. */
import { byCodeUnits, type ListPage, type ListRules } from '../../../../client/channel.ts'
import type { Draft, DraftEvent, Segment } from '../../../../shared/drafts.ts'
import type { PersonRef } from '../../../../shared/person-ref.ts'
import type { DraftHead } from '../draft-head.ts'

/** A draft is read once and whole. */
export type DraftPage = ListPage<Segment> & { cursor: string; draft: DraftHead }

export const pageOf = ({ segments, ...draft }: Draft): DraftPage => ({
  items: segments.toReversed(),
  pagination: { nextCursor: null, total: segments.length },
  cursor: draft.cursor,
  draft,
})

export const segmentRules = (
  draftId: string,
  author: PersonRef,
): ListRules<Segment, DraftEvent, 'drafts.append', 'all'> => ({
  compare: (one, other) => other.position - one.position || byCodeUnits(one.id, other.id),
  isIn: () => true,
  neverDeletes: true,
  read: (event) => (event.type === 'segment.added' ? { put: event.segment, isNew: true } : null),
  calls: {
    'drafts.append': {
      rowId: (input) => (input.draftId === draftId ? input.segmentId : null),
      showsRefused: true,
      // The server gives it a position; until then it is after all others.
      apply: (rows, { segmentId: id, text }, createdAt) =>
        rows.add({ id, position: Number.POSITIVE_INFINITY, author, text, createdAt }),
      read: (segment) => ({ put: segment, isNew: true }),
    },
  },
})

export const isConfirmed = ({ position }: Segment) => Number.isFinite(position)
