import { useEffect, useMemo, useState } from 'react'
import type { OutboxEntry } from '../../../client/outbox.ts'
import type { Segment } from '../../../shared/drafts.ts'
import type { PersonRef } from '../../../shared/person-ref.ts'
import { useStore } from '../live/store.ts'
import { useCollection } from '../live/use-collection.ts'
import { useIsHeldUp, useOutboxEntries } from '../offline/use-outbox.ts'
import { reloadDrafts } from './draft-queries.ts'
import { LiveDraft } from './live-draft.ts'
import { isConfirmed } from './segments/segment-rules.ts'

type Append = OutboxEntry<'drafts.append'>

export interface UnsentSegment extends Segment {
  /** `waiting`: not answered, and sent again later. */
  status: 'sending' | 'waiting' | 'refused'
  entry: Append | undefined
}

/** Follows the draft while `isSignedIn`; afterwards what was loaded stays. Another draft or user: another `key`. */
export function useDraft(draftId: string, me: PersonRef, isSignedIn: boolean) {
  const [live] = useState(() => new LiveDraft(draftId, me))
  const { shown, ...followed } = useCollection(live.segments, 'all', isSignedIn)
  const entries = useOutboxEntries()
  const isHeldUp = useIsHeldUp()
  useEffect(() => () => void reloadDrafts(), [])
  /** Both with the oldest first. */
  const [segments, unsent] = useMemo(() => {
    const rows = shown.rows.toReversed()
    const appends = entries.filter((entry) => entry.path === 'drafts.append') as readonly Append[]
    const unsentOf = (row: Segment): UnsentSegment => {
      const entry = appends.find(({ input }) => input.segmentId === row.id)
      return { ...row, entry, status: entry?.state === 'refused' ? 'refused' : isHeldUp ? 'waiting' : 'sending' }
    }
    return [rows.filter(isConfirmed), rows.filter((row) => !isConfirmed(row)).map(unsentOf)]
  }, [shown, entries, isHeldUp])
  return { live, ...useStore(live), ...followed, segments, unsent }
}
export type OpenDraft = ReturnType<typeof useDraft>
