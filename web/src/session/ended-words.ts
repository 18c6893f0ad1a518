import type { SessionEndReason } from '../../../shared/account.ts'

export const endedWords: Record<SessionEndReason | 'unknown', string> = {
  'signed-out': 'You signed out.',
  revoked: 'You were signed out from another device.',
  replaced: 'You signed in again in this browser.',
  expired: 'Your session has expired.',
  'account-changed': 'The way to sign in to this account changed, so it was signed out everywhere.',
  unknown: 'Your session has ended.',
}
