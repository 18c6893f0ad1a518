/**
 * All pages about drifts share one list and its channel, so that the list is as it was when its user comes back to it from a drift. Signed
 * out, it is read and not followed; when the session ends, what was loaded stays.
 */
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react'
import type { Person } from '../../../shared/account.ts'
import type { DriftEvent } from '../../../shared/drifts.ts'
import { announce } from '../toasts/announcer.tsx'
import { type Attempt, Decisions } from './deciding/decisions.ts'
import { reloadDrift } from './drift-queries.ts'
import { DriftList } from './list/drift-list.ts'

type Listener = (event: DriftEvent | 'all') => void

export class DriftReview {
  readonly me: Person | null
  readonly list: DriftList
  readonly decisions: Decisions
  readonly #listeners = new Set<Listener>()

  constructor(me: Person | null) {
    this.me = me
    this.list = new DriftList(me?.id ?? null, {
      onSnapshot: () => this.#notify('all'),
      onEvent: (event) => this.#takeEvent(event),
    })
    this.decisions = new Decisions(me?.id ?? '', (drift) => this.list.put(drift))
  }

  /** `all`: events were missed, so anything may have changed. Returns how to stop. */
  onNews(listener: Listener) {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #notify(news: DriftEvent | 'all') {
    for (const listener of this.#listeners) listener(news)
  }

  #takeEvent(event: DriftEvent) {
    reloadDrift('drift' in event ? event.drift.id : event.id)
    this.#notify(event)
    if (event.type === 'drift.approved' && event.actorId !== this.me?.id)
      announce(`${event.approver.displayName} approved a drift.`)
    if (event.type === 'drift.rejected' && event.actorId !== this.me?.id)
      announce(`${event.rejecter.displayName} rejected a drift.`)
  }
}

const Context = createContext<DriftReview | null>(null)

/** `isSignedIn`: now; `me` is also there after the session has ended. Another user: another `key`. */
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
    if (me && !isSignedIn) return
    review.list.start()
    return () => review.list.stop()
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
