import type { SessionEndReason } from '../../../shared/account.ts'

export type EndReason = SessionEndReason | 'unknown'

export const endedWords: Record<EndReason, string> = {
  'signed-out': 'You signed out.',
  revoked: 'You were signed out from another device.',
  replaced: 'You signed in again in this browser.',
  expired: 'Your session has expired.',
  'account-changed': 'This account was changed, so it was signed out everywhere.',
  stolen: 'This sign-in was used from somewhere else too, so it was ended for safety.',
  unknown: 'Your session has ended.',
}

/** Whether the reader is still the same user, so that loaded data stays readable. After any other end it may be another user. */
export const isReadableAfter = (reason: EndReason): reason is 'expired' | 'replaced' | 'unknown' =>
  reason === 'expired' || reason === 'replaced' || reason === 'unknown'
