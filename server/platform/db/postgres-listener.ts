/**
 * LISTEN on a connection of its own, which is opened again whenever it is lost, also to silence: nothing would report that. What is
 * notified meanwhile is lost.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Connection } from './postgres-pool.ts'

const probeEveryMs = 5_000

interface Callbacks {
  onNotice: (payload: string) => void
  onLost: () => void
}

/** Until `signal`. Never rejects; `onFailed` gets each failure. `open` makes a connection that bounds the time of each response. */
export async function listenUntil(
  signal: AbortSignal,
  open: (callbacks: Callbacks) => Connection,
  channel: string,
  onNotice: (payload: string) => void,
  onConnected: () => void,
  onFailed: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    const lost = new AbortController()
    let connection: Connection | undefined
    try {
      connection = open({ onNotice, onLost: () => lost.abort() })
      await connection.query({ text: `listen "${channel.replaceAll('"', '""')}"` })
      onConnected()
      for (;;) {
        await delay(probeEveryMs, undefined, { signal: AbortSignal.any([signal, lost.signal]) })
        await connection.query({ text: 'select 1' })
      }
    } catch (error) {
      if (!signal.aborted) onFailed(error)
    }
    connection?.close()
    await delay(100 + Math.random() * 200, undefined, { signal }).catch(() => {})
  }
}
