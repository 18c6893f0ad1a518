/** The members of a group: listed, changed, removed, banned. Whatever changes one holds the row of the group. */
import { and, asc, eq, type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { GroupMember, ListMembers, UpdateMember } from '../../../shared/groups.ts'
import { Id } from '../../../shared/id.ts'
import { noteChange } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { offsetOf, placeOf, toList } from '../../platform/db/page.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { type User, users } from '../../platform/identity/table.ts'
import { publishChange } from './channel.ts'
import { withdrawInvitationsBy } from './invitations.ts'
import { canKick, canRemove, defaultPermissions, isAdmin } from './policy.ts'
import { changeGroup, findGroup, findMembership, storeMembership, toPermissions } from './rows.ts'
import { ensureAdmin } from './succession.ts'
import { type GroupRow, groupInvitations, groupMemberships, type MembershipRow } from './table.ts'

export type Named = { groupId: string; userId: string }

/** In the order in which they joined. @throws AppError NOT_FOUND; GROUP_PERMISSION_MISSING for those who are not active */
export async function listMembers(db: Database, actor: Actor, { groupId, status, ...page }: ListMembers) {
  const { group, member } = await findGroup(db, actor, groupId)
  if (status !== 'active' && !canKick(member)) throw new AppError('GROUP_PERMISSION_MISSING')
  const isListed = and(eq(groupMemberships.groupId, groupId), eq(groupMemberships.status, status))
  const listed = db
    .select()
    .from(groupMemberships)
    .where(and(isListed, isAfter(placeOf(page, Place))))
    .orderBy(asc(groupMemberships.joinedAt), asc(groupMemberships.userId))
    .offset(offsetOf(page))
    .limit(page.limit + 1)
    .as('listed')
  // The page first: of what it joins no more rows are read than it has.
  const rows = await db
    .select()
    .from(listed)
    .innerJoin(users, eq(users.id, listed.userId))
    .orderBy(asc(listed.joinedAt), asc(listed.userId))
  return toList(rows, page, {
    total: await db.$count(groupMemberships, isListed),
    placeOf: (row) => [row.listed.joinedAt.toISOString(), row.listed.userId],
    toItem: (row) => toMember(row.listed, row.users, group),
  })
}

const Place = z.tuple([z.iso.datetime(), Id])
const isAfter = (place: z.infer<typeof Place> | null): SQL | undefined =>
  place
    ? sql`(${groupMemberships.joinedAt}, ${groupMemberships.userId}) > (${place[0]}::timestamptz, ${place[1]}::uuid)`
    : undefined

/** A member is an admin, a moderator or neither, and has the permissions that the role has unless they are given. @throws AppError LAST_GROUP_ADMIN */
export async function updateMember(
  db: Database,
  actor: Actor,
  { groupId, userId, role, canInvite, canKick: mayKick }: UpdateMember,
): Promise<GroupMember> {
  return changeGroup(db, actor, groupId, async (tx, { group, member }) => {
    if (!isAdmin(member)) throw new AppError('GROUP_PERMISSION_MISSING')
    const before = await findActive(tx, groupId, userId)
    const next = role ?? before.role
    if (before.role === 'admin' && next !== 'admin' && (await countAdmins(tx, groupId)) === 1)
      throw new AppError('LAST_GROUP_ADMIN')
    const base = next === before.role ? before.permissions : defaultPermissions(next)
    const permissions = { can_invite: canInvite ?? base.can_invite, can_kick: mayKick ?? base.can_kick }
    const after = await storeMembership(tx, before, before, { role: next, permissions })
    noteChange(tx, before, { role: next, permissions })
    await publishChange(tx, groupId, { actorId: actor.id, change: 'member-changed', userId })
    const [user] = await tx.select().from(users).where(eq(users.id, userId))
    return toMember(after, user as User, group)
  })
}

/** In any role, because the caller gives up access and gains none. */
export async function leaveGroup(db: Database, actor: Actor, groupId: string): Promise<void> {
  await changeGroup(db, actor, groupId, (tx, { member }) => endMembership(tx, actor, member, 'inactive'))
}

/** @throws AppError NOT_A_MEMBER, GROUP_PERMISSION_MISSING */
export async function removeMember(db: Database, actor: Actor, { groupId, userId }: Named): Promise<void> {
  await changeGroup(db, actor, groupId, async (tx, { member }) => {
    const other = await findActive(tx, groupId, userId)
    if (userId !== actor.id && !canRemove(member, other)) throw new AppError('GROUP_PERMISSION_MISSING')
    await endMembership(tx, actor, other, 'inactive')
  })
}

/** Also of a user who has left or was removed. Banning again changes nothing. @throws AppError NOT_A_MEMBER, GROUP_PERMISSION_MISSING */
export async function banMember(db: Database, actor: Actor, { groupId, userId }: Named): Promise<void> {
  await changeGroup(db, actor, groupId, async (tx, { member }) => {
    const other = await findMembership(tx, groupId, userId)
    if (!canKick(member)) throw new AppError('GROUP_PERMISSION_MISSING')
    if (!other) throw new AppError('NOT_A_MEMBER')
    if (userId === actor.id || !canRemove(member, other)) throw new AppError('GROUP_PERMISSION_MISSING')
    const isTheirs = and(eq(groupInvitations.groupId, groupId), eq(groupInvitations.userId, userId))
    await tx.delete(groupInvitations).where(isTheirs)
    if (other.status !== 'banned') await endMembership(tx, actor, other, 'banned')
  })
}

/** The user may join again, and is no member until then. @throws AppError NOT_A_MEMBER, GROUP_PERMISSION_MISSING */
export async function unbanMember(db: Database, actor: Actor, { groupId, userId }: Named): Promise<void> {
  await changeGroup(db, actor, groupId, async (tx, { member }) => {
    if (!canKick(member)) throw new AppError('GROUP_PERMISSION_MISSING')
    const other = await findMembership(tx, groupId, userId)
    if (other?.status !== 'banned') throw new AppError('NOT_A_MEMBER')
    noteChange(tx, other, { status: 'inactive' })
    await storeMembership(tx, other, other, { status: 'inactive', permissions: other.permissions })
  })
}

/** A user who is no longer a member has no role, and the invitations that they sent are withdrawn, or they could return by another account. */
async function endMembership(tx: Database, actor: Actor, before: MembershipRow, status: 'inactive' | 'banned') {
  const { groupId, userId } = before
  const permissions = defaultPermissions('member')
  await storeMembership(tx, before, before, { status, role: 'member', permissions })
  noteChange(tx, before, { status, role: 'member' })
  await withdrawInvitationsBy(tx, groupId, userId)
  if (before.status !== 'active') return
  await ensureAdmin(tx, groupId, actor.id)
  await publishChange(tx, groupId, { actorId: actor.id, change: 'member-left', userId })
}

/** @throws AppError NOT_A_MEMBER */
async function findActive(tx: Database, groupId: string, userId: string): Promise<MembershipRow> {
  const row = await findMembership(tx, groupId, userId)
  if (row?.status !== 'active') throw new AppError('NOT_A_MEMBER')
  return row
}

const countAdmins = (tx: Database, groupId: string) =>
  tx.$count(
    groupMemberships,
    and(
      eq(groupMemberships.groupId, groupId),
      eq(groupMemberships.status, 'active'),
      eq(groupMemberships.role, 'admin'),
    ),
  )

const toMember = (member: MembershipRow, user: User, group: GroupRow): GroupMember => ({
  userId: user.id,
  username: user.username,
  displayName: user.displayName,
  avatarUrl: user.avatarUrl,
  role: member.role,
  status: member.status,
  permissions: toPermissions(member, group),
  joinedAt: member.joinedAt.toISOString(),
})
