/**
 * Old alerts go, with all marks of who read them, and are counted out in the same transaction. One that somebody marks as read at the
 * moment waits for the next round; several instances may work at once.
 */
import { sql } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import { rowsOf } from '../../platform/db/rows.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { alertCounts, alertReadCounts, alertReads, alerts } from './table.ts'

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
  const old = rowsOf<{ id: string }>(
    await tx.execute(sql`
      select id from ${alerts} where created_at < now() - make_interval(secs => ${keptMs / 1000}::float8)
      order by created_at limit ${perTransaction}::int for update skip locked`),
  )
  if (old.length === 0) return 0
  const ids = sql`${sql.param(old.map(({ id }) => id))}::uuid[]`
  // Each of the two takes its counters in one order, readers' before severities'.
  await tx.execute(sql`
    with gone as (delete from ${alertReads} where alert_id = any(${ids}) returning user_id)
    insert into ${alertReadCounts} (user_id, n)
    select user_id, -count(*) from gone group by user_id order by user_id
    on conflict (user_id) do update set n = ${alertReadCounts.n} + excluded.n`)
  await tx.execute(sql`
    with gone as (delete from ${alerts} where id = any(${ids}) returning severity)
    insert into ${alertCounts} (severity, n)
    select severity, -count(*) from gone group by severity order by severity
    on conflict (severity) do update set n = ${alertCounts.n} + excluded.n`)
  return old.length
}
