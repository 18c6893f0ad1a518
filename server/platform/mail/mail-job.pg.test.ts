/** Two instances that share a queue. */
import { sql } from 'drizzle-orm'
import { afterAll, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { TestSmtpServer } from '../../test/smtp-server.ts'
import { until } from '../../test/until.ts'
import { rowsOf } from '../db/rows.ts'
import { queueMail } from './mail-queue.ts'
import { mails } from './table.ts'

const smtp = await TestSmtpServer.start()
afterAll(() => smtp.close())
const database = await createTestDatabase()
afterAll(() => database.drop())
const environment = { DATABASE_URL: database.url, SMTP_URL: smtp.url(), MAIL_FROM: 'plinth@plinth.example' }
const [here, there] = [await buildTestApp({ environment }), await buildTestApp({ environment })]

it('each mail is sent once, whoever of them hears of it', async () => {
  const addresses = Array.from({ length: 100 }, (_, n) => `person-${n}@example.org`)
  // Both are woken by each of theirs, and find those of the other.
  await Promise.all(
    addresses.map((to, n) => queueMail((n % 2 ? here : there).database.db, to, 'already-registered', { name: '' })),
  )
  const counts = sql`select count(*) filter (where sent_at is null)::int as waiting, max(attempts) as attempts from ${mails}`
  const stand = async () => rowsOf<{ waiting: number; attempts: number }>(await here.database.db.execute(counts))[0]
  await until('all sent', async () => (await stand())?.waiting === 0)
  expect(await stand()).toEqual({ waiting: 0, attempts: 1 })
  expect(smtp.received.flatMap(({ to }) => to).toSorted()).toEqual(addresses.toSorted())
  expect(new Set(smtp.received.map(({ headers }) => headers['message-id'])).size).toBe(100)
})
