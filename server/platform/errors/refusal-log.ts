/**
 * A line for what was refused with 403: which user asked, for what, and why not (OWASP ASVS 5.0, 16.3.2). By id; never a name or an address.
 * A client that goes on asking, or many of them, must not fill the log: one line a minute for the same refusal, and few a second in all.
 */
import type { FastifyBaseLogger } from 'fastify'
import { LRUCache } from 'lru-cache'
import { upTo } from '../cache-size.ts'
import type { AppError } from './app-error.ts'

const sameEveryMs = 60_000
const secondMs = 1000
const perSecond = 10

export interface Refused {
  /** Null where it was refused before anybody looked who asks. */
  readonly userId: string | null
  readonly apiKeyId?: string
  /** Of a procedure its name, else the route. */
  readonly asked: string
}

export class RefusalLog {
  readonly #logged = new LRUCache<string, { atMs: number; leftOut: number }>(upTo(10_000))
  readonly #seen = new WeakSet<AppError>()
  #second = { beganMs: Number.NEGATIVE_INFINITY, lines: 0 }
  #leftOut = 0

  /** Of one error once, however many see it pass. */
  add(log: FastifyBaseLogger, error: AppError, refused: Refused): void {
    if (error.status !== 403 || this.#seen.has(error)) return
    this.#seen.add(error)
    const nowMs = performance.now()
    const key = JSON.stringify([refused.userId, refused.asked, error.code])
    const last = this.#logged.get(key)
    if (last && nowMs - last.atMs < sameEveryMs) return void last.leftOut++
    if (nowMs - this.#second.beganMs >= secondMs) this.#second = { beganMs: nowMs, lines: 0 }
    if (++this.#second.lines > perSecond) return void this.#leftOut++
    const leftOut = (last?.leftOut ?? 0) + this.#leftOut
    this.#leftOut = 0
    this.#logged.set(key, { atMs: nowMs, leftOut: 0 })
    log.warn({ ...refused, code: error.code, ...(leftOut && { leftOut }) }, 'refused')
  }
}
