/**
 * How often one may call: whoever is signed in by person, wherever they are; everybody else by network. Each call of a
 * procedure counts, however many come in one request.
 */
import { networkOf } from './open-connections.ts'
import type { Count } from './windows.ts'

export interface Budget {
  readonly limit: number
  readonly windows: { add(key: string): Count | Promise<Count> }
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
  async spend(personId: string | null, ip: string): Promise<Spent> {
    const { limit, windows } = personId === null ? this.#anonymous : this.#signedIn
    const { points, endsInMs } = await windows.add(
      personId === null ? `network ${networkOf(ip)}` : `person ${personId}`,
    )
    return {
      limit,
      remaining: Math.max(limit - points, 0),
      resetS: Math.max(Math.ceil(endsInMs / 1000), 1),
      isOver: points > limit,
    }
  }
}
