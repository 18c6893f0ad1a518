/** What a test's app mailed, read as a person reads it: without SMTP_URL mails are kept in a folder of the app's database. */
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import type { Config } from '../platform/config/config.ts'
import { rowsOf } from '../platform/db/rows.ts'
import { type KeptMail, MailInbox } from '../platform/mail/mail-inbox.ts'
import { mails } from '../platform/mail/table.ts'
import type { TestApp } from './app.ts'
import { until } from './until.ts'

export interface TestMail extends KeptMail {
  /** Of its button. */
  link: string | null
  /** Of that link, from `#token=`. */
  token: string | null
}

/** The newest mail to `address`; waits until all that were queued for it are sent, and until there is one. */
export function lastMailTo(app: TestApp, address: string): Promise<TestMail> {
  return until(`a mail to ${address}`, async () => (await mailsTo(app, address))[0])
}

/** Newest first; waits until none that was queued for `address` is still to be sent. */
export async function mailsTo(app: TestApp, address: string): Promise<TestMail[]> {
  await until(`mails to ${address} sent`, async () => {
    const waiting = await app.database.db.execute(
      sql`select 1 from ${mails} where recipient = ${address} and sent_at is null and failed_at is null`,
    )
    return rowsOf(waiting).length === 0
  })
  const kept = await new MailInbox(app.inside.config.mail.inboxFolder ?? '').list()
  return kept.filter(({ to }) => to === address).map(withLink)
}

function withLink(mail: KeptMail): TestMail {
  const [link = null] = /https?:\/\/\S+/.exec(mail.text) ?? []
  return { ...mail, link, token: link && new URLSearchParams(new URL(link).hash.slice(1)).get('token') }
}

const folders = new Map<string, string>()

/** Apps of one database have one folder, as instances beside each other have; any other app has one of its own. */
export function withOwnInbox(config: Config): Config {
  if (!config.mail.inboxFolder) return config
  const { url } = config.database
  const folder = folders.get(url) ?? join(tmpdir(), `plinth-mail-${process.pid}-${randomBytes(6).toString('hex')}`)
  if (!url.startsWith('pglite:')) folders.set(url, folder)
  return { ...config, mail: { ...config.mail, inboxFolder: folder } }
}
