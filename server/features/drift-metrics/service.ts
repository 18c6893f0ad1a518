/** The figures of drift review, from what the drifts feature has counted: nothing here looks at a drift. */

import type { z } from 'zod'
import { DriftStatus, Severity } from '../../../shared/drifts.ts'
import { type MetricsSummary, summaryDays } from '../../../shared/metrics.ts'
import type { Database } from '../../platform/db/database.ts'
import { countKinds, listProviders, readDays } from '../drifts/service.ts'

export async function summarise(db: Database): Promise<z.infer<typeof MetricsSummary>> {
  const kinds = await countKinds(db)
  const days = await readDays(db, summaryDays)
  const count = (fits: (kind: (typeof kinds)[number]) => boolean) =>
    kinds.filter(fits).reduce((sum, { n }) => sum + n, 0)
  const bySeverity = (of: typeof kinds) =>
    Object.fromEntries(
      Severity.options.map((severity) => [
        severity,
        of.filter((kind) => kind.severity === severity).reduce((sum, { n }) => sum + n, 0),
      ]),
    ) as Record<Severity, number>
  const decided = days.reduce((sum, { approved, rejected }) => sum + approved + rejected, 0)
  const seconds = days.reduce((sum, { secondsToDecision }) => sum + secondsToDecision, 0)
  return {
    total: count(() => true),
    byStatus: Object.fromEntries(
      DriftStatus.options.map((status) => [status, count((kind) => kind.status === status)]),
    ) as Record<DriftStatus, number>,
    bySeverity: bySeverity(kinds),
    pendingBySeverity: bySeverity(kinds.filter(({ status }) => status === 'pending')),
    providers: await listProviders(db),
    meanSecondsToDecision: decided === 0 ? null : seconds / decided,
    trend: days.map(({ day, detected, approved, rejected }) => ({ day, detected, approved, rejected })),
  }
}
