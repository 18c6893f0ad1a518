/** Bounds how many invitations are sent: by user, by address, and by network, because one network can hold many accounts. */
import { invitationLimits } from '../../../shared/invitations.ts'
import { mailboxOf } from '../mail/mailbox.ts'
import { networkOf } from './open-connections.ts'
import type { SharedWindows } from './windows.ts'

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
    const mailbox = mailboxOf(address)
    await this.#windows.spend(`invitation user ${inviterId}`, invitations, 'TOO_MANY_INVITATIONS')
    await this.#windows.spend(`invitation network ${networkOf(ip)}`, anonymous, 'TOO_MANY_INVITATIONS')
    // An inviter spends no more of an address's budget than they may have mailed, so that others can invite it too.
    const { points } = await this.#windows.add(`invitation user ${inviterId} address ${mailbox}`)
    if (points <= invitationLimits.mailsPerInviter)
      await this.#windows.spend(`invitation address ${mailbox}`, signIn, 'TOO_MANY_INVITATIONS')
  }
}
