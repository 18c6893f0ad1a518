/**
 * Limits how many sockets open, and how many subscriptions begin on them, at the same time; the event loop gets a turn before a place is
 * used again. Clients that were disconnected together reconnect together, and other requests must be served meanwhile.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { PoolGate, type WaitingLimits } from '../db/pool-gate.ts'

const waitMs = 10_000
/** About as many as can begin within `waitMs`; more would time out. */
export const mostWaiting = 5000

interface Limits {
  readonly poolMax: number
  readonly waiting?: WaitingLimits
  readonly waitMs?: number
}

export class Openings {
  readonly #gate: PoolGate

  /** Half of the database's connections are left to requests. */
  constructor(limits: Limits) {
    this.#gate = new PoolGate(Math.ceil(limits.poolMax / 2), limits.waitMs ?? waitMs, limits.waiting)
  }

  /**
   * Networks and users take turns. `by`: the network of an upgrade, or the user of a subscription.
   * @throws AppError SERVER_BUSY when too many wait, or its turn does not come within 10 s; the task has not begun then.
   */
  run<T>(by: { network: string } | { userId: string }, task: () => Promise<T>): Promise<T> {
    const share = 'network' in by ? `network ${by.network}` : `user ${by.userId}`
    return this.#gate.run(async () => {
      try {
        return await task()
      } finally {
        // Tasks served from a cache need no I/O: a thousand of them would run before anything else is served.
        await nextTurn()
      }
    }, share)
  }
}
