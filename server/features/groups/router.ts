import { z } from 'zod'
import {
  CreateGroup,
  FollowGroup,
  GetGroup,
  Group,
  type GroupEvent,
  GroupEvents,
  GroupInvitations,
  GroupMember,
  GroupMembers,
  GroupSnapshot,
  Groups,
  InviteToGroup,
  JoinGroup,
  ListGroupInvitations,
  ListGroups,
  ListMembers,
  NamedGroupInvitation,
  NamedMember,
  SentGroupInvitation,
  UpdateGroup,
  UpdateMember,
} from '../../../shared/groups.ts'
import { follow } from '../../platform/live/follow.ts'
import { pollChannel } from '../../platform/live/poll.ts'
import { can, canInPerson, recorded, router } from '../../trpc.ts'
import { plainNames } from './channel.ts'
import {
  acceptGroupInvitation,
  banMember,
  createGroup,
  declineGroupInvitation,
  deleteGroup,
  findGroup,
  getGroup,
  groupChannel,
  invitedName,
  inviteToGroup,
  joinGroup,
  leaveGroup,
  listGroupInvitations,
  listGroups,
  listMembers,
  removeMember,
  requireInviter,
  restoreGroup,
  rotateAccessCode,
  stillMembers,
  unbanMember,
  updateGroup,
  updateMember,
} from './service.ts'

const path = '/api/v1/groups'
const group = `${path}/{groupId}` as const
const member = `${group}/members/{userId}` as const
const invitation = `${path}/invitations/{invitationId}` as const
const leaveOut = ['name', 'description', 'accessCode']
const audit = { noun: 'group', id: 'groupId', leaveOut }

export const groupsRouter = router({
  list: can('group:read')
    .meta({ rest: { method: 'GET', path, summary: 'The groups that you are a member of, the newest first' } })
    .input(ListGroups)
    .output(Groups)
    .query(({ ctx, input }) => listGroups(ctx.db, ctx.actor, input)),
  get: can('group:read')
    .meta({ rest: { method: 'GET', path: group, summary: 'A group that you are a member of' } })
    .input(GetGroup)
    .output(GroupSnapshot)
    .query(({ ctx, input }) => getGroup(ctx.db, ctx.actor, input.groupId)),
  create: can('group:write')
    .meta({
      audit: { noun: 'group', leaveOut },
      rest: {
        method: 'POST',
        path,
        status: 201,
        summary: 'Create a group; you are its admin',
        errors: ['GROUP_LIST_FULL'],
      },
    })
    .input(CreateGroup)
    .use(recorded)
    .output(Group)
    .mutation(({ ctx, input }) => createGroup(ctx.db, ctx.actor, input)),
  update: can('group:write')
    .meta({
      audit,
      rest: {
        method: 'PUT',
        path: group,
        summary: 'Change the settings of a group, as an admin',
        errors: ['GROUP_PERMISSION_MISSING', 'GROUP_FULL'],
      },
    })
    .input(UpdateGroup)
    .use(recorded)
    .output(Group)
    .mutation(({ ctx, input }) => updateGroup(ctx.db, ctx.actor, input)),
  delete: can('group:write')
    .meta({
      audit,
      rest: {
        method: 'DELETE',
        path: group,
        summary: 'Delete a group, which an admin can restore for 7 days',
        errors: ['GROUP_PERMISSION_MISSING'],
      },
    })
    .input(GetGroup)
    .use(recorded)
    .output(z.void())
    .mutation(({ ctx, input }) => deleteGroup(ctx.db, ctx.actor, input.groupId)),
  restore: can('group:write')
    .meta({
      audit,
      rest: {
        method: 'POST',
        path: `${group}/restore`,
        summary: 'Restore a deleted group, as an admin',
        errors: ['GROUP_PERMISSION_MISSING'],
      },
    })
    .input(GetGroup)
    .use(recorded)
    .output(Group)
    .mutation(({ ctx, input }) => restoreGroup(ctx.db, ctx.actor, input.groupId)),
  rotateAccessCode: can('group:write')
    .meta({
      audit,
      rest: {
        method: 'POST',
        path: `${group}/access-code`,
        summary: 'Replace the access code of a group, as an admin',
        errors: ['GROUP_PERMISSION_MISSING'],
      },
    })
    .input(GetGroup)
    .use(recorded)
    .output(Group)
    .mutation(({ ctx, input }) => rotateAccessCode(ctx.db, ctx.actor, input.groupId)),
  join: can('group:write')
    .meta({
      audit: { noun: 'group', leaveOut },
      rest: {
        method: 'POST',
        path: `${path}/join`,
        summary: 'Join a group by its access code',
        errors: ['GROUP_CODE_REFUSED', 'GROUP_LIST_FULL', 'TOO_MANY_JOINS'],
      },
    })
    .input(JoinGroup)
    // Before the transaction, because counts are stored through another connection.
    .use(async ({ ctx, next }) => {
      await ctx.countJoin(ctx.actor.id)
      return next()
    })
    .use(recorded)
    .output(Group)
    .mutation(({ ctx, input }) => joinGroup(ctx.db, ctx.actor, input)),
  leave: canInPerson('group:read')
    .meta({ audit, rest: { method: 'POST', path: `${group}/leave`, summary: 'Leave a group' } })
    .input(GetGroup)
    .use(recorded)
    .output(z.void())
    .mutation(({ ctx, input }) => leaveGroup(ctx.db, ctx.actor, input.groupId)),
  members: can('group:read')
    .meta({
      rest: {
        method: 'GET',
        path: `${group}/members`,
        summary: 'The members of a group, in the order in which they joined',
        errors: ['GROUP_PERMISSION_MISSING'],
      },
    })
    .input(ListMembers)
    .output(GroupMembers)
    .query(({ ctx, input }) => listMembers(ctx.db, ctx.actor, input)),
  updateMember: can('group:write')
    .meta({
      audit,
      rest: {
        method: 'PUT',
        path: member,
        summary: 'Change the role or the permissions of a member, as an admin',
        errors: ['GROUP_PERMISSION_MISSING', 'NOT_A_MEMBER', 'LAST_GROUP_ADMIN'],
      },
    })
    .input(UpdateMember)
    .use(recorded)
    .output(GroupMember)
    .mutation(({ ctx, input }) => updateMember(ctx.db, ctx.actor, input)),
  removeMember: can('group:write')
    .meta({
      audit,
      rest: {
        method: 'DELETE',
        path: member,
        summary: 'Remove a member of a group, who may join again',
        errors: ['GROUP_PERMISSION_MISSING', 'NOT_A_MEMBER'],
      },
    })
    .input(NamedMember)
    .use(recorded)
    .output(z.void())
    .mutation(({ ctx, input }) => removeMember(ctx.db, ctx.actor, input)),
  ban: can('group:write')
    .meta({
      audit,
      rest: {
        method: 'POST',
        path: `${member}/ban`,
        summary: 'Remove a member of a group, who may not join again',
        errors: ['GROUP_PERMISSION_MISSING', 'NOT_A_MEMBER'],
      },
    })
    .input(NamedMember)
    .use(recorded)
    .output(z.void())
    .mutation(({ ctx, input }) => banMember(ctx.db, ctx.actor, input)),
  unban: can('group:write')
    .meta({
      audit,
      rest: {
        method: 'DELETE',
        path: `${member}/ban`,
        summary: 'Lift the ban of a user, who may then join again',
        errors: ['GROUP_PERMISSION_MISSING', 'NOT_A_MEMBER'],
      },
    })
    .input(NamedMember)
    .use(recorded)
    .output(z.void())
    .mutation(({ ctx, input }) => unbanMember(ctx.db, ctx.actor, input)),
  invite: can('group:write')
    .meta({
      // The record has the id of the invitation, because an address is personal data.
      audit: { noun: 'group', id: 'groupId', leaveOut: ['email'] },
      rest: {
        method: 'POST',
        path: `${group}/invite`,
        status: 201,
        summary: 'Invite a user or an e-mail address to a group',
        errors: [
          'GROUP_PERMISSION_MISSING',
          'PERSON_NOT_FOUND',
          'ALREADY_MEMBER',
          'USER_BANNED',
          'ADDRESS_NOT_CONFIRMED',
          'INVITATION_LIMIT_REACHED',
          'TOO_MANY_INVITATIONS',
        ],
      },
    })
    .input(InviteToGroup)
    // Before the transaction, because counts are stored through another connection.
    .use(async ({ ctx, input, next }) => {
      await requireInviter(ctx.db, ctx.actor, input)
      await ctx.countInvitation(ctx.actor.id, invitedName(input))
      return next()
    })
    .use(recorded)
    .output(SentGroupInvitation)
    .mutation(({ ctx, input }) => inviteToGroup(ctx.db, ctx.actor, input)),
  invitations: can('group:read')
    .meta({
      rest: { method: 'GET', path: `${path}/invitations`, summary: 'Your invitations to groups, the newest first' },
    })
    .input(ListGroupInvitations)
    .output(GroupInvitations)
    .query(({ ctx, input }) => listGroupInvitations(ctx.db, ctx.actor, input)),
  acceptInvitation: can('group:write')
    .meta({
      audit: { noun: 'group' },
      rest: {
        method: 'POST',
        path: `${invitation}/accept`,
        summary: 'Join a group that you are invited to',
        errors: ['GROUP_FULL', 'GROUP_LIST_FULL'],
      },
    })
    .input(NamedGroupInvitation)
    .use(recorded)
    .output(Group)
    .mutation(({ ctx, input }) => acceptGroupInvitation(ctx.db, ctx.actor, input.invitationId)),
  declineInvitation: can('group:write')
    .meta({
      audit: { noun: 'group-invitation', id: 'invitationId' },
      rest: { method: 'DELETE', path: invitation, summary: 'Decline an invitation to a group' },
    })
    .input(NamedGroupInvitation)
    .use(recorded)
    .output(z.void())
    .mutation(({ ctx, input }) => declineGroupInvitation(ctx.db, ctx.actor, input.invitationId)),
  /** Events after `lastEventId`, for clients that can hold no stream open. */
  events: can('group:read')
    .input(FollowGroup)
    .output(GroupEvents)
    .query(async ({ ctx, input }) => {
      const found = await findGroup(ctx.db, ctx.actor, input.groupId)
      return pollChannel<GroupEvent>(ctx.db, groupChannel(found.group.id), input.lastEventId)
    }),
  onEvent: can('group:read')
    .meta({ socket: { path: '/v1/ws/groups/{groupId}', events: plainNames } })
    .input(FollowGroup)
    .subscription(async function* (call) {
      const found = await findGroup(call.ctx.db, call.ctx.actor, call.input.groupId)
      yield* follow<GroupEvent>(call, groupChannel(found.group.id), stillMembers)
    }),
})
