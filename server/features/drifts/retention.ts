/**
 * Drifts that were decided on or resolved long ago go, and are counted out in the same transaction; pending ones stay. One that is
 * being changed waits for the next round; several instances may work at once.
 */
import { sql } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import { rowsOf } from '../../platform/db/rows.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { addCounts, type Kind } from './figures.ts'
import { drifts } from './table.ts'

const perTransaction = 500

/** Those done longer ago than `keptMs`, until `signal`. Returns how many went. */
export async function trimDrifts(db: Database, keptMs: number, signal: AbortSignal): Promise<number> {
  for (let trimmed = 0; ; ) {
    const gone = await withTransaction(db, (tx) => trimSome(tx, keptMs))
    trimmed += gone
    if (gone === 0 || signal.aborted) return trimmed
  }
}

async function trimSome(tx: Database, keptMs: number): Promise<number> {
  const gone = rowsOf<Kind & { n: number }>(
    await tx.execute(sql`
      with old as (
        select id from ${drifts}
        where status <> 'pending' and updated_at < now() - make_interval(secs => ${keptMs / 1000}::float8)
        order by updated_at limit ${perTransaction}::int for update skip locked
      ), gone as (
        delete from ${drifts} using old where ${drifts.id} = old.id returning provider, status, severity
      )
      select provider, status, severity, count(*)::int as n from gone group by provider, status, severity`),
  )
  await addCounts(
    tx,
    gone.map((kind) => ({ ...kind, n: -kind.n })),
  )
  return gone.reduce((sum, { n }) => sum + n, 0)
}
