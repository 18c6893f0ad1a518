/**
 * What is counted of drifts, kept in the transaction of each change at its very end, so that whoever lists or sums up reads some rows
 * however many drifts there are. The rows are many writers' own: they are taken after the channel of drifts, and in one order.
 */
import { and, eq, gt, lt, type SQL, sql } from 'drizzle-orm'
import type { DriftStatus, Severity } from '../../../shared/drifts.ts'
import type { Database } from '../../platform/db/database.ts'
import { type Given, preparedQuery } from '../../platform/db/prepared.ts'
import { rowsOf } from '../../platform/db/rows.ts'
import { beforeCommit } from '../../platform/db/transaction.ts'
import { driftsChannel } from './channel.ts'
import { type DriftRow, driftCounts, driftDays } from './table.ts'

export type Kind = Pick<DriftRow, 'provider' | 'status' | 'severity'>
type Count = Kind & { n: number }

/** `before` and `after` the change: null for one that was not there, or is not any more. */
export const countChange = (tx: Database, before: Kind | null, after: Kind | null) =>
  countChanges(tx, [{ before, after }])

export async function countChanges(tx: Database, changes: readonly { before: Kind | null; after: Kind | null }[]) {
  const counts = new Map<string, Count>()
  const add = (kind: Kind | null, by: number) => {
    if (kind) counts.set(orderOf(kind), countOf(kind, (counts.get(orderOf(kind))?.n ?? 0) + by))
  }
  for (const { before, after } of changes) {
    add(before, -1)
    add(after, 1)
  }
  const changed = [...counts.values()].filter(({ n }) => n !== 0)
  if (changed.length > 0) await beforeCommit(tx, `${driftsChannel} counts`, (last) => addCounts(last, changed))
}

export async function addCounts(tx: Database, counts: readonly Count[]): Promise<void> {
  if (counts.length === 0) return
  await tx
    .insert(driftCounts)
    .values(counts.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1)))
    .onConflictDoUpdate({
      target: [driftCounts.provider, driftCounts.status, driftCounts.severity],
      set: { n: sql`${driftCounts.n} + excluded.n` },
    })
}

const countOf = ({ provider, status, severity }: Kind, n: number): Count => ({ provider, status, severity, n })
const orderOf = ({ provider, status, severity }: Kind) => JSON.stringify([provider, status, severity])

/** Of one that was decided. A detector's clock may be ahead. */
export const secondsUntilDecision = ({ decidedAt, detectedAt }: Pick<DriftRow, 'decidedAt' | 'detectedAt'>) =>
  Math.max(0, (decidedAt ?? detectedAt).getTime() - detectedAt.getTime()) / 1000

type OfDay = Partial<Omit<typeof driftDays.$inferSelect, 'day'>>

/** That something happened `at`: on its day in UTC. */
export async function countOnDay(tx: Database, at: Date, happened: OfDay): Promise<void> {
  const { detected, approved, rejected, secondsToDecision } = driftDays
  await beforeCommit(tx, `${driftsChannel} days`, async (last) => {
    await last
      .insert(driftDays)
      .values({ day: at.toISOString().slice(0, 10), ...happened })
      .onConflictDoUpdate({
        target: driftDays.day,
        set: {
          detected: sql`${detected} + excluded.detected`,
          approved: sql`${approved} + excluded.approved`,
          rejected: sql`${rejected} + excluded.rejected`,
          secondsToDecision: sql`${secondsToDecision} + excluded.seconds_to_decision`,
        },
      })
  })
}

type Filters = Partial<Kind>

export async function countDrifts(db: Database, { status, severity, provider }: Filters): Promise<number> {
  const [row] = await readCount(db, { status, severity, provider })
  return row?.n ?? 0
}

const readCount = preparedQuery('drift_count', (db, { status, severity, provider }: Given<Partial<Kind>>) =>
  db
    .select({ n: total })
    .from(driftCounts)
    .where(
      and(
        status && eq(driftCounts.status, status),
        severity && eq(driftCounts.severity, severity),
        provider && eq(driftCounts.provider, provider),
      ),
    ),
)

/** By status and severity. */
export async function countKinds(db: Database): Promise<{ status: DriftStatus; severity: Severity; n: number }[]> {
  const { status, severity } = driftCounts
  return db.select({ status, severity, n: total }).from(driftCounts).groupBy(status, severity)
}

const providersAtMost = 100

/** By name. */
export async function listProviders(db: Database): Promise<string[]> {
  const { provider, n } = driftCounts
  const rows = await db
    .selectDistinct({ provider })
    .from(driftCounts)
    .where(gt(n, 0))
    .orderBy(provider)
    .limit(providersAtMost)
  return rows.map((row) => row.provider)
}

/** The last `days` by the database's clock, today last, none left out. */
export async function readDays(db: Database, days: number): Promise<(typeof driftDays.$inferSelect)[]> {
  const rows = await db.execute(sql`
    select on_day::date::text as day, coalesce(detected, 0)::int as detected, coalesce(approved, 0)::int as approved,
      coalesce(rejected, 0)::int as rejected, coalesce(seconds_to_decision, 0) as seconds
    from generate_series(${today} - ${days - 1}::int, ${today}, interval '1 day') as on_day
    left join ${driftDays} on ${driftDays.day} = on_day::date
    order by on_day`)
  return rowsOf<OfDayRead>(rows).map(({ seconds, ...day }) => ({ ...day, secondsToDecision: Number(seconds) }))
}

type OfDayRead = Omit<typeof driftDays.$inferSelect, 'secondsToDecision'> & { seconds: number | string }

/** Days that no summary shows any more, and kinds of which there are none. */
export async function forgetOldFigures(db: Database, days: number): Promise<void> {
  await db.delete(driftDays).where(lt(driftDays.day, sql`${today} - ${days}::int`))
  await db.delete(driftCounts).where(eq(driftCounts.n, 0))
}

const total = sql<number>`coalesce(sum(${driftCounts.n}), 0)::bigint`.mapWith(Number)
const today: SQL = sql`(now() at time zone 'utc')::date`
