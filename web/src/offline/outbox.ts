/** The one outbox of this app: what people change offline, or while the server is away, and all that has to be sent in order. */
import { createOutbox, type OutboxEntry } from '../../../client/outbox.ts'
import { type QueuedOffline, queuedOffline } from '../../../shared/offline.ts'
import { lookAgain, plinth, queryClient, sessionKey } from '../plinth.ts'

const sentWithinMs = 15_000

/** `queue(path, input)`, `onAnswer`, `discard(id)` and `tryAgain(id)`; hooks are in use-outbox.ts. */
export const outbox = createOutbox(plinth, { procedures: queuedOffline })

/**
 * Resolves once none of these entries is still to be sent; refused ones are not. @throws PlinthError when the outbox has stopped; DOMException
 * when it takes too long, or `signal` ends the wait: entries are sent nevertheless
 */
export async function whenSent(isOne: (entry: OutboxEntry<QueuedOffline>) => boolean, signal?: AbortSignal) {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const end = AbortSignal.any([AbortSignal.timeout(sentWithinMs), ...(signal ? [signal] : [])])
  const look = () => {
    if (outbox.stopped) reject(outbox.stopped)
    if (!outbox.entries.some((entry) => entry.state !== 'refused' && isOne(entry))) resolve()
  }
  const stop = outbox.onChange(look)
  const giveUp = () => reject(end.reason)
  end.addEventListener('abort', giveUp)
  look()
  try {
    await promise
  } finally {
    stop()
    end.removeEventListener('abort', giveUp)
  }
}

// The server knows of no sign-in behind what is sent: the one place that knows who is signed in looks again …
let lookedAfter = outbox.stopped
outbox.onChange(() => {
  const { stopped } = outbox
  if (stopped && stopped !== lookedAfter) lookAgain(stopped)
  lookedAfter = stopped
})

// … and what waits goes on once it has heard that its person is.
queryClient.getQueryCache().subscribe(({ type, query }) => {
  if (type !== 'updated' || query.queryKey[0] !== sessionKey[0] || query.state.status !== 'success') return
  if (outbox.stopped && !query.state.isInvalidated && plinth.actingAs.id !== null) outbox.resume()
})

// Pages in sight apply the answers themselves; what others have loaded is older than them now.
outbox.onAnswer(({ path }) => {
  const [noun] = path.split('.')
  void queryClient.invalidateQueries({ queryKey: [[noun]], refetchType: 'none' })
})

/** The browser asks before it closes the page. */
const askFirst = (event: BeforeUnloadEvent) => event.preventDefault()
// What is not stored yet would be lost. Added only then: pages that listen are left out of the back/forward cache.
outbox.onChange(() => {
  if (outbox.entries.some(({ state }) => state === 'writing')) addEventListener('beforeunload', askFirst)
  else removeEventListener('beforeunload', askFirst)
})
