/** The queue of mails as the operator sees it: how many, and why not, but never to whom. */
import { sql } from 'drizzle-orm'
import type { MailQueue } from '../../../shared/mails.ts'
import type { Database } from '../../platform/db/database.ts'
import { rowsOf } from '../../platform/db/rows.ts'
import { mails } from '../../platform/mail/table.ts'

/** Reads all mails of the last month: it is asked for by hand. */
export async function readMailQueue(db: Database): Promise<MailQueue> {
  const waits = sql`${mails.sentAt} is null and ${mails.failedAt} is null`
  const rows = await db.execute(sql`
    select count(*) filter (where ${waits})::int as "waiting",
      count(*) filter (where ${waits} and ${mails.attempts} > 0)::int as "tried",
      count(*) filter (where ${waits} and ${mails.createdAt} < now() - interval '10 minutes')::int as "late",
      count(*) filter (where ${mails.failedAt} > now() - interval '7 days')::int as "failed",
      (array_agg(${mails.lastFault} order by ${mails.createdAt} desc)
        filter (where ${mails.lastFault} is not null and ${mails.sentAt} is null))[1] as "lastFault"
    from ${mails}`)
  return rowsOf<MailQueue>(rows)[0] as MailQueue
}
