/** How a user becomes a member: by an access code or by an invitation. The cap holds because the row of the group is locked while it is checked. */
import { randomInt } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import type { z } from 'zod'
import {
  accessCodeAlphabet,
  accessCodeLength,
  type Group,
  groupLimits,
  type JoinGroup,
} from '../../../shared/groups.ts'
import { noteChange } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { lockName } from '../../platform/identity/people.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { publishChange } from './channel.ts'
import { defaultPermissions } from './policy.ts'
import { findMembership, type Joined, lockGroup, storeMembership, toGroup } from './rows.ts'
import { type GroupRow, groupInvitations, groupMemberships, groups, type MembershipRow } from './table.ts'

/** `randomInt` reads the random number generator of the operating system and is uniform. */
export const newAccessCode = () =>
  Array.from({ length: accessCodeLength }, () => accessCodeAlphabet[randomInt(accessCodeAlphabet.length)]).join('')

/**
 * A member joins again without effect. A wrong code, a full group, a private one and a ban have one response, so that a guesser does not learn
 * which codes exist. @throws AppError GROUP_CODE_REFUSED, GROUP_LIST_FULL
 */
export async function joinGroup(db: Database, actor: Actor, { accessCode }: z.infer<typeof JoinGroup>): Promise<Group> {
  return withTransaction(db, async (tx) => {
    // Before the code is looked up, or the response would show that it exists.
    await refuseListFull(tx, actor.id)
    const [found] = await tx.select({ id: groups.id }).from(groups).where(eq(groups.accessCode, accessCode))
    const group = found && (await lockGroup(tx, found.id))
    // The code may have been changed before the lock was granted.
    if (!group?.isActive || group.accessCode !== accessCode) throw new AppError('GROUP_CODE_REFUSED')
    const before = await findMembership(tx, group.id, actor.id)
    if (before?.status === 'active') return toGroup({ group, member: before })
    const isRefused = group.isPrivate || before?.status === 'banned' || isFull(group)
    if (isRefused) throw new AppError('GROUP_CODE_REFUSED')
    return toGroup(await addMember(tx, group, actor.id, before))
  })
}

/** The group is locked and has room, and the user is neither a member nor banned. */
export async function addMember(
  tx: Database,
  group: GroupRow,
  userId: string,
  before: MembershipRow | undefined,
): Promise<Joined> {
  const change = { role: 'member', status: 'active', permissions: defaultPermissions('member') } as const
  const member = await storeMembership(tx, { groupId: group.id, userId }, before, { ...change, joinedAt: new Date() })
  const isOpen = and(eq(groupInvitations.groupId, group.id), eq(groupInvitations.userId, userId))
  await tx.delete(groupInvitations).where(isOpen)
  noteChange(tx, { groupId: group.id, status: before?.status ?? null }, { status: 'active' as const })
  await publishChange(tx, group.id, { actorId: userId, change: 'member-joined', userId })
  return { group: { ...group, memberCount: group.memberCount + 1 }, member }
}

export const isFull = ({ memberCount, maxMembers }: GroupRow) => memberCount >= maxMembers

/** Simultaneous joins of one user are counted one after another. Before any group is locked. @throws AppError GROUP_LIST_FULL */
export async function refuseListFull(tx: Database, userId: string): Promise<void> {
  await lockName(tx, `groups of ${userId}`)
  const isMine = and(eq(groupMemberships.userId, userId), eq(groupMemberships.status, 'active'))
  if ((await tx.$count(groupMemberships, isMine)) >= groupLimits.perUser) throw new AppError('GROUP_LIST_FULL')
}
