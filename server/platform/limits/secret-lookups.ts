/**
 * Bounds the database look-ups of session cookies and API keys that this instance has not seen yet: each may be random text, and
 * only the look-up shows whether the call counts against the network's budget. So a network may run few of them at a time, and those
 * that wait are refused once the budget is spent. From then on it may run some each second, because users may share the network: one
 * caller must not lock out all others.
 */
import type { FastifyInstance } from 'fastify'
import { AppError } from '../errors/app-error.ts'
import { networkOf } from './open-connections.ts'
import { MemoryWindows } from './windows.ts'

const atOnce = 20
const perSecondOverBudget = 5
const retryAfterS = 1

interface Lane {
  running: number
  readonly waiting: (() => void)[]
}

export class SecretLookups {
  readonly #budgets: FastifyInstance['callBudgets']
  readonly #lanes = new Map<string, Lane>()
  readonly #overBudget = new MemoryWindows(1000)

  constructor(budgets: FastifyInstance['callBudgets']) {
    this.#budgets = budgets
  }

  /** @throws AppError RATE_LIMITED, and then `look` has not run */
  async run<T>(ip: string, look: () => Promise<T>): Promise<T> {
    const network = networkOf(ip)
    const lane = this.#lanes.get(network) ?? { running: 0, waiting: [] }
    this.#lanes.set(network, lane)
    if (lane.running < atOnce) lane.running++
    // A look-up that ends passes its place on.
    else await new Promise<void>((resolve) => lane.waiting.push(resolve))
    try {
      const isRefused = this.#budgets.peekOver(null, ip) && this.#overBudget.add(network).points > perSecondOverBudget
      if (isRefused) throw new AppError('RATE_LIMITED', { retryAfterS })
      return await look()
    } finally {
      // After the call has been counted, which follows at once.
      setImmediate(() => this.#leave(network, lane))
    }
  }

  #leave(network: string, lane: Lane): void {
    const next = lane.waiting.shift()
    if (next) next()
    else if (--lane.running === 0) this.#lanes.delete(network)
  }
}
