/**
 * All pages about drifts follow one channel, and keep one list, which is still there when somebody comes back to it from a
 * drift. Signed out, nothing is followed; when the session ends, what was loaded stays.
 */
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react'
import type { FeedState } from '../../../client/plinth.ts'
import type { Person } from '../../../shared/account.ts'
import type { DriftEvent } from '../../../shared/drifts.ts'
import { followAs } from '../live/follow-as.ts'
import { Store } from '../live/store.ts'
import { plinth } from '../plinth.ts'
import { announce } from '../toasts/announcer.tsx'
import { type Attempt, Decisions } from './decisions.ts'
import { DriftList } from './drift-list.ts'
import { reloadDrift } from './drift-queries.ts'

type Listener = (event: DriftEvent | 'all') => void

export class DriftReview extends Store<{ feed: FeedState | null }> {
  readonly me: Person | null
  readonly list = new DriftList()
  readonly decisions: Decisions
  readonly #listeners = new Set<Listener>()

  constructor(me: Person | null) {
    super({ feed: null })
    this.me = me
    this.decisions = new Decisions(me?.id ?? '', (drift) => this.list.put(drift))
  }

  /** `all`: events were missed, so anything may have changed. */
  onNews(listener: Listener) {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  follow(personId: string) {
    const stop = followAs(
      personId,
      (handlers) =>
        plinth.live<{ cursor: string }, DriftEvent>({
          ...handlers,
          follow: (lastEventId, live, transport) =>
            plinth.drifts.onEvent.subscribe({ lastEventId }, { ...live, context: { transport } }),
          poll: (lastEventId) => plinth.drifts.events.query({ lastEventId }),
          snapshot: () => plinth.drifts.list.query({ limit: 1 }),
          onSnapshot: ({ cursor }) => {
            this.list.followedFrom(cursor)
            for (const listener of this.#listeners) listener('all')
          },
          onEvent: (event) => this.#hear(event),
        }),
      (feed) => this.become({ feed }),
    )
    return () => {
      stop()
      this.list.stop()
      this.become({ feed: null })
    }
  }

  #hear(event: DriftEvent) {
    this.list.hear(event)
    reloadDrift('drift' in event ? event.drift.id : event.id)
    for (const listener of this.#listeners) listener(event)
    if (event.type === 'drift.approved' && event.actorId !== this.me?.id)
      announce(`${event.approver.displayName} approved a drift.`)
    if (event.type === 'drift.rejected' && event.actorId !== this.me?.id)
      announce(`${event.rejecter.displayName} rejected a drift.`)
  }
}

const Context = createContext<DriftReview | null>(null)

/** `isSignedIn`: now; `me` is also there after the session has ended. Another person: another `key`. */
export function ReviewProvider({
  me,
  isSignedIn,
  children,
}: {
  me: Person | null
  isSignedIn: boolean
  children: ReactNode
}) {
  const [review] = useState(() => new DriftReview(me))
  useEffect(() => {
    if (isSignedIn && me) return review.follow(me.id)
  }, [review, isSignedIn, me])
  return <Context value={review}>{children}</Context>
}

export function useReview(): DriftReview {
  const review = useContext(Context)
  if (!review) throw new Error('useReview is for pages below ReviewProvider')
  return review
}

export function useAttempt(driftId: string): Attempt | undefined {
  const { decisions } = useReview()
  return useSyncExternalStore(decisions.onChange, () => decisions.now().attempts[driftId])
}
