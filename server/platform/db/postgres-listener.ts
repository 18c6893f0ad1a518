/**
 * LISTEN on a connection of its own, made again whenever it is lost, also to silence: then nothing would ever say that
 * it is gone. What is said while it is away is lost.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type ClientOptions, type Connections, openConnections } from './postgres-client.ts'

const askEveryMs = 5_000
const answerMs = 3_000

/** Until `signal`; resolves when the connection is closed. Never rejects; each failed attempt is told. */
export async function listenUntil(
  signal: AbortSignal,
  url: string,
  options: ClientOptions,
  channel: string,
  onNotice: (payload: string) => void,
  onConnected: () => void,
  onFailed: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    const over = new AbortController()
    const connections = openConnections(url, {
      ...options,
      max: 1,
      max_lifetime: null,
      onclose: () => over.abort(),
      onnotify: (_channel, payload) => onNotice(payload),
    })
    try {
      await answered(connections.sql`listen ${connections.sql(channel)}`)
      onConnected()
      await stayConnected(connections, AbortSignal.any([signal, over.signal]))
    } catch (error) {
      if (!signal.aborted) onFailed(error)
    }
    await connections.end(0)
    await delay(100 + Math.random() * 200, undefined, { signal }).catch(() => {})
  }
}

/** @throws when it is no longer, or told to stop */
async function stayConnected({ sql }: Connections, signal: AbortSignal): Promise<never> {
  for (;;) {
    await delay(askEveryMs, undefined, { signal })
    await answered(sql`select 1`)
  }
}

async function answered(answer: PromiseLike<unknown>): Promise<void> {
  const timer = new AbortController()
  const late = delay(answerMs, undefined, { signal: timer.signal }).then(() => Promise.reject(new Error('no answer')))
  late.catch(() => {})
  try {
    await Promise.race([answer, late])
  } finally {
    timer.abort()
  }
}
