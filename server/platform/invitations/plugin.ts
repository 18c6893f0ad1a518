/** Handles due invitations: after each commit that made some due, and every few seconds those of other instances. */
import fp from 'fastify-plugin'
import { recurring } from '../jobs/recurring.ts'
import { onInvitationsDue } from './due.ts'
import { deleteOldInvitations, InvitationJob, type InvitationKinds } from './invitation-job.ts'

const pollEveryMs = 5_000
const deleteEveryMs = 3_600_000

export const invitationsPlugin = fp<{ kinds: InvitationKinds }>(
  async (app, { kinds }) => {
    const { db, whenReady } = app.database
    const job = new InvitationJob(db, kinds, app.log)
    onInvitationsDue(db, () => void job.wake().catch((err) => app.log.debug({ err }, 'due invitations not read')))
    const stops = [
      recurring(
        { name: 'handle invitations', everyMs: pollEveryMs, ready: whenReady, work: () => job.wake() },
        app.log,
      ),
      recurring(
        {
          name: 'delete old invitations',
          everyMs: deleteEveryMs,
          ready: whenReady,
          deletesFrom: db,
          async work() {
            const deleted = await deleteOldInvitations(db)
            if (deleted > 0) app.log.info({ deleted }, 'old invitations deleted')
          },
        },
        app.log,
      ),
    ]
    app.addHook('onClose', async () => {
      await Promise.all([...stops.map((stop) => stop()), job.close()])
    })
  },
  { name: 'plinth-invitations', dependencies: ['plinth-database', 'plinth-mail'], fastify: '5.x' },
)
