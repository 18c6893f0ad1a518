import type { Job } from '../../platform/jobs/recurring.ts'
import { deleteExpiredInvitations } from './invitations.ts'
import { purgeGroups } from './service.ts'

const perStatement = 100

/** Groups that cannot be restored any more, and invitations that have expired. */
export const purgeDeletedGroups: Job = {
  name: 'purge deleted groups',
  everyMs: 3_600_000,
  deletes: true,
  async work(db, signal) {
    let purged = await deleteExpiredInvitations(db)
    for (;;) {
      const deleted = await purgeGroups(db, perStatement)
      purged += deleted
      if (deleted < perStatement || signal.aborted) return purged
    }
  },
}
