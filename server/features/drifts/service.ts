/**
 * Drifts as they are read. Detectors report them (report.ts), engineers decide on them (decide.ts), and old ones go (jobs.ts); whatever
 * changes one holds its row to the commit, so versions, counts and events of one drift have one order.
 */
import { eq } from 'drizzle-orm'
import type { Decision, Drift } from '../../../shared/drifts.ts'
import { hideSecrets } from '../../../shared/hidden-values.ts'
import type { Database } from '../../platform/db/database.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { users } from '../../platform/identity/table.ts'
import { listDifferences } from './differences.ts'
import { toSummary } from './rows.ts'
import { drifts } from './table.ts'

export { driftsChannel } from './channel.ts'
export { approveDrift, decideDrifts, rejectDrift } from './decide.ts'
export { countKinds, listProviders, readDays } from './figures.ts'
export { handOverDecisions } from './hand-over.ts'
export { getHistory } from './history.ts'
export { listDrifts } from './list.ts'
export { reopenDrift, undoDecisions } from './reopen.ts'
export { reportDrift, resolveDrift } from './report.ts'
export { revealValue } from './reveal.ts'
export { searchDrifts } from './search.ts'

/** Anonymous callers get no value of a state: what is secret in it no list of names can tell. @throws AppError NOT_FOUND */
export async function getDrift(db: Database, driftId: string, isSignedIn: boolean): Promise<Drift> {
  const [row] = await db.select().from(drifts).where(eq(drifts.id, driftId))
  if (!row) throw new AppError('NOT_FOUND')
  const drift = { ...toSummary(row), ...listDifferences(row.expected, row.actual) }
  return isSignedIn ? { ...drift, ...hideSecrets(row.expected, row.actual) } : drift
}

/** @throws AppError NOT_FOUND */
export async function getDecision(db: Database, driftId: string): Promise<Decision> {
  const [row] = await db
    .select({
      status: drifts.status,
      decidedAt: drifts.decidedAt,
      reason: drifts.reason,
      decidedBy: { id: users.id, displayName: users.displayName, avatarUrl: users.avatarUrl },
    })
    .from(drifts)
    .leftJoin(users, eq(users.id, drifts.decidedBy))
    .where(eq(drifts.id, driftId))
  if (!row) throw new AppError('NOT_FOUND')
  const { decidedAt, ...rest } = row
  return { driftId, ...rest, decidedAt: decidedAt?.toISOString() ?? null }
}
