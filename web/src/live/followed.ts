/** What a page shows of something live, for as long as somebody looks at it: one feed, and what was loaded when that has ended. */
import { useEffect } from 'react'
import type { FeedHandlers } from '../../../client/live-options.ts'
import type { Feed, FeedState, PlinthError } from '../../../client/plinth.ts'
import { isSignedInAs } from '../session/session.ts'
import { followAs } from './follow-as.ts'
import { Store, useStore } from './store.ts'

export interface InSight {
  feed: FeedState
  /** Why there is nothing to show. */
  failure: PlinthError | null
}

export abstract class Followed<Now extends InSight> extends Store<Now> {
  protected readonly myId: string
  #feed: Feed | null = null
  #leave = () => {}

  constructor(myId: string, initial: Now) {
    super(initial)
    this.myId = myId
  }

  start() {
    this.#leave = followAs(
      this.myId,
      (handlers) => {
        this.become({ feed: 'connecting', failure: null } as Partial<Now>)
        this.#feed = this.open({
          ...handlers,
          onError: (error) => {
            handlers.onError(error)
            this.ended(error)
          },
        })
        return this.#feed
      },
      (feed) => {
        this.become({ feed } as Partial<Now>)
        if (feed === 'live' || feed === 'polling') this.connected()
      },
    )
  }

  /** What was loaded stays. */
  stop() {
    this.#leave()
    this.#leave = () => {}
    this.#feed = null
    // Whoever signs in next in this tab must not find it, nor whoever has.
    if (isSignedInAs(this.myId)) this.keep()
  }

  restart() {
    this.stop()
    this.start()
  }

  /** What carries it now. */
  get transport() {
    return this.#feed?.transport ?? null
  }

  protected get isFollowing() {
    return this.#feed !== null
  }

  protected abstract open(handlers: FeedHandlers): Feed
  /** For the next visit. */
  protected abstract keep(): void
  protected connected(): void {}
  protected ended(failure: PlinthError): void {
    this.become({ failure } as Partial<Now>)
  }
}

/** Follows while `isSignedIn`; afterwards what was loaded stays. */
export function useFollowed<Now extends InSight>(followed: Followed<Now>, isSignedIn: boolean): Now {
  useEffect(() => {
    if (!isSignedIn) return
    followed.start()
    return () => followed.stop()
  }, [followed, isSignedIn])
  return useStore(followed)
}
