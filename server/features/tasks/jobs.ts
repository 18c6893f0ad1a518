import { inArray, lt } from 'drizzle-orm'
import type { Job } from '../../platform/jobs/recurring.ts'
import { undoneBefore } from './service.ts'
import { tasks } from './table.ts'

const perStatement = 1000

/** Nobody can restore them any more. */
export const purgeDeletedTasks: Job = {
  name: 'purge deleted tasks',
  everyMs: 3_600_000,
  deletes: true,
  async work(db, signal) {
    for (let purged = 0; ; ) {
      const old = db.select({ id: tasks.id }).from(tasks).where(lt(tasks.deletedAt, undoneBefore())).limit(perStatement)
      const ids = await db.delete(tasks).where(inArray(tasks.id, old)).returning({ id: tasks.id })
      purged += ids.length
      if (ids.length < perStatement || signal.aborted) return purged
    }
  },
}
