/**
 * Counting in windows of fixed length, each beginning with the first count of its key. Those of one process, here; and
 * those that instances share, which count here for as long as their store is away.
 */
import type { FastifyBaseLogger } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { ErrorCode } from '../../../shared/errors.ts'
import { upTo } from '../cache-size.ts'
import { AppError } from '../errors/app-error.ts'

export interface Count {
  /** Of the window, this one included. */
  readonly points: number
  readonly endsInMs: number
}

/** For Retry-After and RateLimit-Reset. At least 1, because after 0 seconds the same window may still be open. */
export const secondsLeft = ({ endsInMs }: Pick<Count, 'endsInMs'>): number => Math.max(Math.ceil(endsInMs / 1000), 1)

export interface Windows {
  readonly lengthMs: number
  /** Atomic: of any two calls one has the higher count. `points` is 1 if absent. Resolves to the count after it. */
  add(key: string, points?: number): Count | Promise<Count>
  /** Takes one count back. The caller sees to it that the window is still the same (`SignInAttempts` does). */
  giveBack(key: string): unknown
  /** Ends the window of `key`. */
  forget(key: string): unknown
}

/**
 * Bounded: an attacker has as many networks as an IPv6 /32 has /64s, and a key each must not fill the memory. What goes first is
 * what was counted least lately.
 */
export class MemoryWindows implements Windows {
  readonly lengthMs: number
  readonly #open: LRUCache<string, { points: number; endsAt: number }>

  constructor(lengthMs: number, maxKeys = 100_000) {
    this.lengthMs = lengthMs
    this.#open = new LRUCache(upTo(maxKeys))
  }

  add(key: string, points = 1): Count {
    // Whole: of fractions, the end less the beginning can be more than the length.
    const now = Math.floor(performance.now())
    let window = this.#open.get(key)
    if (window === undefined || window.endsAt <= now) {
      window = { points: 0, endsAt: now + this.lengthMs }
      this.#open.set(key, window)
    }
    window.points += points
    return { points: window.points, endsInMs: window.endsAt - now }
  }

  /** Counts nothing; null where no window is open. */
  peek(key: string): Count | null {
    const window = this.#open.peek(key)
    const endsInMs = (window?.endsAt ?? 0) - Math.floor(performance.now())
    return window && endsInMs > 0 ? { points: window.points, endsInMs } : null
  }

  giveBack(key: string): void {
    const window = this.#open.peek(key)
    if (window && window.points > 0) window.points--
  }

  forget(key: string): void {
    this.#open.delete(key)
  }
}

export interface LimitTimes {
  /** The most by which a store that hangs delays a call. */
  storeAnswersWithinMs: number
}

export const defaultLimitTimes: LimitTimes = { storeAnswersWithinMs: 500 }
/** How long a store that failed is not queried. */
const leftAloneMs = 1000

export interface Taken extends Count {
  /** Where it was counted. */
  readonly from: Windows
}

/** Never throws for its store: an outage of the limiter is no outage of what it limits. */
export class SharedWindows {
  readonly #shared: Windows
  readonly #own: MemoryWindows
  /** The last result of the store, by key. */
  readonly #answers = new LRUCache<string, { points: number; endsAt: number }>(upTo(100_000))
  readonly #log: FastifyBaseLogger
  readonly #withinMs: number
  #askAgainAt = 0
  #away = false

  constructor(shared: Windows, log: FastifyBaseLogger, times = defaultLimitTimes) {
    this.#withinMs = times.storeAnswersWithinMs
    this.#shared = shared
    this.#own = new MemoryWindows(shared.lengthMs)
    this.#log = log
  }

  async add(key: string, points = 1): Promise<Taken> {
    const count = await this.#ask(() => this.#shared.add(key, points))
    if (!count) return { ...this.#own.add(key, points), from: this.#own }
    this.#answers.set(key, { points: count.points, endsAt: performance.now() + count.endsInMs })
    return { ...count, from: this.#shared }
  }

  /** Counts once. @throws AppError `code` when the window of `key` has more than `limit`, with the time until it ends */
  async spend(key: string, limit: number, code: ErrorCode): Promise<void> {
    const added = await this.add(key)
    if (added.points > limit) throw new AppError(code, { retryAfterS: secondsLeft(added) })
  }

  /** As of the last count by this process, without a query to the store: other instances may have counted since. */
  peek(key: string): Count | null {
    if (this.#away) return this.#own.peek(key)
    const answer = this.#answers.peek(key)
    const endsInMs = (answer?.endsAt ?? 0) - performance.now()
    return answer && endsInMs > 0 ? { points: answer.points, endsInMs } : null
  }

  /** To where it came from: what this process counted for itself never lowers what all have counted. */
  async giveBack(key: string, from: Windows): Promise<void> {
    if (from === this.#own) this.#own.giveBack(key)
    else await this.#ask(() => this.#shared.giveBack(key))
  }

  async forget(key: string): Promise<void> {
    this.#own.forget(key)
    this.#answers.delete(key)
    await this.#ask(() => this.#shared.forget(key))
  }

  async #ask<T>(question: () => T | Promise<T>): Promise<T | null> {
    if (performance.now() < this.#askAgainAt) return null
    try {
      const answer = await inTime(question(), this.#withinMs)
      if (this.#away) this.#log.info('limits are shared by all instances again')
      this.#away = false
      return answer
    } catch (error) {
      this.#askAgainAt = performance.now() + leftAloneMs
      // Its text alone, for drivers hang what they sent on their errors; and once per outage.
      const reason = error instanceof Error ? error.message : String(error)
      if (!this.#away) this.#log.warn({ reason }, 'the store of limits is away: each instance counts for itself')
      this.#away = true
      return null
    }
  }
}

async function inTime<T>(answer: T | Promise<T>, withinMs: number): Promise<T> {
  if (!(answer instanceof Promise)) return answer
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${withinMs} ms`)), withinMs)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
