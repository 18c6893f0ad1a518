/**
 * A line for each refusal with 403: the user, the procedure and the reason (OWASP ASVS 5.0, 16.3.2). By id; never a name or an address.
 * A client that repeats its call, or many clients, must not fill the log: one line a minute for the same refusal, and few a second in total,
 * of which each caller has a share, so that the refusals of one do not hide those of another.
 */
import type { FastifyBaseLogger } from 'fastify'
import { LRUCache } from 'lru-cache'
import { upTo } from '../cache-size.ts'
import type { AppError } from './app-error.ts'

const sameEveryMs = 60_000
const secondMs = 1000
const perSecond = 10
/** For each user, and for all anonymous callers together. */
const perSecondOfCaller = 3

export interface Refused {
  /** Null if the request was refused before the caller was identified. */
  readonly userId: string | null
  readonly apiKeyId?: string
  /** The name of the procedure, else the route. */
  readonly asked: string
}

/** Counts the lines of the current second. */
class Second {
  #beganMs = Number.NEGATIVE_INFINITY
  #lines = 0
  leftOut = 0

  hasRoom(most: number, nowMs: number): boolean {
    if (nowMs - this.#beganMs >= secondMs) {
      this.#beganMs = nowMs
      this.#lines = 0
    }
    if (this.#lines < most) return true
    this.leftOut++
    return false
  }

  /** Returns how many refusals were left out before this line. */
  add(): number {
    this.#lines++
    const { leftOut } = this
    this.leftOut = 0
    return leftOut
  }
}

export class RefusalLog {
  readonly #logged = new LRUCache<string, { atMs: number; leftOut: number }>(upTo(10_000))
  readonly #seen = new WeakSet<AppError>()
  readonly #callers = new LRUCache<string, Second>(upTo(10_000))
  readonly #all = new Second()

  /** Logs each error once, even if several layers report it. */
  add(log: FastifyBaseLogger, error: AppError, refused: Refused): void {
    if (error.status !== 403 || this.#seen.has(error)) return
    this.#seen.add(error)
    const nowMs = performance.now()
    const key = JSON.stringify([refused.userId, refused.asked, error.code])
    const last = this.#logged.get(key)
    if (last && nowMs - last.atMs < sameEveryMs) return void last.leftOut++
    const caller = this.#secondOf(refused.userId ?? '')
    if (!caller.hasRoom(perSecondOfCaller, nowMs) || !this.#all.hasRoom(perSecond, nowMs)) return
    const leftOut = (last?.leftOut ?? 0) + caller.add() + this.#all.add()
    this.#logged.set(key, { atMs: nowMs, leftOut: 0 })
    log.warn({ ...refused, code: error.code, ...(leftOut && { leftOut }) }, 'refused')
  }

  #secondOf(caller: string): Second {
    const second = this.#callers.get(caller) ?? new Second()
    this.#callers.set(caller, second)
    return second
  }
}
