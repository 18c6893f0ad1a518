import type { Identity } from '../../../../shared/account.ts'

export const providerNames: Record<Identity['provider'], string> = {
  google: 'Google',
  password: 'Password',
  clerk: 'Clerk',
  'better-auth': 'Better Auth',
  legacy: 'The product before',
}
