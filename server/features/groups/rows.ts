/**
 * The rows of a group: found for a member, locked for a change, and converted to the wire form. Locks are taken in this order: the name of the
 * user who joins, the row of the group, memberships and invitations. The row of the group is held to the commit by whatever changes the group
 * or its memberships, so their changes have one order.
 */
import { and, eq, gt, sql } from 'drizzle-orm'
import { type Group, groupLimits } from '../../../shared/groups.ts'
import type { Database } from '../../platform/db/database.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { canInvite, canKick } from './policy.ts'
import { type GroupRow, groupMemberships, groups, type MembershipRow } from './table.ts'

type Who = Pick<Actor, 'id'>

export interface Joined {
  group: GroupRow
  member: MembershipRow
}

/** @throws AppError NOT_FOUND, also for a user who is no active member and for a deleted group */
export async function findGroup(db: Database, actor: Who, groupId: string): Promise<Joined> {
  const [row] = await db
    .select({ group: groups, member: groupMemberships })
    .from(groups)
    .innerJoin(groupMemberships, and(eq(groupMemberships.groupId, groups.id), eq(groupMemberships.userId, actor.id)))
    .where(and(eq(groups.id, groupId), groups.isActive, eq(groupMemberships.status, 'active')))
  if (!row) throw new AppError('NOT_FOUND')
  return row
}

/** Undefined for a group that does not exist. */
export async function lockGroup(tx: Database, groupId: string): Promise<GroupRow | undefined> {
  const [group] = await tx.select().from(groups).where(eq(groups.id, groupId)).for('update')
  return group
}

export async function findMembership(
  db: Database,
  groupId: string,
  userId: string,
): Promise<MembershipRow | undefined> {
  const isThis = and(eq(groupMemberships.groupId, groupId), eq(groupMemberships.userId, userId))
  const [row] = await db.select().from(groupMemberships).where(isThis)
  return row
}

/**
 * Locks the group and lets `change` decide. The membership is read after the lock, so it is the newest one.
 * @throws AppError NOT_FOUND, as `findGroup`
 */
export async function changeGroup<Result>(
  db: Database,
  actor: Who,
  groupId: string,
  change: (tx: Database, joined: Joined) => Promise<Result>,
): Promise<Result> {
  return withTransaction(db, async (tx) => {
    const group = await lockGroup(tx, groupId)
    const member = group?.isActive && (await findMembership(tx, groupId, actor.id))
    if (!group || !member || member.status !== 'active') throw new AppError('NOT_FOUND')
    return change(tx, { group, member })
  })
}

/** The one place that changes `member_count`. The group is locked, and `before` was read after that. */
export async function storeMembership(
  tx: Database,
  { groupId, userId }: Pick<MembershipRow, 'groupId' | 'userId'>,
  before: MembershipRow | undefined,
  change: Pick<MembershipRow, 'permissions'> & Partial<MembershipRow>,
): Promise<MembershipRow> {
  const [row] = await tx
    .insert(groupMemberships)
    .values({ ...change, groupId, userId })
    .onConflictDoUpdate({ target: [groupMemberships.groupId, groupMemberships.userId], set: change })
    .returning()
  if (!row) throw new Error('upsert returned no row')
  await countMember(tx, groupId, Number(row.status === 'active') - Number(before?.status === 'active'))
  return row
}

/** Deletes the row of a user whose memberships become another user's. As `storeMembership`. */
export async function deleteMembership(tx: Database, { groupId, userId, status }: MembershipRow): Promise<void> {
  const isThis = and(eq(groupMemberships.groupId, groupId), eq(groupMemberships.userId, userId))
  await tx.delete(groupMemberships).where(isThis)
  await countMember(tx, groupId, -Number(status === 'active'))
}

async function countMember(tx: Database, groupId: string, more: number): Promise<void> {
  if (more === 0) return
  await tx
    .update(groups)
    .set({ memberCount: sql`${groups.memberCount} + ${more}::int` })
    .where(eq(groups.id, groupId))
}

/** An admin may restore the group. */
export const isRestorable = gt(groups.deletedAt, sql`now() - make_interval(days => ${groupLimits.restoreDays}::int)`)

export const toPermissions = (member: MembershipRow, group: GroupRow) => ({
  canInvite: canInvite(member, group),
  canKick: canKick(member),
})

export function toGroup({ group, member }: Joined): Group {
  const permissions = toPermissions(member, group)
  return {
    id: group.id,
    name: group.name,
    description: group.description,
    accessCode: permissions.canInvite && group.isActive ? group.accessCode : null,
    isPrivate: group.isPrivate,
    maxMembers: group.maxMembers,
    allowMemberInvite: group.allowMemberInvite,
    checkInFrequency: group.checkInFrequency,
    timezone: group.timezone,
    memberCount: group.memberCount,
    totalCheckIns: group.totalCheckIns,
    averageParticipationRate: group.averageParticipationRate,
    role: member.role,
    permissions,
    createdAt: group.createdAt.toISOString(),
    deletedAt: group.deletedAt?.toISOString() ?? null,
  }
}
