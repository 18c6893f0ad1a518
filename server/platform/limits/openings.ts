/**
 * Limits how many sockets open, and how many subscriptions begin on them, at the same time; the event loop gets a turn before a place is
 * used again. Clients that were disconnected together reconnect together, and other requests must be served meanwhile.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { PoolGate } from '../db/pool-gate.ts'

const waitMs = 10_000

export class Openings {
  readonly #gate: PoolGate

  /** Half of the database's connections are left to requests. */
  constructor(poolMax: number, wait = waitMs) {
    this.#gate = new PoolGate(Math.ceil(poolMax / 2), wait)
  }

  /** @throws AppError SERVER_BUSY when its turn does not come within 10 s; the task has not begun then. */
  run<T>(task: () => Promise<T>): Promise<T> {
    return this.#gate.run(async () => {
      try {
        return await task()
      } finally {
        // Tasks served from a cache need no I/O: a thousand of them would run before anything else is served.
        await nextTurn()
      }
    })
  }
}
