/** Groups: made, listed, read, changed, deleted and restored. To a user who is no member a group is the same as none. */
import { and, desc, eq, lt, lte, type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import {
  type CreateGroup,
  type Group,
  type GroupSnapshot,
  groupLimits,
  type UpdateGroup,
} from '../../../shared/groups.ts'
import { Id } from '../../../shared/id.ts'
import type { ListRequest } from '../../../shared/pages.ts'
import { noteChange } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { offsetOf, placeOf, toList } from '../../platform/db/page.ts'
import { withSnapshot, withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { users } from '../../platform/identity/table.ts'
import { withdrawAllInvitations } from '../../platform/invitations/invitations.ts'
import { readCursor } from '../../platform/live/channel-store.ts'
import { openChannel } from '../../platform/live/publish.ts'
import { groupChannel, publishChange } from './channel.ts'
import { invitedInto } from './invitations.ts'
import { newAccessCode, refuseListFull } from './joining.ts'
import { defaultPermissions, isAdmin } from './policy.ts'
import {
  changeGroup,
  findGroup,
  findMembership,
  isRestorable,
  type Joined,
  lockGroup,
  storeMembership,
  toGroup,
} from './rows.ts'
import { type GroupRow, groupInvitations, groupMemberships, groups } from './table.ts'

export { stillMembers } from './channel.ts'
export {
  acceptGroupInvitation,
  declineGroupInvitation,
  invitedName,
  inviteToGroup,
  listGroupInvitations,
  mailedGroupInvitations,
  requireInviter,
} from './invitations.ts'
export { joinGroup } from './joining.ts'
export { banMember, leaveGroup, listMembers, removeMember, unbanMember, updateMember } from './members.ts'
export { findGroup } from './rows.ts'
export { handOverGroups } from './succession.ts'
export { groupChannel }

/** The caller is its admin, and gives it their own time zone unless another is chosen. @throws AppError GROUP_LIST_FULL */
export async function createGroup(db: Database, actor: Actor, input: CreateGroup): Promise<Group> {
  return withTransaction(db, async (tx) => {
    await refuseListFull(tx, actor.id)
    const [creator] = await tx.select({ timezone: users.timezone }).from(users).where(eq(users.id, actor.id))
    const values = { ...creator, ...input, accessCode: newAccessCode(), createdBy: actor.id }
    const [group] = await tx.insert(groups).values(values).returning()
    if (!group) throw new Error('insert returned no row')
    const admin = { role: 'admin', permissions: defaultPermissions('admin') } as const
    const member = await storeMembership(tx, { groupId: group.id, userId: actor.id }, undefined, admin)
    await openChannel(tx, groupChannel(group.id))
    return toGroup({ group: { ...group, memberCount: 1 }, member })
  })
}

/** Those of the caller, the newest first; deleted ones until they cannot be restored any more. */
export async function listGroups(db: Database, actor: Actor, page: ListRequest) {
  const mine = and(eq(groupMemberships.userId, actor.id), eq(groupMemberships.status, 'active'))
  const place = placeOf(page, Place)
  const member = db
    .select()
    .from(groupMemberships)
    .where(and(mine, place ? lt(groupMemberships.groupId, place[0]) : undefined))
    .orderBy(desc(groupMemberships.groupId))
    .offset(offsetOf(page))
    .limit(page.limit + 1)
    .as('member')
  // The page first: of what it joins no more rows are read than it has.
  const rows = await db
    .select()
    .from(member)
    .innerJoin(groups, eq(groups.id, member.groupId))
    .orderBy(desc(member.groupId))
  return toList(rows, page, {
    total: await db.$count(groupMemberships, mine),
    placeOf: (row) => [row.groups.id],
    toItem: (row) => toGroup({ group: row.groups, member: row.member }),
  })
}

const Place = z.tuple([Id])

/** With the cursor from which to follow its changes. @throws AppError NOT_FOUND */
export async function getGroup(db: Database, actor: Actor, groupId: string): Promise<GroupSnapshot> {
  return withSnapshot(db, async (tx) => ({
    ...toGroup(await findGroup(tx, actor, groupId)),
    cursor: await readCursor(tx, groupChannel(groupId)),
  }))
}

/** For an admin. @throws AppError NOT_FOUND, GROUP_PERMISSION_MISSING; GROUP_FULL where there are more members than the new limit */
export async function updateGroup(db: Database, actor: Actor, { groupId, ...change }: UpdateGroup): Promise<Group> {
  return changeAsAdmin(db, actor, groupId, async (tx, { group, member }) => {
    if (change.maxMembers !== undefined && change.maxMembers < group.memberCount) throw new AppError('GROUP_FULL')
    return toGroup({ group: await storeSettings(tx, actor, group, change), member })
  })
}

/** For an admin: the code that was valid before admits no user any more. */
export async function rotateAccessCode(db: Database, actor: Actor, groupId: string): Promise<Group> {
  return changeAsAdmin(db, actor, groupId, async (tx, { group, member }) =>
    toGroup({ group: await storeSettings(tx, actor, group, { accessCode: newAccessCode() }), member }),
  )
}

/** For an admin. Members lose access at once; an admin may restore the group for some days. */
export async function deleteGroup(db: Database, actor: Actor, groupId: string): Promise<void> {
  await changeAsAdmin(db, actor, groupId, async (tx) => {
    const [deleted] = await tx
      .update(groups)
      .set({ isActive: false, deletedAt: sql`now()` })
      .where(eq(groups.id, groupId))
      .returning()
    noteChange(tx, { deletedAt: null as Date | null }, { deletedAt: deleted?.deletedAt ?? null })
    await withdrawAllInvitations(tx, invitedInto(groupId))
    await tx.delete(groupInvitations).where(eq(groupInvitations.groupId, groupId))
    await publishChange(tx, groupId, { actorId: actor.id, change: 'deleted' })
  })
}

/** For an admin. A group that is not deleted stays as it is. @throws AppError NOT_FOUND, GROUP_PERMISSION_MISSING */
export async function restoreGroup(db: Database, actor: Actor, groupId: string): Promise<Group> {
  return withTransaction(db, async (tx) => {
    const group = await lockGroup(tx, groupId)
    const member = group && (await findMembership(tx, groupId, actor.id))
    if (!group || member?.status !== 'active') throw new AppError('NOT_FOUND')
    if (!isAdmin(member)) throw new AppError(group.isActive ? 'GROUP_PERMISSION_MISSING' : 'NOT_FOUND')
    if (group.isActive) return toGroup({ group, member })
    const [restored] = await tx
      .update(groups)
      .set({ isActive: true, deletedAt: null })
      .where(and(eq(groups.id, groupId), isRestorable))
      .returning()
    if (!restored) throw new AppError('NOT_FOUND')
    noteChange(tx, group, { deletedAt: null })
    await publishChange(tx, groupId, { actorId: actor.id, change: 'restored' })
    return toGroup({ group: restored, member })
  })
}

/** Those that cannot be restored any more. Returns how many were deleted. */
export async function purgeGroups(db: Database, limit: number): Promise<number> {
  const isOver = lte(groups.deletedAt, sql`now() - make_interval(days => ${groupLimits.restoreDays}::int)`)
  const old = db.select({ id: groups.id }).from(groups).where(isOver).limit(limit)
  const deleted = await db.delete(groups).where(sql`${groups.id} in ${old}`).returning({ id: groups.id })
  return deleted.length
}

/**
 * A subquery of the ids of friends: users who are, with `userId`, active members of a group that is not deleted. `userId` may be among them. It reads
 * the rows of `perUser` groups and their members at most; without the fences (`materialized`, `offset`) Postgres reads all groups where they are few.
 */
export const friendsOf = (userId: string): SQL =>
  sql`(with mine as materialized (
      select group_id from group_memberships where user_id = ${userId}::uuid and status = 'active'
    )
    select other.user_id from mine
    join lateral (select is_active from groups where id = mine.group_id offset 0) shared on shared.is_active
    join lateral (
      select user_id from group_memberships where group_id = mine.group_id and status = 'active' offset 0
    ) other on true)`

/** @throws AppError GROUP_PERMISSION_MISSING */
async function changeAsAdmin<Result>(
  db: Database,
  actor: Actor,
  groupId: string,
  change: (tx: Database, joined: Joined) => Promise<Result>,
): Promise<Result> {
  return changeGroup(db, actor, groupId, (tx, joined) => {
    if (!isAdmin(joined.member)) throw new AppError('GROUP_PERMISSION_MISSING')
    return change(tx, joined)
  })
}

async function storeSettings(
  tx: Database,
  actor: Actor,
  group: GroupRow,
  change: Partial<GroupRow>,
): Promise<GroupRow> {
  if (Object.keys(change).length === 0) return group
  const [updated] = await tx.update(groups).set(change).where(eq(groups.id, group.id)).returning()
  noteChange(tx, group, change)
  await publishChange(tx, group.id, { actorId: actor.id, change: 'settings-changed' })
  return updated as GroupRow
}
