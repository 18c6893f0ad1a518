/** Sends the queue of mails: at once after the commit that queued one, and every few seconds what is due again or came from elsewhere. */
import fp from 'fastify-plugin'
import { recurring } from '../jobs/recurring.ts'
import { MailInbox } from './mail-inbox.ts'
import { mailInboxRoutes } from './mail-inbox-routes.ts'
import { deleteOldMails, MailJob } from './mail-job.ts'
import { onMailQueued } from './mail-queue.ts'
import { type MailSender, smtpSender } from './mail-sender.ts'

const lookEveryMs = 5_000
const deleteEveryMs = 6 * 3_600_000

export const mailPlugin = fp(
  async (app) => {
    const { db, whenReady } = app.database
    const { smtp, inboxFolder } = app.config.mail
    const stops: (() => Promise<void>)[] = []

    let sender: MailSender | null = smtp && smtpSender(smtp)
    if (inboxFolder) {
      const inbox = new MailInbox(inboxFolder)
      sender = inbox
      await app.register(mailInboxRoutes, { prefix: '/dev/mail', inbox })
    }
    if (sender) {
      const job = new MailJob(db, app.config, sender, app.log)
      onMailQueued(db, () => void job.wake().catch((err) => app.log.debug({ err }, 'queue of mails not read')))
      stops.push(
        recurring({ name: 'send mails', everyMs: lookEveryMs, ready: whenReady, work: () => job.wake() }, app.log),
        () => job.close(),
      )
    } else {
      app.log.warn(
        'SMTP_URL is not set: mails wait in the queue, and people cannot reset a password or confirm an address',
      )
    }
    stops.push(
      recurring(
        {
          name: 'delete old mails',
          everyMs: deleteEveryMs,
          ready: whenReady,
          deletesFrom: db,
          async work(signal) {
            const deleted = await deleteOldMails(db, signal)
            if (deleted > 0) app.log.info({ deleted }, 'mails of a month ago deleted')
          },
        },
        app.log,
      ),
    )
    app.addHook('onClose', async () => {
      await Promise.all(stops.map((stop) => stop()))
    })
  },
  { name: 'plinth-mail', dependencies: ['plinth-config', 'plinth-errors', 'plinth-database'], fastify: '5.x' },
)
