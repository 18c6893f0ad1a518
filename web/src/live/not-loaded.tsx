/** In the place of a list that is not loaded: why, and what can be done. */
import type { ReactNode } from 'react'
import type { FollowState } from '../../../client/collection-options.ts'
import { LoadFailure } from '../failure/load-failure.tsx'

interface Props extends FollowState {
  /** Such as `tasks`. */
  what: string
  live: { restart(): void; tryMoreAgain(): void }
  isSignedIn: boolean
  /** While it loads. */
  children: ReactNode
}

export function NotLoaded({ what, live, feed, failure, moreFailure, isSignedIn, children }: Props) {
  if (failure) return <LoadFailure error={failure} isRetrying={false} onRetry={() => live.restart()} />
  if (moreFailure) return <LoadFailure error={moreFailure} isRetrying={false} onRetry={() => live.tryMoreAgain()} />
  if (!isSignedIn) return <p>These {what} were not loaded before your session ended. Sign in again to see them.</p>
  if (feed === 'offline') return <p>These {what} are not loaded yet. They come as soon as you are back online.</p>
  return children
}
