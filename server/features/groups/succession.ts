/** A group always has an admin while it has members. */
import { and, asc, desc, eq, inArray, or, sql } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import { users } from '../../platform/identity/table.ts'
import { publishChange } from './channel.ts'
import { defaultPermissions, highestRole } from './policy.ts'
import { deleteMembership, findMembership, lockGroup, storeMembership } from './rows.ts'
import { groupInvitations, groupMemberships, groups } from './table.ts'

/**
 * After a departure, with the group locked. Without an admin the eldest moderator becomes one, else the eldest member; a disabled user only when
 * there is no other. A group without members is deleted.
 */
export async function ensureAdmin(tx: Database, groupId: string, actorId: string): Promise<void> {
  const isMember = and(eq(groupMemberships.groupId, groupId), eq(groupMemberships.status, 'active'))
  const [first] = await tx
    .select({ member: groupMemberships })
    .from(groupMemberships)
    .innerJoin(users, eq(users.id, groupMemberships.userId))
    .where(isMember)
    .orderBy(
      desc(eq(groupMemberships.role, 'admin')),
      desc(users.isActive),
      desc(eq(groupMemberships.role, 'moderator')),
      asc(groupMemberships.joinedAt),
      asc(groupMemberships.userId),
    )
    .limit(1)
  if (!first) {
    await tx.update(groups).set({ isActive: false, deletedAt: sql`now()` }).where(eq(groups.id, groupId))
    await tx.delete(groupInvitations).where(eq(groupInvitations.groupId, groupId))
    return
  }
  if (first.member.role === 'admin') return
  const { userId } = first.member
  await storeMembership(tx, first.member, first.member, { role: 'admin', permissions: defaultPermissions('admin') })
  await publishChange(tx, groupId, { actorId, change: 'member-changed', userId })
}

/**
 * In a transaction: the memberships of one user become another's. In a group that both are in, the higher role stays, and a ban of either
 * holds, or a banned user could return by claiming another account.
 */
export async function handOverGroups(tx: Database, fromId: string, toId: string): Promise<void> {
  const rows = await tx
    .select({ groupId: groupMemberships.groupId })
    .from(groupMemberships)
    .where(eq(groupMemberships.userId, fromId))
    .orderBy(asc(groupMemberships.groupId))
  for (const { groupId } of rows) {
    const group = await lockGroup(tx, groupId)
    const from = await findMembership(tx, groupId, fromId)
    if (!group || !from) continue
    const to = await findMembership(tx, groupId, toId)
    await deleteMembership(tx, from)
    const statuses = [from.status, to?.status]
    const status = (['banned', 'active'] as const).find((one) => statuses.includes(one)) ?? 'inactive'
    const higher = to && highestRole(from.role, to.role) === to.role ? to : from
    const role = status === 'active' ? higher.role : 'member'
    const permissions = status === 'active' ? higher.permissions : defaultPermissions('member')
    const joinedAt = to && to.joinedAt < from.joinedAt ? to.joinedAt : from.joinedAt
    await storeMembership(tx, { groupId, userId: toId }, to, { status, role, permissions, joinedAt })
    if (group.isActive) {
      await ensureAdmin(tx, groupId, toId)
      await publishChange(tx, groupId, { actorId: toId, change: 'member-left', userId: fromId })
      if (status === 'active')
        await publishChange(tx, groupId, { actorId: toId, change: 'member-joined', userId: toId })
    }
  }
  await tx.update(groups).set({ createdBy: toId }).where(eq(groups.createdBy, fromId))
  await tx.execute(sql`insert into group_invitations (id, group_id, user_id, inviter_id, created_at, expires_at)
    select gen_random_uuid(), group_id, ${toId}::uuid, inviter_id, created_at, expires_at from group_invitations
    where user_id = ${fromId} on conflict do nothing`)
  await tx.delete(groupInvitations).where(eq(groupInvitations.userId, fromId))
  await tx.update(groupInvitations).set({ inviterId: toId }).where(eq(groupInvitations.inviterId, fromId))
  const isIn = tx
    .select({ groupId: groupMemberships.groupId })
    .from(groupMemberships)
    .where(
      and(
        eq(groupMemberships.userId, toId),
        or(eq(groupMemberships.status, 'active'), eq(groupMemberships.status, 'banned')),
      ),
    )
  await tx
    .delete(groupInvitations)
    .where(and(eq(groupInvitations.userId, toId), inArray(groupInvitations.groupId, isIn)))
}
