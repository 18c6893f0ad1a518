/**
 * Invitations to a group. A user becomes a member only by accepting: members see each other's profiles, so no other user may add them. An
 * invitation to an e-mail address becomes one of the user who has verified the address; the inviter does not learn of that.
 */
import { and, desc, eq, gt, isNotNull, lt, lte, sql } from 'drizzle-orm'
import { z } from 'zod'
import {
  type Group,
  type GroupInvitation,
  groupLimits,
  type InviteToGroup,
  type SentGroupInvitation,
} from '../../../shared/groups.ts'
import { Id } from '../../../shared/id.ts'
import { invitationLimits } from '../../../shared/invitations.ts'
import type { ListRequest } from '../../../shared/pages.ts'
import { type NamedPerson, namedAddress, namedPerson } from '../../../shared/person-name.ts'
import { noteChange } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { offsetOf, placeOf, toList } from '../../platform/db/page.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { lockName } from '../../platform/identity/people.ts'
import { findPersonNamed } from '../../platform/identity/person-names.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { users } from '../../platform/identity/table.ts'
import type { InvitationKind } from '../../platform/invitations/invitation-job.ts'
import { type InvitationTarget, invite } from '../../platform/invitations/invitations.ts'
import { addMember, isFull, refuseListFull } from './joining.ts'
import { canInvite } from './policy.ts'
import { changeGroup, findGroup, findMembership, lockGroup, toGroup } from './rows.ts'
import { groupInvitations, groups } from './table.ts'

export const invitedInto = (groupId: string): InvitationTarget => ({ kind: 'group', targetId: groupId })
const expiresAt = sql`now() + make_interval(days => ${groupLimits.invitationDays}::int)`
const isOpen = gt(groupInvitations.expiresAt, sql`now()`)

/**
 * Before an invitation is counted, so that other users cannot spend the budget of an address.
 * @throws AppError NOT_FOUND, GROUP_PERMISSION_MISSING; ADDRESS_NOT_CONFIRMED, because anyone can register with the address of another
 */
export async function requireInviter(db: Database, actor: Actor, input: InviteToGroup): Promise<void> {
  const { group, member } = await findGroup(db, actor, input.groupId)
  if (!canInvite(member, group)) throw new AppError('GROUP_PERMISSION_MISSING')
  if (!namedAddress(input)) return
  const isUnconfirmed = and(eq(users.id, actor.id), isNotNull(users.email), eq(users.emailVerified, false))
  if ((await db.$count(users, isUnconfirmed)) > 0) throw new AppError('ADDRESS_NOT_CONFIRMED')
}

/** What an invitation counts against, beside the inviter and the network. */
export const invitedName = (input: InviteToGroup) => namedAddress(input)?.address ?? namedPerson(undefined, input).name

/**
 * Inviting again renews the invitation.
 * @throws AppError GROUP_PERMISSION_MISSING, PERSON_NOT_FOUND, ALREADY_MEMBER, USER_BANNED, INVITATION_LIMIT_REACHED
 */
export async function inviteToGroup(db: Database, actor: Actor, input: InviteToGroup): Promise<SentGroupInvitation> {
  return changeGroup(db, actor, input.groupId, async (tx, { group, member }) => {
    if (!canInvite(member, group)) throw new AppError('GROUP_PERMISSION_MISSING')
    const invited = namedAddress(input)
    const invitation = invited
      ? await invite(tx, { ...invitedInto(group.id), inviterId: actor.id, ...invited })
      : await inviteUser(tx, actor, group.id, namedPerson(undefined, input))
    noteChange(tx, { invitationId: null as string | null }, { invitationId: invitation.id })
    return invitation
  })
}

async function inviteUser(tx: Database, actor: Actor, groupId: string, named: NamedPerson) {
  const user = await findPersonNamed(tx, named)
  if (!user?.isActive) throw new AppError('PERSON_NOT_FOUND')
  const membership = await findMembership(tx, groupId, user.id)
  if (membership?.status === 'active') throw new AppError('ALREADY_MEMBER')
  if (membership?.status === 'banned') throw new AppError('USER_BANNED')
  await lockName(tx, `group invitations of ${actor.id}`)
  const row = await insertInvitation(tx, { groupId, userId: user.id, inviterId: actor.id })
  const number = await tx.$count(groupInvitations, and(eq(groupInvitations.inviterId, actor.id), isOpen))
  if (number > invitationLimits.openPerInviter) throw new AppError('INVITATION_LIMIT_REACHED')
  return {
    id: row.id,
    userId: user.id,
    invitedAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
  }
}

async function insertInvitation(
  tx: Database,
  values: Pick<typeof groupInvitations.$inferInsert, 'id' | 'groupId' | 'userId' | 'inviterId'>,
) {
  const [row] = await tx
    .insert(groupInvitations)
    .values({ ...values, expiresAt })
    .onConflictDoUpdate({
      target: [groupInvitations.groupId, groupInvitations.userId],
      set: { inviterId: values.inviterId, createdAt: sql`now()`, expiresAt },
    })
    .returning()
  if (!row) throw new Error('upsert returned no row')
  return row
}

/** Those of the caller, the newest first. */
export async function listGroupInvitations(db: Database, actor: Actor, page: ListRequest) {
  const isMine = and(eq(groupInvitations.userId, actor.id), isOpen)
  const place = placeOf(page, Place)
  const invitation = db
    .select()
    .from(groupInvitations)
    .where(and(isMine, place ? lt(groupInvitations.id, place[0]) : undefined))
    .orderBy(desc(groupInvitations.id))
    .offset(offsetOf(page))
    .limit(page.limit + 1)
    .as('invitation')
  // The page first: of what it joins no more rows are read than it has.
  const rows = await db
    .select()
    .from(invitation)
    .innerJoin(groups, eq(groups.id, invitation.groupId))
    .innerJoin(users, eq(users.id, invitation.inviterId))
    .orderBy(desc(invitation.id))
  return toList(rows, page, {
    total: await db.$count(groupInvitations, isMine),
    placeOf: (row) => [row.invitation.id],
    toItem: (row): GroupInvitation => ({
      id: row.invitation.id,
      groupId: row.groups.id,
      groupName: row.groups.name,
      memberCount: row.groups.memberCount,
      invitedBy: { id: row.users.id, displayName: row.users.displayName, avatarUrl: row.users.avatarUrl },
      invitedAt: row.invitation.createdAt.toISOString(),
      expiresAt: row.invitation.expiresAt.toISOString(),
    }),
  })
}

const Place = z.tuple([Id])

/** @throws AppError NOT_FOUND, also for another user's and for one that has expired; GROUP_FULL, GROUP_LIST_FULL */
export async function acceptGroupInvitation(db: Database, actor: Actor, invitationId: string): Promise<Group> {
  return withTransaction(db, async (tx) => {
    await refuseListFull(tx, actor.id)
    const isThis = and(eq(groupInvitations.id, invitationId), eq(groupInvitations.userId, actor.id), isOpen)
    const [found] = await tx.select({ groupId: groupInvitations.groupId }).from(groupInvitations).where(isThis)
    const group = found && (await lockGroup(tx, found.groupId))
    // It may have been withdrawn, or the user banned, before the lock was granted.
    if (!group?.isActive || (await tx.$count(groupInvitations, isThis)) === 0) throw new AppError('NOT_FOUND')
    const before = await findMembership(tx, group.id, actor.id)
    if (before?.status === 'active') return toGroup({ group, member: before })
    if (isFull(group)) throw new AppError('GROUP_FULL')
    return toGroup(await addMember(tx, group, actor.id, before))
  })
}

/** @throws AppError NOT_FOUND, also for another user's */
export async function declineGroupInvitation(db: Database, actor: Actor, invitationId: string): Promise<void> {
  const isThis = and(eq(groupInvitations.id, invitationId), eq(groupInvitations.userId, actor.id))
  const deleted = await db.delete(groupInvitations).where(isThis).returning({ groupId: groupInvitations.groupId })
  if (deleted.length === 0) throw new AppError('NOT_FOUND')
}

/** With the group locked. An invitation to an address is refused later, because its inviter may not invite any more. */
export async function withdrawInvitationsBy(tx: Database, groupId: string, inviterId: string): Promise<void> {
  const isTheirs = and(eq(groupInvitations.groupId, groupId), eq(groupInvitations.inviterId, inviterId))
  await tx.delete(groupInvitations).where(isTheirs)
}

/** Returns how many were deleted. */
export async function deleteExpiredInvitations(db: Database): Promise<number> {
  const isExpired = lte(groupInvitations.expiresAt, sql`now()`)
  return (await db.delete(groupInvitations).where(isExpired).returning({ id: groupInvitations.id })).length
}

/** `spent`, because the user has an invitation and is no member: the inviter sees the same as for an address without an account. */
export const mailedGroupInvitations: InvitationKind = {
  noun: 'a group',
  // No page shows the group to a user who has not accepted.
  path: () => '/',
  async lock(tx, groupId) {
    await lockGroup(tx, groupId)
  },
  async accept(tx, { id, targetId: groupId }, user, inviter) {
    const [group] = await tx
      .select()
      .from(groups)
      .where(and(eq(groups.id, groupId), groups.isActive))
    const member = group && (await findMembership(tx, groupId, inviter.id))
    if (!group || member?.status !== 'active' || !canInvite(member, group)) return 'refused'
    const membership = await findMembership(tx, groupId, user.id)
    if (membership === undefined || membership.status === 'inactive')
      await insertInvitation(tx, { id, groupId, userId: user.id, inviterId: inviter.id })
    return 'spent'
  },
}
