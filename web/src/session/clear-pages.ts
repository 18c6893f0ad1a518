/** Deletes what this tab has loaded: the caches, and by a new key all that pages, dialogs and the header have in memory. */
import { useSyncExternalStore } from 'react'
import { queryClient, sessionKey } from '../plinth.ts'

let generation = 0
const listeners = new Set<() => void>()

export function clearPages(): void {
  queryClient.getMutationCache().clear()
  generation++
  for (const listener of [...listeners]) listener()
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionKey[0] })
}

/** Calls back when pages are cleared. For state of modules outside of pages and caches. */
export function onPagesCleared(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The key of all that shows data of the user. */
export const usePagesKey = () => useSyncExternalStore(onPagesCleared, () => generation)

/**
 * A page in the back/forward cache receives no messages, and would be shown again unchanged to any user who is signed in by then. So it is
 * hidden while it is there, and reloaded when it is restored.
 */
export function reloadRestoredPages(): void {
  addEventListener('pagehide', ({ persisted }) => {
    if (persisted) document.documentElement.hidden = true
  })
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) location.reload()
  })
}
