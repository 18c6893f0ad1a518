/** From a row of the queue to what is sent. Secrets come in here, on their way out, and are never written back. */
import type { Config } from '../config/config.ts'
import type { Database } from '../db/database.ts'
import { isOneTimeTokenOpen, oneTimeToken } from '../identity/one-time-tokens.ts'
import { oneLine, type RenderedMail, renderMail } from './mail-layout.ts'
import type { MailTemplate } from './mail-queue.ts'
import { type MailSurroundings, mailTemplates } from './mail-templates.ts'
import type { mails } from './table.ts'

export type QueuedMail = typeof mails.$inferSelect

export interface MailMessage extends RenderedMail {
  id: string
  /** One address, without a name. */
  to: string
  /** The same at each attempt, so that whoever gets the mail twice can tell that it is one. */
  messageId: string
  date: Date
}

/**
 * Null for a mail that is not worth sending any more: its link is over, or a newer one replaced it.
 * @throws for a template that this version does not know; a newer one may have written it
 */
export async function composeMail(db: Database, config: Config, mail: QueuedMail): Promise<MailMessage | null> {
  const words = mailTemplates[mail.template as MailTemplate] as Words | undefined
  if (!words) throw new Error(`no template ${mail.template}`)
  const values = Object.fromEntries(
    Object.entries(mail.values as Record<string, string>).map(([key, value]) => [key, oneLine(String(value))]),
  )
  const { tokenId, name = '' } = values
  if (tokenId && !(await isOneTimeTokenOpen(db, tokenId))) return null
  const { publicUrl } = config.server
  const token = tokenId ? oneTimeToken(config, tokenId, mail.template as 'verify-email' | 'reset-password') : ''
  return {
    ...renderMail(words(values, { publicUrl, at: mail.createdAt, token }), name, `Plinth, ${publicUrl}`),
    id: mail.id,
    to: mail.recipient,
    messageId: `<${mail.id}@${new URL(publicUrl).hostname}>`,
    date: mail.createdAt,
  }
}

type Words = (values: Record<string, string>, around: MailSurroundings) => Parameters<typeof renderMail>[0]
