/** One attempt to have a channel carried: it becomes ready, perhaps, and is over once. */
import type { LiveTransport } from './live-options.ts'

export interface Carrier {
  readonly transport: LiveTransport
  readonly ready: Promise<unknown>
  /** Rejects when it breaks. */
  readonly over: Promise<never>
  stop(): void
}

/** The carrier, and what whoever fills it does with it. */
export function newCarrier(transport: LiveTransport, onStopped: (carrier: Carrier) => void) {
  const ready = Promise.withResolvers<void>()
  const over = Promise.withResolvers<never>()
  for (const { promise } of [ready, over]) promise.catch(() => {})
  const cleanups: (() => void)[] = []
  let stopped = false
  const carrier: Carrier = {
    transport,
    ready: ready.promise,
    over: over.promise,
    stop() {
      if (stopped) return
      stopped = true
      onStopped(carrier)
      for (const cleanup of cleanups.splice(0)) cleanup()
    },
  }
  return {
    carrier,
    ready: () => ready.resolve(),
    fail(error: unknown) {
      if (stopped) return
      carrier.stop()
      ready.reject(error)
      over.reject(error)
    },
    onStop(cleanup: () => void) {
      if (stopped) cleanup()
      else cleanups.push(cleanup)
    },
    isStopped: () => stopped,
  }
}
