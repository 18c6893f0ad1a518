import type { SessionEndReason } from '../../../shared/account.ts'

export const endedWords: Record<SessionEndReason | 'unknown', string> = {
  'signed-out': 'You signed out.',
  revoked: 'You were signed out from another device.',
  replaced: 'You signed in again in this browser.',
  expired: 'Your session has expired.',
  'account-changed': 'This account was changed, so it was signed out everywhere.',
  stolen: 'This sign-in was used from somewhere else too, so it was ended for safety.',
  unknown: 'Your session has ended.',
}
