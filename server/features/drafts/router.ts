import {
  AddCollaborator,
  AppendSegment,
  CreateDraft,
  Draft,
  type DraftEvent,
  DraftEvents,
  DraftSummaries,
  DraftSummary,
  FollowDraft,
  GetDraft,
  ListDrafts,
  PassRing,
  PersonRef,
  RemoveCollaborator,
  RenameDraft,
  Segment,
} from '../../../shared/drafts.ts'
import { followChannel } from '../../platform/live/follow.ts'
import { pollChannel } from '../../platform/live/poll.ts'
import { can, router } from '../../trpc.ts'
import { appendSegment } from './append.ts'
import {
  addCollaborator,
  closeDraft,
  collaboratorsAmong,
  createDraft,
  draftChannel,
  findDraft,
  getDraft,
  listDrafts,
  passRing,
  removeCollaborator,
  renameDraft,
} from './service.ts'

export const draftsRouter = router({
  list: can('draft:read')
    .input(ListDrafts)
    .output(DraftSummaries)
    .query(({ ctx, input }) => listDrafts(ctx.db, ctx.actor, input)),
  get: can('draft:read')
    .input(GetDraft)
    .output(Draft)
    .query(({ ctx, input }) => getDraft(ctx.db, ctx.actor, input.draftId)),
  create: can('draft:write')
    .input(CreateDraft)
    .output(DraftSummary)
    .mutation(({ ctx, input }) => createDraft(ctx.db, ctx.actor, input)),
  append: can('draft:write')
    .input(AppendSegment)
    .output(Segment)
    .mutation(({ ctx, input }) => appendSegment(ctx.db, ctx.actor, input)),
  passRing: can('draft:write')
    .input(PassRing)
    .output(DraftSummary)
    .mutation(({ ctx, input }) => passRing(ctx.db, ctx.actor, input)),
  addCollaborator: can('draft:write')
    .input(AddCollaborator)
    .output(PersonRef)
    .mutation(({ ctx, input }) => addCollaborator(ctx.db, ctx.actor, input)),
  removeCollaborator: can('draft:write')
    .input(RemoveCollaborator)
    .output(DraftSummary)
    .mutation(({ ctx, input }) => removeCollaborator(ctx.db, ctx.actor, input)),
  rename: can('draft:write')
    .input(RenameDraft)
    .output(DraftSummary)
    .mutation(({ ctx, input }) => renameDraft(ctx.db, ctx.actor, input)),
  close: can('draft:write')
    .input(GetDraft)
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
    .input(FollowDraft)
    .subscription(async function* ({ ctx, input, signal }) {
      const { id } = await findDraft(ctx.db, ctx.actor, input.draftId)
      yield* followChannel<DraftEvent>(ctx.live, draftChannel(id), {
        lastEventId: input.lastEventId,
        handsOver: ctx.handsOver,
        signal,
        userId: ctx.actor.id,
        allowed: (userIds) => collaboratorsAmong(ctx.db, id, userIds),
      })
    }),
})
