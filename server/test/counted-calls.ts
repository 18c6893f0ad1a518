/** What calls are counted as, and calls that find their budget spent, whoever pays for them. */
import { vi } from 'vitest'
import type { Spent } from '../platform/limits/call-budgets.ts'
import type { TestApp } from './app.ts'

type Call = Spent & { payer: string | null }

export class CountedCalls {
  #calls: Call[] = []
  #isOver = false

  constructor({ inside: { callBudgets } }: TestApp) {
    const spend = callBudgets.spend.bind(callBudgets)
    vi.spyOn(callBudgets, 'spend').mockImplementation(async (payer, ip) => {
      while (this.#isOver && (await spend(payer, ip)).remaining > 0);
      const spent = await spend(payer, ip)
      this.#calls.push({ payer, ...spent })
      return spent
    })
  }

  /** Those during `work`. `isOver`: none of them has anything left to spend. */
  async during<T>(work: () => Promise<T>, isOver = false): Promise<{ result: T; calls: Call[] }> {
    this.#calls = []
    this.#isOver = isOver
    try {
      return { result: await work(), calls: this.#calls }
    } finally {
      this.#isOver = false
    }
  }
}
