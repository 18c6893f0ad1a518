import {
  ApproveDrift,
  Decision,
  Drift,
  type DriftEvent,
  DriftEvents,
  DriftSummary,
  Drifts,
  FollowDrifts,
  GetDrift,
  ListDrifts,
  RejectDrift,
  ReportDrift,
  ResolveDrift,
  RevealedValue,
  RevealValue,
} from '../../../shared/drifts.ts'
import { follow } from '../../platform/live/follow.ts'
import { pollChannel } from '../../platform/live/poll.ts'
import { can, publicRead, recorded, router } from '../../trpc.ts'
import {
  approveDrift,
  driftsChannel,
  getDecision,
  getDrift,
  listDrifts,
  rejectDrift,
  reportDrift,
  resolveDrift,
  revealValue,
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
