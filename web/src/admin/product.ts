import { IconApi, IconHistory, IconUsers } from '@tabler/icons-react'
import type { Product } from '../products/product.ts'

export const adminProduct: Product = {
  name: 'Administration',
  menu: [
    { name: 'People', icon: IconUsers, path: '/admin/people', access: 'person:manage' },
    { name: 'Audit log', icon: IconHistory, path: '/admin/audit', access: 'audit-log:read' },
  ],
  commands: [
    {
      name: 'People',
      group: 'Go to',
      icon: IconUsers,
      alias: 'admin users roles disable',
      path: '/admin/people',
      access: 'person:manage',
    },
    {
      name: 'API keys of all users',
      group: 'Go to',
      icon: IconApi,
      alias: 'admin tokens programs revoke everybody',
      path: '/admin/api-keys',
      access: 'person:manage',
    },
    {
      name: 'Audit log',
      group: 'Go to',
      icon: IconHistory,
      alias: 'admin records history changes',
      path: '/admin/audit',
      access: 'audit-log:read',
    },
  ],
  auditWords: {
    'people.changeRole': 'changed a role',
    'people.disable': 'disabled a user',
    'people.enable': 'enabled a user',
    'people.endSessions': 'signed a user out everywhere',
    'people.sessions.revoke': 'ended a session of a user',
    'people.seed': 'gave a demo user a password',
    'apiKeys.createFor': 'made an API key for a user',
    'apiKeys.revokeAny': 'revoked an API key of a user',
    'auditLog.retention': 'deleted old records of this log',
    'channels.follow': 'followed a live channel',
    'database.export': 'exported the database',
    'database.import': 'imported the database',
  },
}
