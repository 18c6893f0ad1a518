import { sql } from 'drizzle-orm'
import { bigint, boolean, check, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import type { Severity } from '../../../shared/drifts.ts'
import { createdAt, instant, primaryId } from '../../platform/db/columns.ts'
import { users } from '../../platform/identity/table.ts'
import { drifts } from '../drifts/table.ts'

export const alerts = pgTable(
  'alerts',
  {
    id: primaryId(),
    driftId: uuid('drift_id').references(() => drifts.id, { onDelete: 'set null' }),
    severity: text('severity').$type<Severity>().notNull(),
    title: text('title').notNull(),
    message: text('message').notNull(),
    /** Its drift was decided or resolved after the alert was raised, so no user has to act on it. */
    isSettled: boolean('is_settled').notNull().default(false),
    createdAt: createdAt(),
  },
  (alert) => [
    index('alerts_drift_id_idx').on(alert.driftId),
    index('alerts_is_settled_idx').on(alert.isSettled, alert.id).concurrently(),
    index('alerts_is_settled_severity_idx').on(alert.isSettled, alert.severity, alert.id).concurrently(),
    index('alerts_severity_idx').on(alert.severity, alert.id),
    index('alerts_created_at_idx').on(alert.createdAt),
    check('alerts_severity_check', sql`${alert.severity} in ('low', 'medium', 'high', 'critical')`),
  ],
)

export const alertReads = pgTable(
  'alert_reads',
  {
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    alertId: uuid('alert_id')
      .notNull()
      .references(() => alerts.id, { onDelete: 'cascade' }),
    readAt: instant('read_at').notNull().defaultNow(),
  },
  (read) => [primaryKey({ columns: [read.userId, read.alertId] }), index('alert_reads_alert_id_idx').on(read.alertId)],
)

/** How many alerts there are, changed in the transaction that changes them, so that no request counts rows. */
export const alertCounts = pgTable('alert_counts', {
  severity: text('severity').$type<Severity>().primaryKey(),
  n: bigint('n', { mode: 'number' }).notNull(),
  /** Of these, the alerts that are not settled. */
  open: bigint('open', { mode: 'number' }).notNull(),
})

/** How many of the alerts that are not settled a user has read. */
export const alertReadCounts = pgTable('alert_read_counts', {
  userId: uuid('user_id')
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  n: bigint('n', { mode: 'number' }).notNull(),
})

export type AlertRow = typeof alerts.$inferSelect
