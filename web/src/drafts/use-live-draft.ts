import { useEffect, useState, useSyncExternalStore } from 'react'
import type { PersonRef } from '../../../shared/person-ref.ts'
import { LiveDraft } from './live-draft.ts'

/** Follows the draft while `isSignedIn`; afterwards what was loaded stays. Another draft or person: another `key`. */
export function useLiveDraft(draftId: string, me: PersonRef, isSignedIn: boolean) {
  const [live] = useState(() => new LiveDraft(draftId, me))
  const now = useSyncExternalStore(live.onChange, live.now)
  useEffect(() => {
    if (!isSignedIn) return
    live.start()
    return () => live.stop()
  }, [live, isSignedIn])
  return { live, now }
}
