/**
 * A live channel in the name of whoever is signed in. The session that it began with may end while the browser holds a newer one of
 * the same person: then it begins anew.
 */
import type { FeedHandlers } from '../../../client/live-options.ts'
import type { Feed, FeedState } from '../../../client/plinth.ts'
import { saysSignedOut } from '../plinth.ts'
import { isSignedInAs, lookForSession } from '../session/session.ts'

const longestPauseMs = 10_000

/** `open` spreads what it is given into its feed. Returns how to stop. */
export function followAs(
  personId: string,
  open: (handlers: FeedHandlers) => Feed,
  onState: (state: FeedState) => void = () => {},
): () => void {
  let feed: Feed | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let renewals = 0

  const begin = () => {
    feed = open({
      onState: (state) => {
        if (state === 'live' || state === 'polling') renewals = 0
        onState(state)
      },
      onError: (error) => {
        if (saysSignedOut(error)) void renew()
      },
    })
  }
  const renew = async () => {
    const ended = feed
    await lookForSession()
    const pauseMs = Math.min(250 * 2 ** renewals++, longestPauseMs)
    if (feed === ended)
      timer = setTimeout(() => {
        if (feed === ended && isSignedInAs(personId)) begin()
      }, pauseMs)
  }

  begin()
  return () => {
    clearTimeout(timer)
    const open = feed
    feed = null
    open?.close()
  }
}
