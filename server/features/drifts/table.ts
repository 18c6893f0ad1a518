import { type Column, type SQL, sql } from 'drizzle-orm'
import {
  bigint,
  check,
  date,
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
import type { DriftAction, DriftStatus, ResourceState, Severity } from '../../../shared/drifts.ts'
import { createdAt, instant, primaryId, searchIndex, searchWords, updatedAt } from '../../platform/db/columns.ts'
import { users } from '../../platform/identity/table.ts'

const severity = () => text('severity').$type<Severity>().notNull()
const status = () => text('status').$type<DriftStatus>().notNull()

export const drifts = pgTable(
  'drifts',
  {
    id: primaryId(),
    externalId: text('external_id').notNull(),
    resourceType: text('resource_type').notNull(),
    resourceId: text('resource_id').notNull(),
    provider: text('provider').notNull(),
    region: text('region'),
    severity: severity(),
    expected: jsonb('expected').$type<ResourceState>(),
    actual: jsonb('actual').$type<ResourceState>(),
    status: status().default('pending'),
    version: integer('version').notNull().default(1),
    detectedAt: instant('detected_at').notNull().defaultNow(),
    decidedBy: uuid('decided_by').references(() => users.id, { onDelete: 'set null' }),
    decidedAt: instant('decided_at'),
    reason: text('reason'),
    createdAt: createdAt(),
    /** Of one that is not pending: when it was decided on or resolved. */
    updatedAt: updatedAt(),
  },
  (drift) => {
    // Each way to filter the list has an index that is in its order, so that a page costs the same however rare its rows are.
    const order = [drift.detectedAt, drift.id] as const
    return [
      uniqueIndex('drifts_external_id_key').on(drift.externalId),
      index('drifts_detected_at_idx').on(...order),
      index('drifts_status_idx').on(drift.status, ...order),
      index('drifts_severity_idx').on(drift.severity, ...order),
      index('drifts_provider_idx').on(drift.provider, ...order),
      index('drifts_status_severity_idx').on(drift.status, drift.severity, ...order),
      index('drifts_status_provider_idx').on(drift.status, drift.provider, ...order),
      index('drifts_severity_provider_idx').on(drift.severity, drift.provider, ...order),
      index('drifts_status_severity_provider_idx').on(drift.status, drift.severity, drift.provider, ...order),
      searchIndex('drifts_words_idx', driftWords(drift)),
      index('drifts_decided_by_idx').on(drift.decidedBy),
      index('drifts_done_idx').on(drift.updatedAt).where(sql`status <> 'pending'`),
      check('drifts_severity_check', sql`${drift.severity} in ('low', 'medium', 'high', 'critical')`),
      check('drifts_status_check', sql`${drift.status} in ('pending', 'approved', 'rejected', 'resolved')`),
    ]
  },
)

/** What was done about a drift, for its page. Of one that is deleted, the audit log has it. */
export const driftHistory = pgTable(
  'drift_history',
  {
    id: primaryId(),
    driftId: uuid('drift_id')
      .notNull()
      .references(() => drifts.id, { onDelete: 'cascade' }),
    action: text('action').$type<DriftAction>().notNull(),
    actorId: uuid('actor_id').references(() => users.id, { onDelete: 'set null' }),
    reason: text('reason'),
    createdAt: createdAt(),
  },
  (entry) => [
    index('drift_history_drift_id_idx').on(entry.driftId, entry.id),
    index('drift_history_actor_id_idx').on(entry.actorId),
    check(
      'drift_history_action_check',
      sql`${entry.action} in ('approved', 'rejected', 'undone', 'reopened', 'reported', 'resolved')`,
    ),
  ],
)

/** How many drifts there are of a kind: kept in the transaction of each change, so that no list and no summary counts them. */
export const driftCounts = pgTable(
  'drift_counts',
  {
    provider: text('provider').notNull(),
    status: status(),
    severity: severity(),
    n: bigint('n', { mode: 'number' }).notNull(),
  },
  (count) => [primaryKey({ columns: [count.provider, count.status, count.severity] })],
)

/** What happened on a day in UTC. It stays when a decision is void later, and when its drift is not kept any more. */
export const driftDays = pgTable('drift_days', {
  day: date('day').primaryKey(),
  detected: bigint('detected', { mode: 'number' }).notNull().default(0),
  approved: bigint('approved', { mode: 'number' }).notNull().default(0),
  rejected: bigint('rejected', { mode: 'number' }).notNull().default(0),
  /** From detection to decision, of all that were decided on. */
  secondsToDecision: doublePrecision('seconds_to_decision').notNull().default(0),
})

type Words = Record<'resourceId' | 'resourceType' | 'provider' | 'region' | 'externalId', Column>

/** What anybody may read of a drift, and so no state and no reason. */
export function driftWords({ resourceId, resourceType, provider, region, externalId }: Words): SQL {
  return searchWords([resourceId, resourceType, provider, region, externalId])
}

export type DriftRow = typeof drifts.$inferSelect
