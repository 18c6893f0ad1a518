/** In the place of something live that is not loaded: why, and what can be done. */
import type { ReactNode } from 'react'
import type { FeedState, PlinthError } from '../../../client/plinth.ts'
import { LoadFailure } from '../failure/load-failure.tsx'

interface Props {
  feed: FeedState
  failure: PlinthError | null
  moreFailure?: PlinthError | null
  isSignedIn: boolean
  onRetry: () => void
  /** While it loads. */
  children?: ReactNode
}

export function NotLoaded({ feed, failure, moreFailure, isSignedIn, onRetry, children }: Props) {
  const error = failure ?? moreFailure
  if (error) return <LoadFailure error={error} isRetrying={false} onRetry={onRetry} />
  if (!isSignedIn) return <p>Not loaded before your session ended. Sign in again to see it.</p>
  if (feed === 'offline') return <p>Not on this device yet. It loads when you are back online.</p>
  return children
}
