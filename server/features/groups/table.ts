import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { checkInFrequencies, groupLimits, groupRoles, membershipStatuses } from '../../../shared/groups.ts'
import { createdAt, instant, primaryId, updatedAt } from '../../platform/db/columns.ts'
import { users } from '../../platform/identity/table.ts'

export interface Permissions {
  can_invite: boolean
  can_kick: boolean
}

export const groups = pgTable(
  'groups',
  {
    id: primaryId(),
    name: text('name').notNull(),
    description: text('description'),
    accessCode: text('access_code').notNull(),
    isPrivate: boolean('is_private').notNull().default(false),
    maxMembers: integer('max_members').notNull().default(groupLimits.defaultMembers),
    allowMemberInvite: boolean('allow_member_invite').notNull().default(false),
    checkInFrequency: text('check_in_frequency', { enum: checkInFrequencies }).notNull().default('weekly'),
    timezone: text('timezone').notNull().default('UTC'),
    createdBy: uuid('created_by').references(() => users.id, { onDelete: 'set null' }),
    isActive: boolean('is_active').notNull().default(true),
    /** Active memberships. Only `storeMembership` changes it. */
    memberCount: integer('member_count').notNull().default(0),
    totalCheckIns: integer('total_check_ins').notNull().default(0),
    averageParticipationRate: doublePrecision('average_participation_rate').notNull().default(0),
    deletedAt: instant('deleted_at'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (group) => [
    uniqueIndex('groups_access_code_key').on(group.accessCode),
    index('groups_created_by_idx').on(group.createdBy),
    index('groups_deleted_at_idx').on(group.deletedAt).where(sql`${group.deletedAt} is not null`),
    check('groups_check_in_frequency_check', sql`${group.checkInFrequency} in ('daily', 'weekly', 'biweekly')`),
    check('groups_member_count_check', sql`${group.memberCount} between 0 and ${group.maxMembers}`),
  ],
)

/** One row for each user who is or was a member: `inactive` after they left or were removed. */
export const groupMemberships = pgTable(
  'group_memberships',
  {
    groupId: uuid('group_id')
      .notNull()
      .references(() => groups.id, { onDelete: 'cascade' }),
    // A user is deleted only after they left their groups, because the group counts its members.
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'restrict' }),
    role: text('role', { enum: groupRoles }).notNull().default('member'),
    permissions: jsonb('permissions').$type<Permissions>().notNull(),
    status: text('status', { enum: membershipStatuses }).notNull().default('active'),
    joinedAt: instant('joined_at').notNull().defaultNow(),
  },
  (membership) => [
    primaryKey({ columns: [membership.groupId, membership.userId] }),
    // My groups, the newest first: ids of groups sort by time.
    index('group_memberships_user_id_status_group_id_idx').on(membership.userId, membership.status, membership.groupId),
    index('group_memberships_group_id_status_joined_at_user_id_idx').on(
      membership.groupId,
      membership.status,
      membership.joinedAt,
      membership.userId,
    ),
    check('group_memberships_role_check', sql`${membership.role} in ('member', 'moderator', 'admin')`),
    check('group_memberships_status_check', sql`${membership.status} in ('active', 'inactive', 'banned')`),
  ],
)

/** Of a user. An invitation to an e-mail address becomes one when a user has verified the address, and has the same id. */
export const groupInvitations = pgTable(
  'group_invitations',
  {
    id: primaryId(),
    groupId: uuid('group_id')
      .notNull()
      .references(() => groups.id, { onDelete: 'cascade' }),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    inviterId: uuid('inviter_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    createdAt: createdAt(),
    expiresAt: instant('expires_at').notNull(),
  },
  (invitation) => [
    uniqueIndex('group_invitations_group_id_user_id_key').on(invitation.groupId, invitation.userId),
    index('group_invitations_user_id_id_idx').on(invitation.userId, invitation.id),
    index('group_invitations_inviter_id_idx').on(invitation.inviterId),
    index('group_invitations_expires_at_idx').on(invitation.expiresAt),
  ],
)

export type GroupRow = typeof groups.$inferSelect
export type MembershipRow = typeof groupMemberships.$inferSelect
