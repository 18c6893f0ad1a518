import { summaryDays } from '../../../shared/metrics.ts'
import type { Job } from '../../platform/jobs/recurring.ts'
import { trimAlerts } from '../alerts/service.ts'
import { forgetOldFigures } from './figures.ts'
import { trimDrifts } from './retention.ts'

/** Drifts done, and alerts made, longer ago than `keptMs`; and days that no summary shows. */
export const forgetOldDrifts = (keptMs: number): Job => ({
  name: 'forget old drifts',
  everyMs: 3_600_000,
  deletes: true,
  async work(db, signal) {
    const forgotten = (await trimDrifts(db, keptMs, signal)) + (await trimAlerts(db, keptMs, signal))
    await forgetOldFigures(db, 2 * summaryDays)
    return forgotten
  },
})
