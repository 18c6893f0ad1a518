/** The channel of a group's events, and who may follow it. */
import { and, eq, sql } from 'drizzle-orm'
import type { GroupEvent } from '../../../shared/groups.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Following } from '../../platform/live/access-watch.ts'
import { publish } from '../../platform/live/publish.ts'
import { groupMemberships, groups } from './table.ts'

export const groupChannel = (groupId: string) => `group:${groupId}`

/** The names of events for plain clients, a contract. */
export const plainNames: Record<GroupEvent['type'], string> = { 'group.updated': 'group-updated' }

export async function publishChange(
  tx: Database,
  groupId: string,
  { actorId, change, userId = null }: Pick<GroupEvent, 'actorId' | 'change'> & { userId?: string | null },
): Promise<void> {
  await publish(tx, groupChannel(groupId), { type: 'group.updated', actorId, change, userId })
}

/** The followers of groups' channels who are still members of a group that is not deleted. */
export async function stillMembers(db: Database, followings: readonly Following[]): Promise<Following[]> {
  const { groupId, userId, status } = groupMemberships
  const groupIds = followings.map(({ channel }) => channel.slice(groupChannel('').length))
  const userIds = followings.map((following) => following.userId)
  const rows = await db
    .select({ groupId, userId })
    .from(groupMemberships)
    .innerJoin(groups, and(eq(groups.id, groupId), groups.isActive))
    .where(
      and(
        eq(status, 'active'),
        sql`(${groupId}, ${userId}) in (select * from unnest(${sql.param(groupIds)}::uuid[], ${sql.param(userIds)}::uuid[]))`,
      ),
    )
  const still = new Set(rows.map((row) => `${row.userId} ${groupChannel(row.groupId)}`))
  return followings.filter((following) => still.has(`${following.userId} ${following.channel}`))
}
