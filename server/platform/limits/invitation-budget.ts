/** Bounds how many invitations are sent: by user, by address, and by network, because one network can hold many accounts. */
import { AppError } from '../errors/app-error.ts'
import { networkOf } from './open-connections.ts'
import { type SharedWindows, secondsLeft } from './windows.ts'

export interface InvitationLimits {
  readonly invitations: number
  /** Of one address, as for other mails that a caller can request for it. */
  readonly signIn: number
  /** Of one network. */
  readonly anonymous: number
}

export class InvitationBudget {
  readonly #windows: SharedWindows
  readonly #limits: InvitationLimits

  constructor(windows: SharedWindows, limits: InvitationLimits) {
    this.#windows = windows
    this.#limits = limits
  }

  /**
   * Counts every invitation, also one that fails. The user's budget comes first, so that a user over the limit does not spend that of the
   * address. Not in a transaction: counts are stored through a connection of their own. @throws AppError TOO_MANY_INVITATIONS
   */
  async count(ip: string, inviterId: string, address: string): Promise<void> {
    const { invitations, anonymous, signIn } = this.#limits
    const limits: [key: string, limit: number][] = [
      [`invitation user ${inviterId}`, invitations],
      [`invitation network ${networkOf(ip)}`, anonymous],
      [`invitation address ${address}`, signIn],
    ]
    for (const [key, limit] of limits) {
      const added = await this.#windows.add(key)
      if (added.points > limit) throw new AppError('TOO_MANY_INVITATIONS', { retryAfterS: secondsLeft(added) })
    }
  }
}
