/**
 * Deletes old alerts, with the rows of who has read them, and counts both out in the same transaction. An alert that a user is marking as
 * read is left to the next round. Several instances may work at once.
 */
import { sql } from 'drizzle-orm'
import type { Severity } from '../../../shared/drifts.ts'
import type { Database } from '../../platform/db/database.ts'
import { rowsOf } from '../../platform/db/rows.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { addAlerts, removeReads } from './counts.ts'
import { type AlertRow, alerts } from './table.ts'

const perTransaction = 500

/** Those older than `keptMs`, until `signal`. Returns how many went. */
export async function trimAlerts(db: Database, keptMs: number, signal: AbortSignal): Promise<number> {
  for (let trimmed = 0; ; ) {
    const gone = await withTransaction(db, (tx) => trimSome(tx, keptMs))
    trimmed += gone
    if (gone === 0 || signal.aborted) return trimmed
  }
}

async function trimSome(tx: Database, keptMs: number): Promise<number> {
  const old = rowsOf<Pick<AlertRow, 'id' | 'severity' | 'isSettled'>>(
    await tx.execute(sql`
      select id, severity, is_settled as "isSettled" from ${alerts}
      where created_at < now() - make_interval(secs => ${keptMs / 1000}::float8)
      order by created_at limit ${perTransaction}::int for update skip locked`),
  )
  if (old.length === 0) return 0
  const open = old.filter(({ isSettled }) => !isSettled)
  await removeReads(
    tx,
    open.map(({ id }) => id),
  )
  // With the rows of who has read them.
  await tx.execute(sql`delete from ${alerts} where id = any(${sql.param(old.map(({ id }) => id))}::uuid[])`)
  const severities = [...new Set(old.map(({ severity }) => severity))]
  const countIn = (rows: typeof old, severity: Severity) => rows.filter((row) => row.severity === severity).length
  await addAlerts(
    tx,
    severities.map((severity) => ({ severity, n: -countIn(old, severity), open: -countIn(open, severity) })),
  )
  return old.length
}
