import { useDocumentVisibility, useNetwork } from '@mantine/hooks'
import { useEffect, useState } from 'react'
import type { FeedState } from '../../../../client/plinth.ts'
import { useStore } from '../../live/store.ts'
import type { DraftHead } from '../draft-head.ts'
import type { LiveDraft } from '../live-draft.ts'
import { DraftPresence } from './draft-presence.ts'

/** Other collaborators who are here, while the draft is followed live; where it is asked for instead, nothing is known. */
export function useDraftPresence(live: LiveDraft, feed: FeedState, draft: DraftHead, myId: string) {
  const [presence] = useState(() => new DraftPresence(draft.id, myId))
  const all = useStore(presence).others
  const { online } = useNetwork()
  const isSeen = useDocumentVisibility() === 'visible'
  const transport = feed === 'live' && online ? live.segments.transport : null
  // All tabs of a browser share one event stream for this: one that nobody looks at leaves it to the others.
  const isFollowing = transport === 'websocket' || (transport === 'sse' && isSeen)
  useEffect(() => {
    if (isFollowing) return presence.follow(transport)
  }, [presence, isFollowing, transport])
  return { presence, others: all.filter(({ person }) => draft.collaborators.some(({ id }) => id === person.id)) }
}
