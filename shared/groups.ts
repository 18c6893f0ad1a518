/** Groups: users who join by an access code or an invitation. Only members see a group. */
import { z } from 'zod'
import { Id, TargetId } from './id.ts'
import { Instant } from './instant.ts'
import { Invitation } from './invitations.ts'
import { eventsOf, happened, LastEventId, LiveCursor } from './live.ts'
import { listRequest, numberedPageOf } from './pages.ts'
import { emailField, namesOne, personNameFields } from './person-name.ts'
import { PersonRef } from './person-ref.ts'
import { singleLine, text } from './text.ts'
import { TimeZone } from './time-zone.ts'

export const groupLimits = {
  nameLength: 100,
  descriptionLength: 2_000,
  members: 100,
  /** Where the group does not say otherwise. */
  defaultMembers: 20,
  /** Groups that one user is a member of. */
  perUser: 100,
  invitationDays: 30,
  /** An admin may restore a deleted group for so long. */
  restoreDays: 7,
  /** Attempts of one user to join by a code, in 15 minutes. Every attempt counts. */
  joinAttempts: 10,
} as const

/** Without characters that look like another one: 0 O, 1 I L, 2 Z, 5 S, 6 G, 8 B. */
export const accessCodeAlphabet = '3479ACDEFHJKMNPQRTUVWXY'
export const accessCodeLength = 10

export const groupRoles = ['member', 'moderator', 'admin'] as const
export const GroupRole = z.enum(groupRoles)
export type GroupRole = z.infer<typeof GroupRole>
export const membershipStatuses = ['active', 'inactive', 'banned'] as const
export const MembershipStatus = z.enum(membershipStatuses)
export type MembershipStatus = z.infer<typeof MembershipStatus>
export const checkInFrequencies = ['daily', 'weekly', 'biweekly'] as const
export const CheckInFrequency = z.enum(checkInFrequencies)

export const Group = z
  .object({
    id: Id,
    name: z.string().meta({ example: 'Sunday runners' }),
    description: z.string().nullable().meta({ example: null }),
    accessCode: z
      .string()
      .nullable()
      .meta({ description: 'Null for a member who may not invite, and of a deleted group', example: 'A7KQ9WXMTR' }),
    isPrivate: z.boolean().meta({ description: 'The access code admits no user: members join by invitation' }),
    maxMembers: z.int().meta({ example: 20 }),
    allowMemberInvite: z.boolean(),
    checkInFrequency: CheckInFrequency,
    timezone: z.string().meta({ example: 'Europe/Berlin' }),
    memberCount: z.int().meta({ example: 1 }),
    totalCheckIns: z.int().meta({ example: 0 }),
    averageParticipationRate: z.number().meta({ example: 0 }),
    role: GroupRole.meta({ description: 'Of the caller' }),
    permissions: z.object({ canInvite: z.boolean(), canKick: z.boolean() }).meta({ description: 'Of the caller' }),
    createdAt: Instant,
    deletedAt: Instant.nullable().meta({
      description: `A deleted group is listed for ${groupLimits.restoreDays} days, in which an admin may restore it`,
      example: null,
    }),
  })
  .meta({ id: 'Group' })
export type Group = z.infer<typeof Group>
export const Groups = numberedPageOf(Group)
export const GroupSnapshot = Group.extend({ cursor: LiveCursor }).meta({ id: 'GroupSnapshot' })
export type GroupSnapshot = z.infer<typeof GroupSnapshot>

export const GroupMember = z
  .object({
    userId: Id,
    username: z.string().nullable().meta({ example: 'ada' }),
    displayName: z.string().meta({ example: 'Ada' }),
    avatarUrl: z.string().nullable().meta({ example: null }),
    role: GroupRole,
    status: MembershipStatus,
    permissions: z.object({ canInvite: z.boolean(), canKick: z.boolean() }),
    joinedAt: Instant,
  })
  .meta({ id: 'GroupMember' })
export type GroupMember = z.infer<typeof GroupMember>
export const GroupMembers = numberedPageOf(GroupMember)

/** As the invited user sees it. */
export const GroupInvitation = z
  .object({
    id: Id,
    groupId: Id,
    groupName: z.string().meta({ example: 'Sunday runners' }),
    memberCount: z.int().meta({ example: 3 }),
    invitedBy: PersonRef,
    invitedAt: Instant,
    expiresAt: Instant,
  })
  .meta({ id: 'GroupInvitation' })
export type GroupInvitation = z.infer<typeof GroupInvitation>
export const GroupInvitations = numberedPageOf(GroupInvitation)

/** As the inviter sees it. */
export const InvitedUser = z
  .object({ id: Id, userId: Id, invitedAt: Instant, expiresAt: Instant })
  .meta({ id: 'InvitedUser' })
export const SentGroupInvitation = z.union([InvitedUser, Invitation])
export type SentGroupInvitation = z.infer<typeof SentGroupInvitation>

const settings = {
  name: singleLine(groupLimits.nameLength).meta({ example: 'Sunday runners' }),
  description: text(groupLimits.descriptionLength).nullable().optional().meta({ example: null }),
  isPrivate: z.boolean().optional(),
  maxMembers: z.int().min(2).max(groupLimits.members).optional().meta({ example: 20 }),
  allowMemberInvite: z.boolean().optional(),
  checkInFrequency: CheckInFrequency.optional(),
  timezone: TimeZone.optional(),
}

export const GetGroup = z.object({ groupId: TargetId })
export const ListGroups = listRequest({}).prefault({})
export const CreateGroup = z.object(settings)
export type CreateGroup = z.infer<typeof CreateGroup>
/** What is left out stays as it is. */
export const UpdateGroup = GetGroup.extend({ ...settings, name: settings.name.optional() })
export type UpdateGroup = z.infer<typeof UpdateGroup>
export const JoinGroup = z.object({
  accessCode: singleLine(40)
    .meta({ description: 'In any letter case; blanks and hyphens are ignored', example: 'A7KQ9WXMTR' })
    .transform((code) => code.replace(/[\s-]/g, '').toUpperCase()),
})
export const ListMembers = listRequest({
  groupId: TargetId,
  status: MembershipStatus.default('active').meta({
    description: 'Those who are not active are shown to a member who may remove others',
  }),
})
export type ListMembers = z.infer<typeof ListMembers>
export const NamedMember = GetGroup.extend({ userId: TargetId })
/** What is left out stays as it is, but a new role has the permissions that it has by default. */
export const UpdateMember = NamedMember.extend({
  role: GroupRole.optional(),
  canInvite: z.boolean().optional(),
  canKick: z.boolean().optional(),
})
export type UpdateMember = z.infer<typeof UpdateMember>
const invitedAddress = emailField.meta({
  description: 'An e-mail address, which gets a mail; or one of the other fields for a user',
  example: 'grace@example.org',
})
export const InviteToGroup = GetGroup.extend({ email: invitedAddress, ...personNameFields }).refine(
  ...namesOne('email'),
)
export type InviteToGroup = z.infer<typeof InviteToGroup>
export const NamedGroupInvitation = z.object({ invitationId: TargetId })
export const ListGroupInvitations = listRequest({}).prefault({})
export const FollowGroup = GetGroup.extend({ lastEventId: LastEventId })

export const GroupEvent = z.object({
  type: z.literal('group.updated'),
  ...happened,
  change: z.enum(['member-joined', 'member-left', 'member-changed', 'settings-changed', 'deleted', 'restored']),
  /** Of the member; null for a change of the group. */
  userId: Id.nullable(),
})
export type GroupEvent = z.infer<typeof GroupEvent>
export const GroupEvents = eventsOf(GroupEvent)
