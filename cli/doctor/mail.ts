/** Mail: whether it can leave, and what waits. */
import type { Config } from '../../server/app.ts'
import { MailFault, verifySmtp } from '../../server/platform/mail/mail-sender.ts'
import type { MailQueue } from '../../shared/mails.ts'
import { type Finding, finding } from './finding.ts'
import { inspectFolder } from './folders.ts'

export async function inspectMail({ mail }: Config): Promise<Finding> {
  if (mail.inboxFolder !== null)
    return inspectFolder('mail', mail.inboxFolder, 'Mails are not sent but kept, for /dev/mail:')
  if (mail.smtp === null) {
    return finding(
      'mail',
      'warning',
      'SMTP_URL is not set: users cannot reset a password or confirm an address. Mails wait in the queue.',
    )
  }
  try {
    await verifySmtp(mail.smtp)
    return finding('mail', 'ok', 'The server of SMTP_URL answers, and takes the credentials. Nothing was sent.')
  } catch (error) {
    const why = error instanceof MailFault ? error.message : 'failed'
    return finding(
      'mail',
      'fault',
      `The server of SMTP_URL cannot be used (${why}). Check its address, port, user and password.`,
    )
  }
}

export function inspectMailQueue({ mail }: Config, queue: MailQueue): Finding[] {
  const { waiting, tried, late, failed, lastFault: fault } = queue
  const counted = `${waiting} waiting (${tried} tried in vain), ${failed} given up in the last week`
  const last = fault === null ? '' : ` The last fault: ${fault}.`
  const isSent = mail.smtp !== null || mail.inboxFolder !== null
  if (late > 0) {
    const then = isSent ? 'Does a server run? Its log says what the mail server answers.' : 'Set SMTP_URL.'
    return [finding('mail queue', 'warning', `${counted}; ${late} for more than ten minutes.${last} ${then}`)]
  }
  if (failed > 0) return [finding('mail queue', 'warning', `${counted}.${last}`)]
  return [finding('mail queue', 'ok', `${counted}.`)]
}
