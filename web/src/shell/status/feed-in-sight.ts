/** How the live feed of the page in sight fares, as that page tells it, for the one bar that speaks of such things. */
import { useEffect, useSyncExternalStore } from 'react'
import type { FeedState } from '../../../../client/plinth.ts'

let told: FeedState | null = null
const listeners = new Set<() => void>()

function tell(state: FeedState | null) {
  told = state
  for (const listener of listeners) listener()
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useTellFeed(state: FeedState) {
  useEffect(() => tell(state), [state])
  useEffect(() => () => tell(null), [])
}

/** Null on pages without one. */
export const useFeedInSight = () => useSyncExternalStore(subscribe, () => told)
