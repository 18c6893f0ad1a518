/**
 * Sockets that open and subscriptions that begin on them, a few at a time, and a turn of the event loop between any two that take the
 * same place. Clients that were disconnected together come back together, and requests of others are served meanwhile.
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
        // What is cached needs no I/O: a thousand would follow one another before anything else is served.
        await nextTurn()
      }
    })
  }
}
