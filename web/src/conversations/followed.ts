/**
 * What a page shows of something live, as a store that React reads: one feed while it is in sight. The session that the feed
 * began with may end while the browser holds a newer one of the same person; then it begins anew.
 */
import { useEffect, useSyncExternalStore } from 'react'
import type { Feed, FeedState, PlinthError } from '../../../client/plinth.ts'
import { saysSignedOut } from '../plinth.ts'
import { isSignedInAs, lookForSession } from '../session/session.ts'

export interface InSight {
  feed: FeedState
  /** Why there is nothing to show. */
  failure: PlinthError | null
}

export interface FeedHandlers {
  onState: (state: FeedState) => void
  onError: (error: PlinthError) => void
}

const longestPauseMs = 10_000

export abstract class Followed<Now extends InSight> {
  protected readonly myId: string
  readonly #listeners = new Set<() => void>()
  #now: Now
  #feed: Feed | null = null
  #renewals = 0

  constructor(myId: string, initial: Now) {
    this.myId = myId
    this.#now = initial
  }

  readonly now = () => this.#now

  readonly onChange = (listener: () => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  start() {
    this.become({ feed: 'connecting', failure: null } as Partial<Now>)
    this.#open()
  }

  /** What was loaded stays. */
  stop() {
    this.#feed?.close()
    this.#feed = null
    // Whoever signs in next in this tab must not find it, nor whoever has.
    if (isSignedInAs(this.myId)) this.keep()
  }

  restart() {
    this.#feed?.close()
    this.#feed = null
    this.start()
  }

  protected get isFollowing() {
    return this.#feed !== null
  }

  protected abstract open(handlers: FeedHandlers): Feed
  /** For the next visit. */
  protected abstract keep(): void
  protected abstract ended(error: PlinthError): void

  protected become(change: Partial<Now>) {
    this.#now = { ...this.#now, ...change }
    for (const listener of this.#listeners) listener()
  }

  #open() {
    this.#feed = this.open({
      onState: (feed) => {
        if (feed === 'live' || feed === 'polling') this.#renewals = 0
        this.become({ feed } as Partial<Now>)
      },
      onError: (error) => {
        if (saysSignedOut(error)) void this.#renew()
        this.ended(error)
      },
    })
  }

  async #renew() {
    const ended = this.#feed
    await lookForSession()
    setTimeout(
      () => {
        if (ended && this.#feed === ended && isSignedInAs(this.myId)) this.restart()
      },
      Math.min(250 * 2 ** this.#renewals++, longestPauseMs),
    )
  }
}

/** Follows while `isSignedIn`; afterwards what was loaded stays. */
export function useFollowed<Now extends InSight>(followed: Followed<Now>, isSignedIn: boolean): Now {
  useEffect(() => {
    if (!isSignedIn) return
    followed.start()
    return () => followed.stop()
  }, [followed, isSignedIn])
  return useSyncExternalStore(followed.onChange, followed.now)
}
