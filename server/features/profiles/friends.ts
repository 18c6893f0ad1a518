/**
 * Who is a friend: the active users with whom a user shares an active group. A user without groups has no friends. The groups feature
 * supplies the ids; a group is small (`max_members`), and so is the list.
 */
import type { Database } from '../../platform/db/database.ts'

export type FriendIds = (db: Database, userId: string) => Promise<readonly string[]>

export const friendIdsOf: FriendIds = async () => []
