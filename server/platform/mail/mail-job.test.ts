/** Mails at a real SMTP server: that they arrive, when they do not, and what is then known of them. */
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { TestSmtpServer } from '../../test/smtp-server.ts'
import { until } from '../../test/until.ts'
import { newId } from '../db/columns.ts'
import { withTransaction } from '../db/transaction.ts'
import { issueOneTimeToken, oneTimeToken, spendOneTimeToken, voidOneTimeTokens } from '../identity/one-time-tokens.ts'
import { oneTimeTokens, users } from '../identity/table.ts'
import { deleteOldMails } from './mail-job.ts'
import { queueMail } from './mail-queue.ts'
import { mails } from './table.ts'

const smtp = await TestSmtpServer.start()
afterAll(() => smtp.close())
const password = 'canary-smtp-password'
const app = await buildTestApp({
  environment: {
    PUBLIC_URL: 'https://plinth.example',
    SMTP_URL: smtp.url('127.0.0.1', `plinth:${password}`),
    MAIL_FROM: 'Plinth <plinth@plinth.example>',
    LOG_LEVEL: 'trace',
  },
})
const { db } = app.database

beforeEach(() => {
  smtp.refuse = () => undefined
  smtp.hold = async () => {}
})

const newAddress = () => `${newId()}@example.org`
const receivedAt = (address: string) => smtp.received.filter(({ to }) => to.includes(address))
const arrival = (address: string) => until(`a mail to ${address}`, () => receivedAt(address)[0])

async function rowOf(recipient: string) {
  const [row] = await db.select().from(mails).where(eq(mails.recipient, recipient))
  return row as typeof mails.$inferSelect
}
const rowAfter = (recipient: string, holds: (row: typeof mails.$inferSelect) => unknown) =>
  until('the row of the mail', async () => {
    const row = await rowOf(recipient)
    return holds(row) ? row : null
  })

/** The pause before the next attempt is over, and something wakes the job, as the next mail would. */
async function nextAttempt(recipient: string) {
  await db.update(mails).set({ dueAt: sql`now()` }).where(eq(mails.recipient, recipient))
  await queueMail(db, newAddress(), 'already-registered', { name: '' })
}

/** A mail with a link, and the token that will be in it. */
async function queueReset(name = 'Ada', to = newAddress()) {
  const [user] = await db.insert(users).values({ displayName: name }).returning()
  const userId = (user as { id: string }).id
  const tokenId = await withTransaction(db, async (tx) => {
    const id = await issueOneTimeToken(tx, { userId, purpose: 'reset-password', email: to })
    await queueMail(tx, to, 'reset-password', { name, tokenId: id })
    return id
  })
  return { to, userId, tokenId, token: oneTimeToken(app.inside.config, tokenId, 'reset-password') }
}

describe('a mail', () => {
  it('arrives with its headers, as text and as HTML, with a link that works once', async () => {
    const { to, userId, token } = await queueReset('Ada Lovelace')
    const mail = await arrival(to)
    const { id, createdAt } = await rowAfter(to, ({ sentAt }) => sentAt)
    expect(mail).toMatchObject({
      from: 'plinth@plinth.example',
      to: [to],
      headers: {
        from: 'Plinth <plinth@plinth.example>',
        to,
        subject: 'Choose a new password',
        'message-id': `<${id}@plinth.example>`,
        'auto-submitted': 'auto-generated',
      },
    })
    expect(Date.parse(mail.headers.date ?? '')).toBe(Math.floor(createdAt.getTime() / 1000) * 1000)
    const link = `https://plinth.example/reset-password#token=${token}`
    const { 'text/plain': text, 'text/html': html } = mail.parts
    expect(text).toContain('Hello Ada Lovelace,')
    expect(text).toContain(link)
    expect(html).toContain(`<a class="action" href="${link}">Choose a new password</a>`)
    const spend = () => spendOneTimeToken(db, app.inside.config, token, 'reset-password')
    expect([(await spend())?.userId, await spend()]).toEqual([userId, null])
  })

  it('that could not be marked as sent is sent again under the same Message-ID', async () => {
    const to = newAddress()
    await queueMail(db, to, 'password-changed', { name: 'Ada' })
    await rowAfter(to, ({ sentAt }) => sentAt)
    await db.update(mails).set({ sentAt: null }).where(eq(mails.recipient, to))
    await nextAttempt(to)
    await until('the second', () => receivedAt(to).length === 2)
    const [first, second] = receivedAt(to)
    expect(second?.headers['message-id']).toBe(first?.headers['message-id'])
    expect(second?.headers.date).toBe(first?.headers.date)
  })

  it('of a transaction that is rolled back is not sent', async () => {
    const [never, other] = [newAddress(), newAddress()]
    await withTransaction(db, async (tx) => {
      await queueMail(tx, never, 'password-changed', { name: 'Ada' })
      throw new Error('never mind')
    }).catch(() => {})
    await queueMail(db, other, 'password-changed', { name: 'Ada' })
    await arrival(other)
    expect(receivedAt(never)).toEqual([])
  })

  it('waits while its server is away, and arrives when it is back', async () => {
    await smtp.close()
    const { to } = await queueReset()
    const row = await rowAfter(to, ({ lastFault }) => lastFault)
    expect(row).toMatchObject({ attempts: 1, lastFault: 'ECONNREFUSED', failedAt: null, sentAt: null })
    expect(row.dueAt.getTime() - Date.now()).toBeGreaterThan(5_000)
    await nextAttempt(to)
    await rowAfter(to, ({ attempts }) => attempts === 2)
    await smtp.open()
    await nextAttempt(to)
    await arrival(to)
    const told = (text: string) => app.logs.filter(({ msg, level }) => level >= 30 && msg === text).length
    await until('the end of the trouble', () => told('the mail server takes mails again') === 1)
    expect(told('mail not sent, trying on')).toBe(1)
    expect(await rowAfter(to, ({ sentAt }) => sentAt)).toMatchObject({ attempts: 3, lastFault: null })
  })

  it('whose link is over, spent or replaced is given up and not sent', async () => {
    await smtp.close()
    const [expired, spent, replaced] = [await queueReset(), await queueReset(), await queueReset()]
    for (const { to } of [expired, spent, replaced]) await rowAfter(to, ({ lastFault }) => lastFault)
    await db.update(oneTimeTokens).set({ expiresAt: sql`now()` }).where(eq(oneTimeTokens.id, expired.tokenId))
    await spendOneTimeToken(db, app.inside.config, spent.token, 'reset-password')
    await voidOneTimeTokens(db, replaced.userId)
    await smtp.open()
    for (const { to } of [expired, spent, replaced]) {
      await nextAttempt(to)
      expect(await rowAfter(to, ({ failedAt }) => failedAt)).toMatchObject({ lastFault: 'the link in it is over' })
      expect(receivedAt(to)).toEqual([])
    }
  })

  it('of a template that this version does not know waits for one that does', async () => {
    const to = newAddress()
    await db.insert(mails).values({ recipient: to, template: 'of-tomorrow', values: {} })
    await nextAttempt(newAddress())
    expect(await rowAfter(to, ({ lastFault }) => lastFault)).toMatchObject({ failedAt: null, sentAt: null })
  })

  it('is forgotten after a month', async () => {
    const [old, young] = [newAddress(), newAddress()]
    for (const to of [old, young]) await queueMail(db, to, 'already-registered', { name: '' })
    await db.update(mails).set({ createdAt: sql`now() - interval '31 days'` }).where(eq(mails.recipient, old))
    expect(await deleteOldMails(db)).toBe(1)
    expect([await rowOf(old), (await rowOf(young)).recipient]).toEqual([undefined, young])
  })
})

describe('an answer of the mail server', () => {
  it.each([
    ['recipient', 450, '4.2.0 greylisted', 'RCPT TO answered 450 4.2.0'],
    ['mail', 451, '4.3.0 try later', 'DATA answered 451 4.3.0'],
    // For the operator to mend: no mail is lost to a wrong setting.
    ['sender', 550, '5.7.1 not yours', 'MAIL FROM answered 550 5.7.1'],
    ['auth', 535, '5.7.8 wrong', 'AUTH PLAIN answered 535 5.7.8'],
  ])('that refuses the %s with %i %s leaves the mail due later', async (step, code, words, fault) => {
    smtp.refuse = (at) => (at === step ? { code, words } : undefined)
    const to = newAddress()
    await queueMail(db, to, 'password-changed', { name: 'Ada' })
    expect(await rowAfter(to, ({ lastFault }) => lastFault)).toMatchObject({ lastFault: fault, failedAt: null })
    smtp.refuse = () => undefined
    await nextAttempt(to)
    await arrival(to)
  })

  it.each([
    ['recipient', 550, '5.1.1 no such user', 'RCPT TO answered 550 5.1.1'],
    ['mail', 554, 'looks like spam', 'DATA answered 554'],
  ])('that refuses the %s with %i %s gives the mail up', async (step, code, words, fault) => {
    const to = newAddress()
    smtp.refuse = (at, what) => (at === step && what.includes(to) ? { code, words } : undefined)
    await queueMail(db, to, 'password-changed', { name: 'Ada' })
    expect(await rowAfter(to, ({ failedAt }) => failedAt)).toMatchObject({ attempts: 1, lastFault: fault })
    smtp.refuse = () => undefined
    await nextAttempt(to)
    expect(receivedAt(to)).toEqual([])
  })

  it('that refuses for a day gives the mail up at the thirteenth attempt', async () => {
    const to = newAddress()
    smtp.refuse = (at, what) => (at === 'recipient' && what === to ? { code: 450, words: 'later' } : undefined)
    await queueMail(db, to, 'password-changed', { name: 'Ada' })
    await rowAfter(to, ({ lastFault }) => lastFault)
    await db.update(mails).set({ attempts: 12 }).where(eq(mails.recipient, to))
    await nextAttempt(to)
    expect(await rowAfter(to, ({ failedAt }) => failedAt)).toMatchObject({ attempts: 13 })
  })

  it('that is slow to come holds up nothing else', async () => {
    const slow = newAddress()
    const { promise, resolve } = Promise.withResolvers<void>()
    smtp.hold = (mail) => (mail.to.includes(slow) ? promise : Promise.resolve())
    await queueMail(db, slow, 'password-changed', { name: 'Ada' })
    await until('the slow one under way', async () => (await rowOf(slow)).attempts === 1)
    const others = Array.from({ length: 10 }, newAddress)
    await withTransaction(db, async (tx) => {
      for (const to of others) await queueMail(tx, to, 'already-registered', { name: '' })
    })
    for (const to of others) await arrival(to)
    expect(receivedAt(slow)).toEqual([])
    resolve()
    await arrival(slow)
    expect((await rowAfter(slow, ({ sentAt }) => sentAt)).attempts).toBe(1)
  })
})

describe('what people chose', () => {
  it.each([
    'a@example.org, b@example.org',
    'a@example.org\r\nRCPT TO:<b@example.org>',
    'Ada <a@example.org>',
    'a@example.org>',
    'a@b@example.org',
  ])('adds no recipient: %j', async (recipient) => {
    const before = smtp.received.length
    await queueMail(db, recipient, 'password-changed', { name: 'Ada' })
    expect(await rowAfter(recipient, ({ failedAt }) => failedAt)).toMatchObject({
      lastFault: 'the recipient is no address',
    })
    expect(smtp.received.length).toBe(before)
  })

  it('adds neither headers nor markup', async () => {
    const to = newAddress()
    const name = 'Eve\r\nBcc: b@example.org\r\n\r\n'
    await queueMail(db, to, 'sign-in-method-added', { name, method: '<script>alert(1)</script>\r\n.\r\n"&' })
    const { headers, parts, to: recipients } = await arrival(to)
    expect(recipients).toEqual([to])
    expect(Object.keys(headers).toSorted()).toEqual(
      ['auto-submitted', 'content-type', 'date', 'from', 'message-id', 'mime-version', 'subject', 'to'].toSorted(),
    )
    expect(parts['text/html']).not.toContain('<script')
    expect(parts['text/html']).toContain('&lt;script&gt;alert(1)&lt;/script&gt; . &quot;&amp;')
    expect(parts['text/plain']).toContain('by this too: <script>alert(1)</script> . "&.')
    expect(parts['text/plain']).not.toMatch(/^Bcc/m)
  })

  it.each([
    ['Ada Lovelace', 'Hello Ada Lovelace,'],
    ['J. R. Hartley', 'Hello J. R. Hartley,'],
    ["D'Arcy <3", "Hello D'Arcy <3,"],
    ['You won! https://evil.example', 'Hello,'],
    ['visit evil.example now', 'Hello,'],
    ['write to eve@evil', 'Hello,'],
    ['x'.repeat(61), 'Hello,'],
    [' \u202e ', 'Hello,'],
  ])('greets %j when it is a name: %s', async (name, greeting) => {
    const to = newAddress()
    await queueMail(db, to, 'password-changed', { name })
    expect((await arrival(to)).parts['text/plain']?.split('\r\n')[0]).toBe(greeting)
  })
})

it('no token, password or address is in the queue or the log, whatever the mail server says', async () => {
  const { to, token } = await queueReset()
  // A filter that quotes what it did not like.
  smtp.refuse = (at, what) =>
    at === 'mail' ? { code: 451, words: `${to} ${what.replace(/=?\r\n/g, '')}`.slice(0, 4000) } : undefined
  await nextAttempt(to)
  await rowAfter(to, ({ lastFault }) => lastFault)
  smtp.refuse = (at) => (at === 'auth' ? { code: 535, words: `wrong: ${password}` } : undefined)
  await nextAttempt(to)
  await rowAfter(to, ({ lastFault }) => lastFault?.startsWith('AUTH'))
  const rows = JSON.stringify(await db.select().from(mails))
  const log = JSON.stringify(app.logs)
  expect(log).toContain('mail not sent')
  for (const text of [rows, log]) {
    expect(text).not.toContain(token.split('.')[1])
    expect(text).not.toContain(password)
  }
  expect(log).not.toContain(to)
})
