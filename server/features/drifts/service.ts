/**
 * Drifts as they are read. Detectors report them (report.ts), engineers decide on them (decide.ts), and old ones go (jobs.ts); whatever
 * changes one holds its row to the commit, so versions, counts and events of one drift have one order.
 */
import { and, desc, eq, getTableColumns, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Decision, Drift, Drifts, ListDrifts } from '../../../shared/drifts.ts'
import { hideSecrets } from '../../../shared/hidden-values.ts'
import { Id } from '../../../shared/id.ts'
import { Instant } from '../../../shared/instant.ts'
import type { Database } from '../../platform/db/database.ts'
import { offsetOf, placeOf, toList } from '../../platform/db/page.ts'
import { type Given, preparedQuery } from '../../platform/db/prepared.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { users } from '../../platform/identity/table.ts'
import { presentCursor } from '../../platform/live/channel-store.ts'
import { driftsChannel } from './channel.ts'
import { listDifferences } from './differences.ts'
import { countDrifts } from './figures.ts'
import { toSummary } from './rows.ts'
import { drifts } from './table.ts'

export { driftsChannel } from './channel.ts'
export { approveDrift, rejectDrift } from './decide.ts'
export { countKinds, readDays } from './figures.ts'
export { handOverDecisions } from './hand-over.ts'
export { reportDrift, resolveDrift } from './report.ts'
export { revealValue } from './reveal.ts'

const { expected: _e, actual: _a, decidedBy: _d, reason: _r, ...listed } = getTableColumns(drifts)

/** What was detected last comes first. */
export async function listDrifts(db: Database, asked: ListDrifts): Promise<Drifts> {
  const { status, severity, provider, limit } = asked
  const after = placeOf(asked, Place)
  const cursor = await presentCursor(db, driftsChannel)
  const total = await countDrifts(db, asked)
  const [detectedAt, id] = after ?? []
  const rows = await readPage(db, {
    status,
    severity,
    provider,
    detectedAt,
    id,
    offset: offsetOf(asked),
    limit: limit + 1,
  })
  const list = toList(rows, asked, {
    total,
    placeOf: ({ detectedAt, id }) => [detectedAt.toISOString(), id],
    toItem: toSummary,
  })
  return { ...list, cursor }
}

interface Page {
  status: string | undefined
  severity: string | undefined
  provider: string | undefined
  /** After both of these. */
  detectedAt: string | undefined
  id: string | undefined
  offset: number
  limit: number
}

const readPage = preparedQuery(null, (db, { status, severity, provider, detectedAt, id, offset, limit }: Given<Page>) =>
  db
    .select(listed)
    .from(drifts)
    .where(
      and(
        status && eq(drifts.status, status),
        severity && eq(drifts.severity, severity),
        provider && eq(drifts.provider, provider),
        id && sql`(${drifts.detectedAt}, ${drifts.id}) < (${detectedAt}::timestamptz, ${id}::uuid)`,
      ),
    )
    .orderBy(desc(drifts.detectedAt), desc(drifts.id))
    .offset(offset)
    .limit(limit),
)

/** Where in its order a list goes on. */
const Place = z.tuple([Instant, Id])

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
