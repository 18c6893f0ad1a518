/** Mails on their way, in numbers alone. */
import { z } from 'zod'

export const MailQueue = z.object({
  waiting: z.int(),
  /** Of those that wait: sent in vain at least once. */
  tried: z.int(),
  /** Of those that wait: for more than ten minutes. */
  late: z.int(),
  /** Given up in the last week. */
  failed: z.int(),
  /** Of the newest that is not sent: codes, no words of a mail server. */
  lastFault: z.string().nullable(),
})
export type MailQueue = z.infer<typeof MailQueue>
