/** Bounds how often access codes are tried: by user, and by network, because one network can hold many accounts. */
import { groupLimits } from '../../../shared/groups.ts'
import { networkOf } from './open-connections.ts'
import type { SharedWindows } from './windows.ts'

export class JoinBudget {
  readonly #windows: SharedWindows
  readonly #perNetwork: number

  constructor(windows: SharedWindows, { anonymous }: { readonly anonymous: number }) {
    this.#windows = windows
    this.#perNetwork = anonymous
  }

  /**
   * Counts every attempt, also one that succeeds. Not in a transaction: counts are stored through a connection of their own.
   * @throws AppError TOO_MANY_JOINS
   */
  async count(ip: string, userId: string): Promise<void> {
    await this.#windows.spend(`join user ${userId}`, groupLimits.joinAttempts, 'TOO_MANY_JOINS')
    await this.#windows.spend(`join network ${networkOf(ip)}`, this.#perNetwork, 'TOO_MANY_JOINS')
  }
}
