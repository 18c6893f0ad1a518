/**
 * A bounded door in front of what takes few at once and lets the others wait without end, as PGlite does: one slow
 * query would hold up any other for as long as it runs.
 */
import { AppError } from '../errors/app-error.ts'

export class PoolGate {
  #free: number
  readonly #waitMs: number
  readonly #waiting = new Set<() => void>()

  /** `slots` tasks run at once; a further one waits at most `waitMs`, first come, first served. */
  constructor(slots: number, waitMs = 2000) {
    this.#free = slots
    this.#waitMs = waitMs
  }

  /** @throws AppError SERVER_BUSY when no slot became free in time; the task has not begun then. */
  async run<T>(task: () => PromiseLike<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await this.#turn()
    try {
      return await task()
    } finally {
      const [next] = this.#waiting
      if (next) next()
      else this.#free++
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        clearTimeout(timer)
        this.#waiting.delete(begin)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(begin)
        reject(new AppError('SERVER_BUSY'))
      }, this.#waitMs)
      this.#waiting.add(begin)
    })
  }
}
