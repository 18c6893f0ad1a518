/** Figures of drift review, for dashboards. They name nobody. */
import { z } from 'zod'
import { DriftStatus, Severity } from './drifts.ts'

export const summaryDays = 30

export const MetricsSummary = z
  .object({
    total: z.int(),
    byStatus: z.record(DriftStatus, z.int()),
    bySeverity: z.record(Severity, z.int()),
    /** Of those that are pending. */
    pendingBySeverity: z.record(Severity, z.int()),
    /** Of which there are drifts, by name; at most 100. */
    providers: z.array(z.string()).meta({ example: ['aws', 'gcp'] }),
    /** From detection to approval or rejection, of those decided within the days of `trend`; null when there were none. */
    meanSecondsToDecision: z.number().nullable(),
    /** The last 30 days in UTC, today last. */
    trend: z.array(z.object({ day: z.iso.date(), detected: z.int(), approved: z.int(), rejected: z.int() })),
  })
  .meta({ id: 'MetricsSummary' })
export type MetricsSummary = z.infer<typeof MetricsSummary>
