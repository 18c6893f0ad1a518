import {
  AddCollaborator,
  AddedCollaborator,
  AppendSegment,
  CreateDraft,
  Draft,
  type DraftEvent,
  DraftEvents,
  DraftSummary,
  FollowDraft,
  GetDraft,
  ListDrafts,
  ListedDrafts,
  ListInvitations,
  PassRing,
  RemoveCollaborator,
  RenameDraft,
  Segment,
  TellWriting,
  WithdrawInvitation,
  WritingTold,
} from '../../../shared/drafts.ts'
import { Invitation, Invitations } from '../../../shared/invitations.ts'
import { namedAddress } from '../../../shared/person-name.ts'
import { follow } from '../../platform/live/follow.ts'
import { pollChannel } from '../../platform/live/poll.ts'
import { followPresence } from '../../platform/presence/follow.ts'
import { can, canInPerson, recorded, router } from '../../trpc.ts'
import { appendSegment } from './append.ts'
import { plainNames } from './channel.ts'
import {
  addCollaborator,
  closeDraft,
  createDraft,
  draftChannel,
  findDraft,
  getDraft,
  leaveDraft,
  listDraftInvitations,
  listDrafts,
  passRing,
  removeCollaborator,
  renameDraft,
  requireInviter,
  stillCollaborators,
  takeRing,
  tellWriting,
  withdrawDraftInvitation,
} from './service.ts'

const path = '/v1/collab/drafts'

export const draftsRouter = router({
  list: can('draft:read')
    .meta({ rest: { method: 'GET', path, summary: 'The drafts that you write in, the newest first' }, mcp: {} })
    .input(ListDrafts)
    .output(ListedDrafts)
    .query(({ ctx, input }) => listDrafts(ctx.db, ctx.actor, input)),
  get: can('draft:read')
    .meta({
      rest: { method: 'GET', path: `${path}/{draftId}`, summary: 'A draft with its people and its segments' },
      mcp: {},
    })
    .input(GetDraft)
    .output(Draft)
    .query(({ ctx, input }) => getDraft(ctx.db, ctx.actor, input.draftId)),
  create: can('draft:write')
    .meta({
      audit: { noun: 'draft' },
      rest: { method: 'POST', path, status: 201, summary: 'Begin a draft; you own it and hold its ring' },
      mcp: {
        description:
          'Begin a draft, a text that people write together. You own it and hold its ring: who holds it may append',
        destructive: false,
      },
    })
    .input(CreateDraft)
    .use(recorded)
    .output(DraftSummary)
    .mutation(({ ctx, input }) => createDraft(ctx.db, ctx.actor, input)),
  append: can('draft:write')
    .meta({
      audit: { noun: 'draft', id: 'draftId', byItself: true },
      rest: {
        method: 'POST',
        path: `${path}/{draftId}/segments`,
        status: 201,
        summary: 'Append a segment, as the holder of the ring',
        errors: ['RING_NOT_HELD', 'DRAFT_CLOSED', 'DRAFT_FULL'],
      },
      mcp: {
        description: 'Append a segment to a draft. Only who holds its ring may: see ringHolderId of drafts_get',
        destructive: false,
      },
    })
    .input(AppendSegment)
    .use(recorded)
    .output(Segment)
    .mutation(({ ctx, input }) => appendSegment(ctx.db, ctx.actor, input, ctx.origin)),
  passRing: can('draft:write')
    .meta({
      audit: { noun: 'draft', id: 'draftId' },
      rest: {
        method: 'POST',
        path: `${path}/{draftId}/pass-ring`,
        summary: 'Pass the ring to a collaborator, as its holder',
        errors: ['RING_NOT_HELD', 'DRAFT_CLOSED', 'NOT_A_COLLABORATOR', 'COLLABORATOR_CANNOT_WRITE'],
      },
      mcp: {
        description: 'Pass the ring of a draft to a collaborator, as its holder, who may then append in your place',
      },
    })
    .input(PassRing)
    .use(recorded)
    .output(DraftSummary)
    .mutation(({ ctx, input }) => passRing(ctx.db, ctx.actor, input)),
  takeRing: can('draft:write')
    .meta({
      audit: { noun: 'draft', id: 'draftId' },
      rest: {
        method: 'POST',
        path: `${path}/{draftId}/take-ring`,
        summary: 'Take the ring back from its holder, as the owner',
        errors: ['NOT_DRAFT_OWNER', 'DRAFT_CLOSED'],
      },
    })
    .input(GetDraft)
    .use(recorded)
    .output(DraftSummary)
    .mutation(({ ctx, input }) => takeRing(ctx.db, ctx.actor, input)),
  addCollaborator: can('draft:write')
    .meta({
      // The record has the id of the user or the invitation, because only the owner may read the address.
      audit: { noun: 'draft', id: 'draftId', leaveOut: ['person', 'email'] },
      rest: {
        method: 'POST',
        path: `${path}/{draftId}/collaborators`,
        status: 201,
        summary: 'Add a user to a draft, or invite an e-mail address, as the owner',
        errors: [
          'NOT_DRAFT_OWNER',
          'DRAFT_CLOSED',
          'PERSON_NOT_FOUND',
          'USER_LEFT_DRAFT',
          'DRAFT_FULL',
          'ADDRESS_NOT_CONFIRMED',
          'INVITATION_LIMIT_REACHED',
          'TOO_MANY_INVITATIONS',
        ],
      },
      mcp: {
        description:
          'Add a user to a draft, as its owner: they read it and take part in writing it. An e-mail address is invited, and its user added once they have confirmed it',
        destructive: false,
        idempotent: true,
      },
    })
    .input(AddCollaborator)
    // Before the transaction, because counts are stored through another connection.
    .use(async ({ ctx, input, next }) => {
      const invited = namedAddress(input)
      if (invited) {
        await requireInviter(ctx.db, ctx.actor, input.draftId)
        await ctx.countInvitation(ctx.actor.id, invited.address)
      }
      return next()
    })
    .use(recorded)
    .output(AddedCollaborator)
    .mutation(({ ctx, input }) => addCollaborator(ctx.db, ctx.actor, input)),
  removeCollaborator: can('draft:write')
    .meta({
      audit: { noun: 'draft', id: 'draftId' },
      rest: {
        method: 'DELETE',
        path: `${path}/{draftId}/collaborators/{userId}`,
        summary: 'Remove a collaborator, as the owner, or yourself',
        errors: ['NOT_DRAFT_OWNER', 'DRAFT_CLOSED', 'NOT_A_COLLABORATOR'],
      },
    })
    .input(RemoveCollaborator)
    .use(recorded)
    .output(DraftSummary)
    .mutation(({ ctx, input }) => removeCollaborator(ctx.db, ctx.actor, input)),
  leave: canInPerson('draft:read')
    .meta({
      audit: { noun: 'draft', id: 'draftId' },
      rest: {
        method: 'POST',
        path: `${path}/{draftId}/leave`,
        summary: 'Leave a draft, open or closed, as a collaborator',
        errors: ['OWNER_CANNOT_LEAVE'],
      },
    })
    .input(GetDraft)
    .use(recorded)
    .output(DraftSummary)
    .mutation(({ ctx, input }) => leaveDraft(ctx.db, ctx.actor, input)),
  listInvitations: can('draft:read')
    .meta({
      rest: {
        method: 'GET',
        path: `${path}/{draftId}/invitations`,
        summary: 'The open invitations to a draft, as the owner, the newest first',
        errors: ['NOT_DRAFT_OWNER'],
      },
    })
    .input(ListInvitations)
    .output(Invitations)
    .query(({ ctx, input }) => listDraftInvitations(ctx.db, ctx.actor, input)),
  withdrawInvitation: can('draft:write')
    .meta({
      audit: { noun: 'draft', id: 'draftId' },
      rest: {
        method: 'DELETE',
        path: `${path}/{draftId}/invitations/{invitationId}`,
        summary: 'Withdraw an open invitation, as the owner',
        errors: ['NOT_DRAFT_OWNER', 'DRAFT_CLOSED'],
      },
    })
    .input(WithdrawInvitation)
    .use(recorded)
    .output(Invitation)
    .mutation(({ ctx, input }) => withdrawDraftInvitation(ctx.db, ctx.actor, input)),
  rename: can('draft:write')
    .meta({ audit: { noun: 'draft', id: 'draftId' } })
    .input(RenameDraft)
    .use(recorded)
    .output(DraftSummary)
    .mutation(({ ctx, input }) => renameDraft(ctx.db, ctx.actor, input)),
  close: can('draft:write')
    .meta({ audit: { noun: 'draft', id: 'draftId' } })
    .input(GetDraft)
    .use(recorded)
    .output(DraftSummary)
    .mutation(({ ctx, input }) => closeDraft(ctx.db, ctx.actor, input.draftId)),
  /** What came after `lastEventId`, for clients that can hold no stream open. */
  events: can('draft:read')
    .input(FollowDraft)
    .output(DraftEvents)
    .query(async ({ ctx, input }) => {
      await findDraft(ctx.db, ctx.actor, input.draftId)
      return pollChannel<DraftEvent>(ctx.db, draftChannel(input.draftId), input.lastEventId)
    }),
  onEvent: can('draft:read')
    .meta({ socket: { path: '/v1/ws/drafts/{draftId}', events: plainNames } })
    .input(FollowDraft)
    .subscription(async function* (call) {
      const { id } = await findDraft(call.ctx.db, call.ctx.actor, call.input.draftId)
      yield* follow<DraftEvent>(call, draftChannel(id), stillCollaborators)
    }),
  /** Who looks at the draft now, and who of them writes: the whole list each time. Following it is being here. */
  onPresence: can('draft:read')
    .input(GetDraft)
    .subscription(async function* ({ ctx, input, signal }) {
      const { id } = await findDraft(ctx.db, ctx.actor, input.draftId)
      yield* followPresence(ctx.presence, draftChannel(id), {
        access: ctx.live.access,
        signal,
        userId: ctx.actor.id,
        capability: ctx.capability,
        allowed: stillCollaborators,
      })
    }),
  writing: can('draft:write')
    .meta({ hint: true })
    .input(TellWriting)
    .output(WritingTold)
    .mutation(({ ctx, input }) => tellWriting(ctx.db, ctx.presence, ctx.actor, input)),
})
