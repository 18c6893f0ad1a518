import { IconApi, IconDevices, IconKey, IconUserCircle } from '@tabler/icons-react'
import type { Product } from '../products/product.ts'

export const accountProduct: Product = {
  name: 'Account',
  menu: [
    { name: 'Account', icon: IconUserCircle, path: '/account' },
    { name: 'Devices', icon: IconDevices, path: '/account/devices' },
  ],
  commands: [
    {
      name: 'Account: profile',
      group: 'Go to',
      icon: IconUserCircle,
      alias: 'display name picture time zone privacy',
      path: '/account',
      access: 'signed-in',
    },
    {
      name: 'Account: devices',
      group: 'Go to',
      icon: IconDevices,
      alias: 'sessions',
      path: '/account/devices',
      access: 'signed-in',
    },
    {
      name: 'Account: sign-in methods',
      group: 'Go to',
      icon: IconKey,
      alias: 'identities google unlink password',
      path: '/account/sign-in-methods',
      access: 'signed-in',
    },
    {
      name: 'Account: API keys',
      group: 'Go to',
      icon: IconApi,
      alias: 'tokens programs secrets',
      path: '/account/api-keys',
      access: 'signed-in',
    },
  ],
  auditWords: {
    'account.updateProfile': 'changed their profile',
    'account.chooseUsername': 'chose a username',
    'account.changePassword': 'changed their password',
    'account.confirmPassword': 'confirmed their password',
    'account.sessions.revoke': 'ended one of their sessions',
    'account.sessions.revokeOthers': 'signed out everywhere else',
    'account.identities.add': 'added a sign-in method',
    'account.identities.unlink': 'unlinked a sign-in method',
    'account.identities.claimLegacyId': 'claimed their earlier id',
    'apiKeys.create': 'made an API key',
    'apiKeys.revoke': 'revoked one of their API keys',
  },
}
