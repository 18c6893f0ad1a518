/**
 * LISTEN on a connection of its own, made again whenever it is lost, also to silence: then nothing would ever say that
 * it is gone. What is said while it is away is lost.
 */
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

const askEveryMs = 5_000

/**
 * Until `signal`. Never rejects; each failed attempt is told. `open` makes a client that bounds the time to connect and
 * to answer.
 */
export async function listenUntil(
  signal: AbortSignal,
  open: () => pg.Client,
  channel: string,
  onNotice: (payload: string) => void,
  onConnected: () => void,
  onFailed: (error: unknown) => void,
): Promise<void> {
  while (!signal.aborted) {
    const client = open()
    const over = new AbortController()
    client.once('end', () => over.abort())
    client.on('notification', ({ payload }) => onNotice(payload ?? ''))
    try {
      await client.connect()
      await client.query(`listen ${pg.escapeIdentifier(channel)}`)
      onConnected()
      for (;;) {
        await delay(askEveryMs, undefined, { signal: AbortSignal.any([signal, over.signal]) })
        await client.query('select 1')
      }
    } catch (error) {
      if (!signal.aborted) onFailed(error)
    }
    void client.end()
    await delay(100 + Math.random() * 200, undefined, { signal }).catch(() => {})
  }
}
