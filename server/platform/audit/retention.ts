import { sql } from 'drizzle-orm'
import { newId } from '../db/columns.ts'
import { rowsOf } from '../db/rows.ts'
import type { Job } from '../jobs/recurring.ts'

const atOnce = 10_000

/**
 * Deletes records older than `keptMs`, which is 90 days at least, by the one function of the database that may. It adds a record of what it
 * deleted, in the same transaction.
 */
export const deleteOldRecords = (keptMs: number): Job => ({
  name: 'delete old records of the audit log',
  everyMs: 3_600_000,
  deletes: true,
  async work(db, signal) {
    for (let all = 0; ; ) {
      const [row] = rowsOf<{ deleted: number }>(
        await db.execute(
          sql`select delete_old_audit_logs(make_interval(secs => ${keptMs / 1000}), ${newId()}::uuid, ${atOnce}) as deleted`,
        ),
      )
      const deleted = Number(row?.deleted ?? 0)
      all += deleted
      if (deleted < atOnce || signal.aborted) return all
    }
  },
})
