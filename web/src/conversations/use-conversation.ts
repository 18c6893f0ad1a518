import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { useStore } from '../live/store.ts'
import { LiveConversation } from './live-conversation.ts'

/** Follows the conversation while `isSignedIn`; afterwards what was loaded stays. Another conversation or user: another `key`. */
export function useConversation(id: string, userId: string, isSignedIn: boolean) {
  const [live] = useState(() => new LiveConversation(id, userId))
  useEffect(() => {
    if (!isSignedIn) return
    live.start()
    return () => live.stop()
  }, [live, isSignedIn])
  const { shown, ...followed } = useSyncExternalStore(live.messages.onChange, () => live.messages.inSight('all'))
  /** The oldest first; null until a first page is loaded. */
  const messages = useMemo(() => (shown.isLoaded ? shown.rows.toReversed() : null), [shown])
  return { live, ...useStore(live), ...followed, messages, hasOlder: shown.hasMore }
}
export type OpenConversation = ReturnType<typeof useConversation>
