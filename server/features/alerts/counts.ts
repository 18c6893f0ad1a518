/** Counters of alerts and of what users have read. Transactions change them at their end, those of severities before those of users. */
import { eq, sql } from 'drizzle-orm'
import type { Severity } from '../../../shared/drifts.ts'
import type { Database } from '../../platform/db/database.ts'
import { rowsOf } from '../../platform/db/rows.ts'
import { beforeCommit } from '../../platform/db/transaction.ts'
import { alertCounts, alertReadCounts, alertReads } from './table.ts'

interface Change {
  severity: Severity
  /** Alerts that were added, or removed if negative. */
  n: number
  /** As `n`, of those that are not settled. */
  open: number
}

// These names are the order of the locks: see `beforeCommit`.
const severitiesOrder = 'alerts: 1 severities'
const usersOrder = 'alerts: 2 users'

export const addAlerts = (tx: Database, changes: readonly Change[]): Promise<void> =>
  beforeCommit(tx, severitiesOrder, async (last) => {
    for (const change of changes.toSorted((a, b) => (a.severity < b.severity ? -1 : 1)))
      await last
        .insert(alertCounts)
        .values(change)
        .onConflictDoUpdate({
          target: alertCounts.severity,
          set: { n: sql`${alertCounts.n} + excluded.n`, open: sql`${alertCounts.open} + excluded.open` },
        })
  })

/** Reads of alerts that are not settled. */
export const addReads = (tx: Database, userId: string, n: number): Promise<void> =>
  beforeCommit(tx, `${usersOrder} ${userId}`, async (last) => {
    await last
      .insert(alertReadCounts)
      .values({ userId, n })
      .onConflictDoUpdate({ target: alertReadCounts.userId, set: { n: sql`${alertReadCounts.n} + excluded.n` } })
  })

/** Of alerts that are not settled, which the caller has locked for update: they are going to be settled or deleted. */
export async function removeReads(tx: Database, alertIds: readonly string[]): Promise<void> {
  const read = rowsOf<{ userId: string; n: number }>(
    await tx.execute(sql`
      select user_id as "userId", count(*)::int as n from ${alertReads}
      where alert_id = any(${sql.param(alertIds)}::uuid[]) group by user_id`),
  )
  for (const { userId, n } of read) await addReads(tx, userId, -n)
}

/** Alerts that are not settled and that the user has not read. */
export async function countAllUnread(db: Database, { id: userId }: { id: string }): Promise<number> {
  const { n } = alertReadCounts
  const read = db.select({ n }).from(alertReadCounts).where(eq(alertReadCounts.userId, userId))
  const [row] = await db
    .select({ unread: sql<number>`greatest(0, coalesce(sum(${alertCounts.open}), 0) - coalesce((${read}), 0))::int` })
    .from(alertCounts)
  return row?.unread ?? 0
}
