import {
  ApproveDrift,
  DecideDrifts,
  Decision,
  Drift,
  type DriftEvent,
  DriftEvents,
  DriftHistory,
  DriftResults,
  DriftSummary,
  Drifts,
  FollowDrifts,
  GetDrift,
  ListDrifts,
  RejectDrift,
  ReopenDrift,
  ReportDrift,
  ResolveDrift,
  RevealedValue,
  RevealValue,
  UndoDecisions,
} from '../../../shared/drifts.ts'
import { follow } from '../../platform/live/follow.ts'
import { pollChannel } from '../../platform/live/poll.ts'
import { can, publicRead, recorded, router } from '../../trpc.ts'
import {
  approveDrift,
  decideDrifts,
  driftsChannel,
  getDecision,
  getDrift,
  getHistory,
  listDrifts,
  rejectDrift,
  reopenDrift,
  reportDrift,
  resolveDrift,
  revealValue,
  undoDecisions,
} from './service.ts'

const path = '/api/v1/drifts'
const drift = `${path}/{driftId}` as const
const audit = { noun: 'drift', id: 'driftId' }

export const driftsRouter = router({
  list: publicRead('drift:read')
    .meta({ rest: { method: 'GET', path, summary: 'Drifts, those detected last first' }, mcp: {} })
    .input(ListDrifts)
    .output(Drifts)
    .query(({ ctx, input }) => listDrifts(ctx.db, input)),
  get: publicRead('drift:read')
    .meta({
      rest: {
        method: 'GET',
        path: drift,
        summary: 'A drift and where its states differ; both states if you are signed in',
      },
      mcp: {},
    })
    .input(GetDrift)
    .output(Drift)
    .query(({ ctx, input }) => getDrift(ctx.db, input.driftId, ctx.actor !== null)),
  /** A mutation, for it is recorded. */
  reveal: can('drift:decide')
    .meta({
      audit: { noun: 'drift', id: 'driftId', secret: true },
      rest: {
        method: 'POST',
        path: `${drift}/reveal`,
        summary: 'Reveal one value of a state; the audit log records the path',
      },
    })
    .input(RevealValue)
    .use(recorded)
    .output(RevealedValue)
    .mutation(({ ctx, input }) => revealValue(ctx.db, ctx.actor, ctx.origin, input)),
  decision: can('drift:read')
    .meta({ rest: { method: 'GET', path: `${drift}/decision`, summary: 'Who decided on a drift, and why' } })
    .input(GetDrift)
    .output(Decision)
    .query(({ ctx, input }) => getDecision(ctx.db, input.driftId)),
  history: can('drift:read')
    .meta({
      rest: {
        method: 'GET',
        path: `${drift}/history`,
        summary: 'What was done about a drift, the newest first',
      },
    })
    .input(GetDrift)
    .output(DriftHistory)
    .query(({ ctx, input }) => getHistory(ctx.db, input.driftId)),
  report: can('drift:report')
    .meta({
      // States are long, and hold what their resources hold.
      audit: { noun: 'drift', leaveOut: ['expected', 'actual'] },
      rest: {
        method: 'POST',
        path,
        status: 201,
        summary: 'Report what runs otherwise than expected; the same externalId is the same drift',
        errors: ['NOTHING_DRIFTED'],
      },
    })
    .input(ReportDrift)
    .use(recorded)
    .output(DriftSummary)
    .mutation(({ ctx, input }) => reportDrift(ctx.db, ctx.actor, input)),
  approve: can('drift:decide')
    .meta({
      audit,
      rest: {
        method: 'POST',
        path: `${drift}/approve`,
        summary: 'Approve a pending drift: it may stay as it is',
        errors: ['ALREADY_DECIDED'],
      },
    })
    .input(ApproveDrift)
    .use(recorded)
    .output(DriftSummary)
    .mutation(({ ctx, input }) => approveDrift(ctx.db, ctx.actor, input)),
  reject: can('drift:decide')
    .meta({
      audit,
      rest: {
        method: 'POST',
        path: `${drift}/reject`,
        summary: 'Reject a pending drift: it has to be undone',
        errors: ['ALREADY_DECIDED'],
      },
    })
    .input(RejectDrift)
    .use(recorded)
    .output(DriftSummary)
    .mutation(({ ctx, input }) => rejectDrift(ctx.db, ctx.actor, input)),
  decideMany: can('drift:decide')
    .meta({
      audit: { noun: 'drift', each: true },
      rest: {
        method: 'POST',
        path: `${path}/decide`,
        summary: 'Approve or reject several drifts; each has its own result',
      },
    })
    .input(DecideDrifts)
    .use(recorded)
    .output(DriftResults)
    .mutation(({ ctx, input }) => decideDrifts(ctx.db, ctx.actor, input)),
  undoMany: can('drift:decide')
    .meta({
      audit: { noun: 'drift', each: true },
      rest: {
        method: 'POST',
        path: `${path}/undo`,
        summary: 'Undo your own decisions of the last minute; each drift has its own result',
      },
    })
    .input(UndoDecisions)
    .use(recorded)
    .output(DriftResults)
    .mutation(({ ctx, input }) => undoDecisions(ctx.db, ctx.actor, input)),
  reopen: can('drift:decide')
    .meta({
      audit,
      rest: {
        method: 'POST',
        path: `${drift}/reopen`,
        summary: 'Reopen a drift that was approved or rejected: it is pending again',
        errors: ['NOT_DECIDED'],
      },
    })
    .input(ReopenDrift)
    .use(recorded)
    .output(DriftSummary)
    .mutation(({ ctx, input }) => reopenDrift(ctx.db, ctx.actor, input)),
  resolve: can('drift:report')
    .meta({
      audit,
      rest: { method: 'POST', path: `${drift}/resolve`, summary: 'Say that a drift is gone' },
    })
    .input(ResolveDrift)
    .use(recorded)
    .output(DriftSummary)
    .mutation(({ ctx, input }) => resolveDrift(ctx.db, ctx.actor, input.driftId)),
  /** What came after `lastEventId`, for clients that can hold no stream open. */
  events: can('drift:read')
    .input(FollowDrifts)
    .output(DriftEvents)
    .query(({ ctx, input }) => pollChannel<DriftEvent>(ctx.db, driftsChannel, input.lastEventId)),
  onEvent: can('drift:read')
    .input(FollowDrifts)
    .subscription((call) => follow<DriftEvent>(call, driftsChannel)),
})
