/**
 * Drifts: where something runs otherwise than it was meant to. Detectors report them, engineers decide on them. What anybody may read
 * names no person: who decided, and why, is a question of its own.
 */
import { z } from 'zod'
import { Id } from './id.ts'
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
  reasonLength: 2_000,
  /** Of each of the two states, as JSON. */
  stateBytes: 65_536,
  stateDepth: 32,
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

/** For whoever is not signed in, values whose names speak of secrets are left out of both states. */
export const Drift = DriftSummary.extend({
  expected: z.record(z.string(), z.unknown()).nullable(),
  actual: z.record(z.string(), z.unknown()).nullable(),
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

export const ListDrifts = listRequest({
  status: DriftStatus.optional(),
  severity: Severity.optional(),
  provider: Resource.shape.provider.optional(),
}).prefault({})
export type ListDrifts = z.infer<typeof ListDrifts>

const driftId = { driftId: Id }
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
export const ResolveDrift = z.object(driftId)
export const FollowDrifts = z.object({ lastEventId: LastEventId }).prefault({})

/** What happens to drifts, for whoever is signed in. */
export const DriftEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('drift.created'), ...happened, drift: DriftSummary }),
  /** Its detector has seen something else since; a decision on what it was before is void. */
  z.object({ type: z.literal('drift.updated'), ...happened, drift: DriftSummary }),
  z.object({
    type: z.literal('drift.approved'),
    ...happened,
    id: Id,
    status: z.literal('approved'),
    version: z.int(),
    approvedAt: Instant,
    approvedBy: PersonRef,
  }),
  z.object({
    type: z.literal('drift.rejected'),
    ...happened,
    id: Id,
    status: z.literal('rejected'),
    version: z.int(),
    rejectedAt: Instant,
    rejectedBy: PersonRef,
    reason: z.string(),
  }),
  /** It is as it was meant to be again. */
  z.object({ type: z.literal('drift.resolved'), ...happened, id: Id, status: z.literal('resolved'), version: z.int() }),
])
export type DriftEvent = z.infer<typeof DriftEvent>
export const DriftEvents = eventsOf(DriftEvent)
