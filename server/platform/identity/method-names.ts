/** Ways in as a person calls them. */
import type { identityProviders } from '../../../shared/account.ts'

export const methodNames = {
  google: 'Google',
  password: 'a password',
  clerk: 'Clerk',
  'better-auth': 'Better Auth',
  legacy: 'the id of the product before',
} as const satisfies Record<(typeof identityProviders)[number], string>
