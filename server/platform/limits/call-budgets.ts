/**
 * How often one may call: whoever is signed in by person, wherever they are; everybody else by network. Each call of a
 * procedure counts, however many come in one request.
 */
import { networkOf } from './open-connections.ts'
import { type Count, secondsLeft } from './windows.ts'

export interface Budget {
  readonly limit: number
  readonly windows: {
    add(key: string, points: number): Count | Promise<Count>
    /** As far as this process knows, without a query to the store. */
    peek(key: string): Count | null
  }
}

/** What is left of a budget after a call. */
export interface Spent {
  readonly limit: number
  readonly remaining: number
  /** Seconds to when the budget is whole again. */
  readonly resetS: number
  /** The call is one too many. */
  readonly isOver: boolean
}

export class CallBudgets {
  readonly #anonymous: Budget
  readonly #signedIn: Budget

  constructor(budgets: { anonymous: Budget; signedIn: Budget }) {
    this.#anonymous = budgets.anonymous
    this.#signedIn = budgets.signedIn
  }

  /** `personId` null for nobody, and for whoever presents what is not worth anything. */
  async spend(personId: string | null, ip: string, price = 1): Promise<Spent> {
    const { limit, windows, key } = this.#of(personId, ip)
    return spent(limit, await windows.add(key, price))
  }

  /** What `spend` would return for a call over the limit; null while calls are left. Counts nothing. */
  peekOver(personId: string | null, ip: string): Spent | null {
    const { limit, windows, key } = this.#of(personId, ip)
    const count = windows.peek(key)
    return count && count.points >= limit ? { ...spent(limit, count), isOver: true } : null
  }

  #of(personId: string | null, ip: string): Budget & { key: string } {
    return personId === null
      ? { ...this.#anonymous, key: `network ${networkOf(ip)}` }
      : { ...this.#signedIn, key: `person ${personId}` }
  }
}

function spent(limit: number, count: Count): Spent {
  const { points } = count
  return { limit, remaining: Math.max(limit - points, 0), resetS: secondsLeft(count), isOver: points > limit }
}
