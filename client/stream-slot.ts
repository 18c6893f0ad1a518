/**
 * How many event streams the tabs of one browser hold open to one server. Over HTTP/1.1 a browser opens six connections
 * to a server for all its tabs, and a stream keeps one for as long as it lasts: six streams, and every further call waits
 * for ever. A slot is a Web Lock, so it comes free with its tab, however that ends. Where there are no Web Locks, streams
 * are not counted. Streams of hints (`context: { hint: true }`) have one slot of their own and never take one from a feed.
 */
import type { TRPCLink } from '@trpc/client'
import { TRPCClientError } from '@trpc/client'
import { observable } from '@trpc/server/observable'
import type { AppRouter } from '../server/router.ts'
import { networkError } from './errors.ts'

/** Two of the six at least are for calls. */
const feedSlots = ['0', '1', '2']
const hintSlots = ['hint']

/** `link`, whose streams to `origin` take a slot each, and fail at once where none is free. */
export function inStreamSlot(origin: string, link: TRPCLink<AppRouter>): TRPCLink<AppRouter> {
  return (runtime) => {
    const open = link(runtime)
    return (call) =>
      observable((observer) => {
        const end = new AbortController()
        let stop = () => {}
        void takeSlot(origin, call.op.context.hint ? hintSlots : feedSlots, end.signal).then((isTaken) => {
          if (end.signal.aborted) return
          if (!isTaken) return observer.error(TRPCClientError.from(networkError()))
          stop = open(call).subscribe(observer).unsubscribe
        })
        return () => {
          stop()
          end.abort()
        }
      })
  }
}

/** True when one is held until `signal` aborts, or none is needed. */
async function takeSlot(origin: string, slots: string[], signal: AbortSignal): Promise<boolean> {
  // Absent on plain-http pages off this machine and in older browsers.
  const locks = globalThis.navigator?.locks as LockManager | undefined
  if (!locks || carriesManyAtOnce(origin)) return true
  for (const slot of slots) {
    const name = `plinth:sse:${origin}:${slot}`
    const isTaken = await new Promise<boolean>((resolve) => {
      const held = locks.request(name, { ifAvailable: true }, (lock) => {
        resolve(lock !== null)
        if (lock) return aborted(signal)
      })
      // A page may be without storage, and then without locks.
      held.catch(() => resolve(true))
    })
    if (isTaken) return true
  }
  return false
}

/** HTTP/2 and later have many streams on one connection. */
const carriesManyAtOnce = (origin: string) =>
  [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].some(
    (entry) =>
      entry.name.startsWith(`${origin}/`) && /^h[23]/.test((entry as PerformanceResourceTiming).nextHopProtocol ?? ''),
  )

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
