/** Who has a mail, and for how long: jobs beside an app that sends nothing itself, as production does without SMTP_URL. */
import { eq } from 'drizzle-orm'
import { expect, it, onTestFinished } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { until } from '../../test/until.ts'
import { newId } from '../db/columns.ts'
import { MailJob, type MailTimes } from './mail-job.ts'
import type { MailMessage } from './mail-message.ts'
import { queueMail } from './mail-queue.ts'
import { MailFault, type MailSender } from './mail-sender.ts'
import { mails } from './table.ts'

const app = await buildTestApp({ environment: { NODE_ENV: 'production', PUBLIC_URL: 'https://plinth.example' } })
const { db } = app.database

function job(send: MailSender['send'], times: Partial<MailTimes> = {}, database = db) {
  const made = new MailJob(database, app.inside.config, { send }, app.inside.log, times)
  onTestFinished(() => made.close())
  return made
}

/** A sender that answers when it is told to, or when it is broken off. */
function heldSender() {
  const { promise, resolve } = Promise.withResolvers<void>()
  const sent: MailMessage[] = []
  const send = async (message: MailMessage, signal: AbortSignal) => {
    sent.push(message)
    const brokenOff = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new MailFault('server', 'EABORT')), { once: true })
    })
    await Promise.race([promise, brokenOff])
  }
  return { send, sent, release: resolve }
}

async function queued() {
  const to = `${newId()}@example.org`
  await queueMail(db, to, 'password-changed', { name: 'Ada' })
  return to
}

async function rowOf(recipient: string) {
  const [row] = await db.select().from(mails).where(eq(mails.recipient, recipient))
  return row as typeof mails.$inferSelect
}

it('without SMTP_URL production says so, keeps mails waiting, and has no /dev/mail', async () => {
  const own = await buildTestApp({ environment: { NODE_ENV: 'production' } })
  expect(own.logs.filter(({ msg, level }) => level === 40 && msg.startsWith('SMTP_URL is not set'))).toHaveLength(1)
  const to = await queued()
  for (const path of ['/dev/mail', '/dev/mail/', `/dev/mail/${newId()}`]) {
    expect((await own.root.inject(path)).statusCode).toBe(404)
  }
  const { send, sent, release } = heldSender()
  expect(await rowOf(to)).toMatchObject({ attempts: 0, sentAt: null, failedAt: null })
  // A restart with the setting later.
  release()
  await job(send).wake()
  await until('it to be sent', async () => (await rowOf(to)).sentAt)
  expect(sent.map((mail) => mail.to)).toEqual([to])
})

it('a job that is closed lets the mail under way be finished', async () => {
  const to = await queued()
  const { send, sent, release } = heldSender()
  const closing = job(send)
  await closing.wake()
  await until('the mail under way', () => sent.length === 1)
  const closed = closing.close()
  const late = await queued()
  await closing.wake()
  release()
  await closed
  expect((await rowOf(to)).sentAt).not.toBeNull()
  expect(await rowOf(late)).toMatchObject({ attempts: 0, sentAt: null })
  await job(async () => {}).wake()
  await until('the other', async () => (await rowOf(late)).sentAt)
})

it('a job that is closed gives back the mail that takes too long, for others at once', async () => {
  const to = await queued()
  const { send, sent } = heldSender()
  const closing = job(send, { graceMs: 50 })
  await closing.wake()
  await until('the mail under way', () => sent.length === 1)
  await closing.close()
  expect(await rowOf(to)).toMatchObject({ attempts: 0, sentAt: null, failedAt: null, lastFault: null })
  const other = heldSender()
  other.release()
  await job(other.send).wake()
  await until('it to be sent', async () => (await rowOf(to)).sentAt)
  expect(other.sent[0]?.messageId).toBe(sent[0]?.messageId)
})

it('the mail of a job that died is sent by another one when its lease is over, and not before', async () => {
  const to = await queued()
  // As of one that was killed: it neither finishes nor gives back.
  const dead = heldSender()
  await job(dead.send, { leaseMs: 1_000, graceMs: 0 }).wake()
  await until('the mail under way', () => dead.sent.length === 1)
  const other = heldSender()
  other.release()
  const taker = job(other.send)
  await taker.wake()
  expect(other.sent).toEqual([])
  await until('the other to send it', async () => {
    await taker.wake()
    return (await rowOf(to)).sentAt
  })
  expect(other.sent).toHaveLength(1)
  expect((await rowOf(to)).attempts).toBe(2)
})

it('an attempt that came back when the mail was another job’s already leaves it alone', async () => {
  const to = await queued()
  const late = Promise.withResolvers<void>()
  const first = job(() => late.promise, { leaseMs: 300 })
  await first.wake()
  const second = heldSender()
  await until('the second to have it', async () => {
    await job(second.send).wake()
    return second.sent.length === 1
  })
  const { dueAt } = await rowOf(to)
  late.reject(new MailFault('never', 'RCPT TO answered 550'))
  await first.close()
  expect(await rowOf(to)).toMatchObject({ failedAt: null, lastFault: null, dueAt })
  second.release()
  await until('it to be sent', async () => (await rowOf(to)).sentAt)
})

it('an attempt that takes too long is broken off and tried again later', async () => {
  const to = await queued()
  await job(heldSender().send, { attemptMs: 50 }).wake()
  const row = await until('the fault', async () => ((await rowOf(to)).lastFault ? rowOf(to) : null))
  expect(row).toMatchObject({ attempts: 1, lastFault: 'EABORT', failedAt: null })
  expect(row.dueAt.getTime() - Date.now()).toBeGreaterThan(5_000)
})

it('a mail that was sent is marked although the database was away for a moment, and is not sent again', async () => {
  const to = await queued()
  let away = 2
  const flaky = new Proxy(db, {
    get(target, name) {
      if (name === 'update' && away-- > 0) throw new Error('the database is away')
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const { send, sent, release } = heldSender()
  release()
  const own = job(send, {}, flaky)
  await own.wake()
  await until('it to be marked', async () => (await rowOf(to)).sentAt)
  await own.wake()
  expect([away, sent.length]).toEqual([-1, 1])
})
