/**
 * Windows that all instances share through Redis. What is counted is named by a keyed hash, so that nobody who reads the Redis
 * reads addresses of people or of their machines, and deployments that share one do not share limits.
 */
import type { FastifyBaseLogger } from 'fastify'
import { Redis } from 'ioredis'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import type { Count, Windows } from './windows.ts'

const retryMs = { least: 200, most: 2_000 }

/**
 * One connection for all windows, whose commands fail after `answerMs`. `SharedWindows` logs its outages. Its errors are never logged, because ioredis puts
 * the password into them.
 */
export function connectRedis(url: string, log: FastifyBaseLogger, answerMs: number): Redis {
  const redis = new Redis(url, {
    connectionName: 'plinth-limits',
    disableClientInfo: true,
    // What cannot be asked now is counted by this process, at once.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: 2_000,
    commandTimeout: answerMs,
    // A connection that has fallen silent is not waited for: it is made anew.
    socketTimeout: 2 * answerMs,
    disconnectTimeout: 500,
    // Spread, so that a Redis that starts is not met by all instances at once.
    retryStrategy: (times) => Math.min(retryMs.least * 1.5 ** times, retryMs.most) * (0.5 + Math.random() / 2),
  })
  redis.on('error', () => {})
  redis.once('ready', () => log.info('limits are shared through Redis'))
  return redis
}

export class RedisWindows implements Windows {
  readonly lengthMs: number
  readonly #limiter: RateLimiterRedis
  readonly #hashed: (key: string) => string

  constructor(redis: Redis, lengthMs: number, hashed: (key: string) => string) {
    this.lengthMs = lengthMs
    this.#hashed = hashed
    // Points are compared by whoever counts: it is the counting that has to be atomic, and is, in a script.
    const points = Number.MAX_SAFE_INTEGER
    this.#limiter = new RateLimiterRedis({
      storeClient: redis,
      keyPrefix: 'plinth:limits',
      points,
      duration: lengthMs / 1000,
      rejectIfRedisNotReady: true,
    })
  }

  async add(key: string, points = 1): Promise<Count> {
    const { consumedPoints, msBeforeNext } = await this.#limiter.consume(this.#hashed(key), points)
    return { points: consumedPoints, endsInMs: msBeforeNext }
  }

  giveBack(key: string): Promise<unknown> {
    return this.#limiter.reward(this.#hashed(key))
  }

  forget(key: string): Promise<unknown> {
    return this.#limiter.delete(this.#hashed(key))
  }
}
