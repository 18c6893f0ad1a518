/** Bounds how often access codes are tried: by user, and by network, because one network can hold many accounts. */
import { groupLimits } from '../../../shared/groups.ts'
import { AppError } from '../errors/app-error.ts'
import { networkOf } from './open-connections.ts'
import { type SharedWindows, secondsLeft } from './windows.ts'

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
    await this.#spend(`join user ${userId}`, groupLimits.joinAttempts)
    await this.#spend(`join network ${networkOf(ip)}`, this.#perNetwork)
  }

  async #spend(key: string, limit: number): Promise<void> {
    const added = await this.#windows.add(key)
    if (added.points > limit) throw new AppError('TOO_MANY_JOINS', { retryAfterS: secondsLeft(added) })
  }
}
