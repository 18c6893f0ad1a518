/**
 * A bounded queue in front of a resource that runs few tasks at once and lets the others wait without limit, such as PGlite, where
 * one slow query would delay every other for as long as it runs.
 */
import { AppError } from '../errors/app-error.ts'

/** How many tasks may wait; one more is refused at once. */
export interface WaitingLimits {
  readonly perShare: number
  readonly total: number
}

const unlimited: WaitingLimits = { perShare: Number.POSITIVE_INFINITY, total: Number.POSITIVE_INFINITY }

export class PoolGate {
  #free: number
  readonly #waitMs: number
  readonly #limits: WaitingLimits
  /** By share. The share at the front has the next turn, and then moves to the back. */
  readonly #waiting = new Map<string, Set<() => void>>()
  #waiters = 0

  /** `slots` tasks run at once; a further one waits at most `waitMs`. */
  constructor(slots: number, waitMs = 2000, limits = unlimited) {
    this.#free = slots
    this.#waitMs = waitMs
    this.#limits = limits
  }

  /**
   * Tasks of one share run first come, first served; shares take turns, so that one with many tasks does not delay the others.
   * @throws AppError SERVER_BUSY when too many tasks wait, or no slot became free in time; the task has not begun then.
   */
  async run<T>(task: () => PromiseLike<T>, share = ''): Promise<T> {
    if (this.#free > 0) this.#free--
    else await this.#turn(share)
    try {
      return await task()
    } finally {
      this.#passOn()
    }
  }

  #passOn(): void {
    const [next] = this.#waiting
    if (!next) return void this.#free++
    const [share, waiters] = next
    this.#waiting.delete(share)
    this.#waiting.set(share, waiters)
    const [begin] = waiters
    begin?.()
  }

  #turn(share: string): Promise<void> {
    const waiters = this.#waiting.get(share) ?? new Set()
    const { perShare, total } = this.#limits
    if (waiters.size >= perShare || this.#waiters >= total) throw new AppError('SERVER_BUSY')
    this.#waiting.set(share, waiters)
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        this.#waiters--
        waiters.delete(begin)
        if (waiters.size === 0) this.#waiting.delete(share)
      }
      const begin = () => {
        leave()
        resolve()
      }
      const timer = setTimeout(() => {
        leave()
        reject(new AppError('SERVER_BUSY'))
      }, this.#waitMs)
      waiters.add(begin)
      this.#waiters++
    })
  }
}
