import type { Product } from '../products/product.ts'

/** Groups are used through the API; their changes are in the audit log. */
export const groupsProduct: Product = {
  name: 'Groups',
  auditWords: {
    'groups.create': 'created a group',
    'groups.update': 'changed the settings of a group',
    'groups.delete': 'deleted a group',
    'groups.restore': 'restored a group',
    'groups.rotateAccessCode': 'replaced the access code of a group',
    'groups.join': 'joined a group',
    'groups.leave': 'left a group',
    'groups.updateMember': 'changed the role or the permissions of a member',
    'groups.removeMember': 'removed a member of a group',
    'groups.ban': 'banned a user from a group',
    'groups.unban': 'lifted the ban of a user from a group',
    'groups.invite': 'invited a user or an address to a group',
    'groups.acceptInvitation': 'accepted an invitation to a group',
    'groups.declineInvitation': 'declined an invitation to a group',
  },
}
