/** What a member may do. An admin may do everything; other members have permissions of their own. */
import type { GroupRole } from '../../../shared/groups.ts'
import type { GroupRow, MembershipRow, Permissions } from './table.ts'

type Member = Pick<MembershipRow, 'role' | 'permissions'>

const rank: Record<GroupRole, number> = { member: 0, moderator: 1, admin: 2 }

export const isAdmin = ({ role }: Pick<MembershipRow, 'role'>) => role === 'admin'
export const canInvite = (member: Member, group: Pick<GroupRow, 'allowMemberInvite'>) =>
  isAdmin(member) || group.allowMemberInvite || member.permissions.can_invite
export const canKick = (member: Member) => isAdmin(member) || member.permissions.can_kick
/** Members of a lower role; a member with the permission also other members. Two admins cannot remove each other. */
export const canRemove = (member: Member, other: Pick<MembershipRow, 'role'>) =>
  canKick(member) && (rank[other.role] < rank[member.role] || (other.role === 'member' && member.role === 'member'))

export const defaultPermissions = (role: GroupRole): Permissions => ({
  can_invite: role !== 'member',
  can_kick: role !== 'member',
})
export const highestRole = (one: GroupRole, two: GroupRole) => (rank[one] >= rank[two] ? one : two)
