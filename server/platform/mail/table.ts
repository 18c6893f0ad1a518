import { sql } from 'drizzle-orm'
import { index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import { createdAt, instant, primaryId } from '../db/columns.ts'

/**
 * Mails to be sent, written in the transaction of the change that they tell of. A row names what a mail is made from and holds
 * no link: the tokens in links are made when it is sent.
 */
export const mails = pgTable(
  'mails',
  {
    id: primaryId(),
    recipient: text('recipient').notNull(),
    template: text('template').notNull(),
    /** What the template is filled with; no secrets. */
    values: jsonb('values').notNull(),
    createdAt: createdAt(),
    attempts: integer('attempts').notNull().default(0),
    /** Not before. */
    dueAt: instant('due_at').notNull().defaultNow(),
    sentAt: instant('sent_at'),
    /** Given up, with the reason in `lastFault`. */
    failedAt: instant('failed_at'),
    lastFault: text('last_fault'),
  },
  (mail) => [
    index('mails_due_at_idx').on(mail.dueAt).where(sql`${mail.sentAt} is null and ${mail.failedAt} is null`),
    index('mails_created_at_idx').on(mail.createdAt),
  ],
)
