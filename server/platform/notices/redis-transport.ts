/**
 * Notices by Redis pub/sub, on two connections, for one that listens takes no other command. They live and end together:
 * whichever is lost, also to silence, both are made anew. While there are none, notices are dropped and never queued.
 * Errors are logged by their text alone: ioredis hangs the command on them, which is the password when it was AUTH.
 */
import { createHmac } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { Redis } from 'ioredis'
import type { Config } from '../config/config.ts'
import type { NoticeTransport } from './transport.ts'

/** Far under what Redis lets a listener be behind (32 MB) before it cuts it off. */
const maxBytes = 256 * 1024
const askEveryMs = 5_000
const answerMs = 2_000
const retryMs = { least: 200, most: 2_000 }

/**
 * One for each Plinth database: deployments that share a Redis do not hear each other. By the secret too, for the same
 * address may be two databases seen from two networks. While a secret is rotated, old and new find out by looking.
 */
export function redisChannel({ database, auth }: Config): string {
  const { host, pathname } = new URL(database.url)
  return `plinth:notices:${createHmac('sha256', auth.cookieSecret)
    .update(host + pathname)
    .digest('base64url')
    .slice(0, 22)}`
}

export class RedisTransport implements NoticeTransport {
  readonly maxBytes = maxBytes
  readonly #url: string
  readonly #channel: string
  readonly #log: FastifyBaseLogger
  readonly #closing = new AbortController()
  #publisher: Redis | null = null
  #listening: Promise<void> | undefined

  constructor(url: string, channel: string, log: FastifyBaseLogger) {
    this.#url = url
    this.#channel = channel
    this.#log = log
  }

  get connected(): boolean {
    return this.#publisher !== null
  }

  async tell(notice: string): Promise<void> {
    const publisher = this.#publisher
    await publisher?.publish(this.#channel, notice).catch(() => {
      // Of many notices that fail together the first disconnects: ioredis adds a listener to its socket each time.
      if (this.#publisher !== publisher) return
      this.#publisher = null
      // `listen` reconnects, and logs why.
      publisher.disconnect()
    })
  }

  listen(onNotice: (notice: string) => void, onConnected: () => void): void {
    this.#listening = this.#listen(onNotice, onConnected)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#listening
  }

  async #listen(onNotice: (notice: string) => void, onConnected: () => void): Promise<void> {
    const { signal } = this.#closing
    let failures = 0
    while (!signal.aborted) {
      const over = new AbortController()
      const clients: Redis[] = []
      let fault: Error | undefined
      const open = () => {
        const client = newConnection(this.#url)
        client.on('error', (error) => {
          fault ??= error
        })
        client.once('end', () => over.abort(new Error('the connection was closed')))
        clients.push(client)
        return client
      }
      const ended = AbortSignal.any([signal, over.signal])
      const hangUp = () => {
        for (const client of clients) client.disconnect()
      }
      try {
        const [subscriber, publisher] = [open(), open()]
        ended.addEventListener('abort', hangUp, { once: true })
        await Promise.all([subscriber.connect(), publisher.connect()])
        subscriber.on('message', (_channel, notice) => onNotice(notice))
        await subscriber.subscribe(this.#channel)
        this.#publisher = publisher
        this.#log.info(failures > 0 ? 'connected to Redis again' : 'instances notify each other through Redis')
        failures = 0
        onConnected()
        for (;;) {
          await delay(askEveryMs, undefined, { signal: ended })
          await Promise.all([subscriber.ping(), publisher.ping()])
        }
      } catch (error) {
        // Once per outage.
        if (!signal.aborted && failures === 0) {
          const { message: reason } = fault ?? (over.signal.reason as Error) ?? error
          this.#log.warn({ reason }, 'Redis is away: instances find out by looking until it is back, trying on')
        }
        failures++
      }
      this.#publisher = null
      hangUp()
      // Spread, so that a Redis that starts is not met by all instances at once.
      const waitMs = Math.min(retryMs.least * 1.5 ** failures, retryMs.most) * (0.5 + Math.random() / 2)
      await delay(waitMs, undefined, { signal }).catch(() => {})
    }
  }
}

/** Connects and asks once. @throws an Error whose text alone may be shown */
export async function pingRedis(url: string): Promise<void> {
  const client = newConnection(url)
  let fault: Error | undefined
  client.on('error', (error) => {
    fault ??= error
  })
  try {
    await client.connect()
    await client.ping()
  } catch (error) {
    throw new Error((fault ?? (error as Error)).message)
  } finally {
    client.disconnect()
  }
}

/** Not connected yet, and never again once it has ended. */
function newConnection(url: string): Redis {
  return new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    enableOfflineQueue: false,
    connectTimeout: answerMs,
    commandTimeout: answerMs,
    disconnectTimeout: 500,
    connectionName: 'plinth-notices',
    disableClientInfo: true,
  })
}
