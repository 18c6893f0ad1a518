/**
 * Drifts: where something runs otherwise than it was meant to. Detectors report them, engineers decide on them. What anybody may read
 * names no person: who decided, and why, is a question of its own.
 */
import { z } from 'zod'
import { Id, TargetId } from './id.ts'
import { Instant } from './instant.ts'
import { eventsOf, happened, LastEventId } from './live.ts'
import { listOf, listRequest } from './pages.ts'
import { PersonRef } from './person-ref.ts'
import { singleLine, text } from './text.ts'

export const driftLimits = {
  externalIdLength: 300,
  resourceTypeLength: 120,
  resourceIdLength: 300,
  providerLength: 60,
  regionLength: 60,
  searchLength: 200,
  /** That a list with a search has at most. */
  found: 100,
  reasonLength: 2_000,
  /** That one call decides on, or undoes the decisions on. */
  decisions: 100,
  /** After a decision, in which its user can undo it. */
  undoMs: 60_000,
  /** Of each of the two states, as JSON. */
  stateBytes: 65_536,
  stateDepth: 32,
  /** Of which its history lists the newest. */
  history: 100,
  /** That an answer lists, and how long their paths are together. */
  differences: 200,
  differencesLength: 65_536,
  /** A detector's clock may be ahead. */
  aheadMs: 300_000,
} as const

export const DriftStatus = z.enum(['pending', 'approved', 'rejected', 'resolved'])
export type DriftStatus = z.infer<typeof DriftStatus>
/** From the least to the most urgent. */
export const Severity = z.enum(['low', 'medium', 'high', 'critical'])
export type Severity = z.infer<typeof Severity>

/**
 * What is wrong with a state: what a database of JSON cannot keep, or would not give back as it was. Not recursive: what is very deep
 * must be refused, not followed.
 */
function stateFault(state: unknown): string | null {
  let level: unknown[] = [state]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > driftLimits.stateDepth) return tooMuch
    const texts = level.flatMap((value) => (isObject(value) && !Array.isArray(value) ? Object.keys(value) : value))
    if (texts.some((text) => typeof text === 'string' && (text.includes('\0') || !text.isWellFormed()))) {
      return 'Must hold text in Unicode alone, without NUL'
    }
    if (level.some((value) => isObject(value) && Object.hasOwn(value as object, '__proto__')))
      return 'Must not have __proto__ in it'
    if (level.some((value) => typeof value === 'number' && !Number.isFinite(value))) {
      return 'Must hold numbers that are not out of range'
    }
    level = level.flatMap((value) => (isObject(value) ? Object.values(value) : []))
  }
  return new TextEncoder().encode(JSON.stringify(state)).length > driftLimits.stateBytes ? tooMuch : null
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null
const tooMuch = `Must be at most ${driftLimits.stateBytes} bytes of JSON, ${driftLimits.stateDepth} levels deep`

/** What a resource is, or should be. Null: it is not there, or should not be. */
export const ResourceState = z.preprocess(
  // Before a record is made of it, which leaves names out that it cannot have.
  (state: Record<string, unknown> | null, issue) => {
    const fault = state === undefined ? null : stateFault(state)
    if (fault !== null) issue.addIssue(fault)
    return state
  },
  z.record(z.string(), z.unknown()).nullable(),
)
export type ResourceState = z.infer<typeof ResourceState>

export const Resource = z.object({
  type: singleLine(driftLimits.resourceTypeLength).meta({ example: 'security_group' }),
  id: singleLine(driftLimits.resourceIdLength).meta({ example: 'web-frontend' }),
  provider: singleLine(driftLimits.providerLength).meta({ example: 'aws' }),
  region: singleLine(driftLimits.regionLength).nullable().meta({ example: 'eu-central-1' }),
})
export type Resource = z.infer<typeof Resource>

/** As a list shows it. */
export const DriftSummary = z
  .object({
    id: Id,
    /** Its detector's own name for it. */
    externalId: z.string().meta({ example: 'aws/security_group/web-frontend' }),
    resource: Resource,
    severity: Severity,
    status: DriftStatus,
    /** Grows with each change. */
    version: z.int(),
    detectedAt: Instant,
    /** Null while it is pending. */
    decidedAt: Instant.nullable(),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'DriftSummary' })
export type DriftSummary = z.infer<typeof DriftSummary>
export const Drifts = listOf(DriftSummary)
export type Drifts = z.infer<typeof Drifts>

export const JsonType = z.enum(['object', 'array', 'string', 'number', 'boolean', 'null'])
export type JsonType = z.infer<typeof JsonType>

/** From the top of a state. */
const StatePath = z.array(z.union([z.string(), z.int().min(0)])).meta({
  description: 'Names of properties and, in arrays, indexes; empty for the whole resource',
  example: ['ingress', 1],
})

/** No value, for it is public. */
export const StateDifference = z
  .object({
    path: StatePath,
    change: z.enum(['added', 'removed', 'changed']),
    expected: JsonType.nullable().meta({
      description: 'The type of what is expected; null where nothing is',
      example: null,
    }),
    actual: JsonType.nullable().meta({
      description: 'The type of what is there; null where nothing is',
      example: 'string',
    }),
  })
  .meta({ id: 'StateDifference' })
export type StateDifference = z.infer<typeof StateDifference>

const visibleState = (which: string) =>
  z
    .record(z.string(), z.unknown())
    .nullable()
    .optional()
    .meta({
      description: `${which}. Absent for callers who are not signed in; for others \`[hidden]\` stands in place of each value that looks like a secret, and equal secrets of the same place in both states look the same`,
    })

export const Drift = DriftSummary.extend({
  differences: z.array(StateDifference).max(driftLimits.differences),
  /** That are not listed. */
  moreDifferences: z.int().min(0).meta({ example: 0 }),
  expected: visibleState('What the resource should be, or null where it should not be there'),
  actual: visibleState('What the resource is, or null where it is not there'),
}).meta({ id: 'Drift' })
export type Drift = z.infer<typeof Drift>

/** Who decided and why: for whoever is signed in. Nulls while nobody has. */
export const Decision = z
  .object({
    driftId: Id,
    status: DriftStatus,
    decidedAt: Instant.nullable(),
    /** Null also when the account is gone. */
    decidedBy: PersonRef.nullable(),
    reason: z.string().nullable().meta({ example: 'Opened on purpose for the audit of this week' }),
  })
  .meta({ id: 'Decision' })
export type Decision = z.infer<typeof Decision>

export const ListedStatus = z.enum([...DriftStatus.options, 'decided'])
export type ListedStatus = z.infer<typeof ListedStatus>
export const DriftOrder = z.enum(['detected', 'severity'])
export type DriftOrder = z.infer<typeof DriftOrder>

export const ListDrifts = listRequest({
  status: ListedStatus.optional().meta({ description: '`decided`: those that are approved or rejected' }),
  severity: Severity.optional(),
  provider: Resource.shape.provider.optional(),
  search: singleLine(driftLimits.searchLength)
    .optional()
    .meta({
      description: `Words of the resource or the externalId, or how they begin: only drifts that have all of them. Of more than ${driftLimits.found}, so many are listed, with the newest`,
    }),
  sort: DriftOrder.optional().meta({
    description:
      '`severity`: the most severe first, of each severity those detected last. Otherwise those detected last',
  }),
})
  .refine(({ page = 1, status, sort }) => page === 1 || (status !== 'decided' && sort !== 'severity'), {
    path: ['page'],
    message: 'Such a list has no pages by number: send the cursor of the page before',
  })
  .prefault({})
export type ListDrifts = z.infer<typeof ListDrifts>

const driftId = { driftId: TargetId }
export const GetDrift = z.object(driftId)
export const ReportDrift = z.object({
  externalId: singleLine(driftLimits.externalIdLength).meta({
    description: "The detector's own name for it: the same one is the same drift",
    example: 'aws/security_group/web-frontend',
  }),
  resource: Resource,
  severity: Severity,
  expected: ResourceState.meta({ example: { ingress: ['443/tcp'] } }),
  actual: ResourceState.meta({ example: { ingress: ['443/tcp', '22/tcp'] } }),
  detectedAt: Instant.refine((at) => Date.parse(at) >= 0, 'Must not be before 1970')
    .refine((at) => Date.parse(at) <= Date.now() + driftLimits.aheadMs, 'Must not be in the future')
    .optional()
    .meta({ description: 'Now, without it' }),
})
export type ReportDrift = z.infer<typeof ReportDrift>
const reason = text(driftLimits.reasonLength).meta({ example: 'Opened on purpose for the audit of this week' })
export const ApproveDrift = z.object({ ...driftId, reason: reason.optional() })
export type ApproveDrift = z.infer<typeof ApproveDrift>
export const RejectDrift = z.object({ ...driftId, reason })
export type RejectDrift = z.infer<typeof RejectDrift>
const driftIds = z.array(TargetId).min(1).max(driftLimits.decisions)
export const DecideDrifts = z
  .object({ driftIds, verdict: z.enum(['approved', 'rejected']), reason: reason.optional() })
  .refine(({ verdict, reason }) => verdict === 'approved' || reason !== undefined, {
    path: ['reason'],
    message: 'A rejection needs a reason',
  })
export type DecideDrifts = z.infer<typeof DecideDrifts>
export const UndoDecisions = z.object({ driftIds })
export type UndoDecisions = z.infer<typeof UndoDecisions>
export const ReopenDrift = z.object({
  ...driftId,
  reason: text(driftLimits.reasonLength).meta({ example: 'The audit has ended' }),
})
export type ReopenDrift = z.infer<typeof ReopenDrift>
export const ResolveDrift = z.object(driftId)

/** What became of each drift of a call about several, in the order of the call. */
export const DriftResults = z
  .object({
    results: z.array(
      z.object({
        driftId: Id,
        /** Null where nothing was changed. */
        drift: DriftSummary.nullable(),
        /** Null where it was changed. */
        error: z
          .object({
            code: z.enum(['NOT_FOUND', 'ALREADY_DECIDED', 'NOT_UNDOABLE']),
            message: z.string().meta({ example: 'Somebody has decided on this drift already. Reload to see how.' }),
          })
          .nullable(),
      }),
    ),
  })
  .meta({ id: 'DriftResults' })
export type DriftResults = z.infer<typeof DriftResults>

/** What has been done about a drift. `undone` and `reopened` take the decision before them back; `reported` and `resolved` are of detectors. */
export const DriftAction = z.enum(['approved', 'rejected', 'undone', 'reopened', 'reported', 'resolved'])
export type DriftAction = z.infer<typeof DriftAction>
export const DriftHistory = z
  .object({
    items: z.array(
      z.object({
        id: Id,
        action: DriftAction,
        at: Instant,
        /** Null for the operator of the server, and after the account was deleted. */
        by: PersonRef.nullable(),
        reason: z.string().nullable().meta({ example: 'Opened on purpose for the audit of this week' }),
      }),
    ),
  })
  .meta({ id: 'DriftHistory' })
export type DriftHistory = z.infer<typeof DriftHistory>
export const RevealValue = z.object({
  ...driftId,
  side: z.enum(['expected', 'actual']),
  path: z
    .array(z.union([z.string().max(driftLimits.stateBytes), z.int().min(0)]))
    .max(driftLimits.stateDepth)
    .meta({
      description: 'Names of properties and, in arrays, indexes, to a value that holds no others',
      example: ['database', 'password'],
    }),
})
export type RevealValue = z.infer<typeof RevealValue>
export const RevealedValue = z
  .object({
    driftId: Id,
    side: RevealValue.shape.side,
    path: StatePath,
    value: z.union([z.string(), z.number(), z.boolean(), z.null()]).meta({ example: 'pa55-w0rd' }),
  })
  .meta({ id: 'RevealedValue' })
export type RevealedValue = z.infer<typeof RevealedValue>
export const FollowDrifts = z.object({ lastEventId: LastEventId }).prefault({})

/** What happens to drifts, for whoever is signed in. */
export const DriftEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('drift.created'), ...happened, drift: DriftSummary }),
  /** Its detector has seen something else since, or a user has reopened it: a decision on what it was before is void. */
  z.object({ type: z.literal('drift.updated'), ...happened, drift: DriftSummary }),
  z.object({
    type: z.literal('drift.approved'),
    ...happened,
    id: Id,
    status: z.literal('approved'),
    version: z.int(),
    approvedAt: Instant,
    approvedBy: Id,
    approver: PersonRef,
  }),
  z.object({
    type: z.literal('drift.rejected'),
    ...happened,
    id: Id,
    status: z.literal('rejected'),
    version: z.int(),
    rejectedAt: Instant,
    rejectedBy: Id,
    rejecter: PersonRef,
    reason: z.string(),
  }),
  /** It is as it was meant to be again. */
  z.object({ type: z.literal('drift.resolved'), ...happened, id: Id, status: z.literal('resolved'), version: z.int() }),
])
export type DriftEvent = z.infer<typeof DriftEvent>
export const DriftEvents = eventsOf(DriftEvent)
