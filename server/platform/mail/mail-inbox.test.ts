/** The mails of development: kept instead of sent, and shown with links that work. */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { lastMailTo, mailsTo } from '../../test/mails.ts'
import { newId } from '../db/columns.ts'
import { withTransaction } from '../db/transaction.ts'
import { issueOneTimeToken, spendOneTimeToken } from '../identity/one-time-tokens.ts'
import { users } from '../identity/table.ts'
import { MailInbox } from './mail-inbox.ts'
import { queueMail } from './mail-queue.ts'

const app = await buildTestApp()
const { db } = app.database

async function person() {
  const [row] = await db
    .insert(users)
    .values({ displayName: 'Ada', email: `${newId()}@example.org` })
    .returning()
  return row as { id: string; email: string }
}

it('a mail is kept soon after the commit that queued it, with a link that works once', async () => {
  const { id, email } = await person()
  await withTransaction(db, async (tx) => {
    const tokenId = await issueOneTimeToken(tx, { userId: id, purpose: 'reset-password', email })
    await queueMail(tx, email, 'reset-password', { name: 'Ada', tokenId })
  })
  const mail = await lastMailTo(app, email)
  expect(mail).toMatchObject({ subject: 'Choose a new password', to: email })
  expect(mail.link).toMatch(/^http:\/\/localhost:8000\/reset-password#token=/)
  const spend = () => spendOneTimeToken(db, app.inside.config, mail.token ?? '', 'reset-password')
  expect(await spend()).toMatchObject({ userId: id })
  expect(await spend()).toBeNull()
})

it('the mails of a transaction that is rolled back are never sent', async () => {
  const { email } = await person()
  await withTransaction(db, async (tx) => {
    await queueMail(tx, email, 'password-changed', { name: 'Ada' })
    throw new Error('never mind')
  }).catch(() => {})
  await queueMail(db, email, 'already-registered', { name: 'Ada' })
  expect((await mailsTo(app, email)).map(({ subject }) => subject)).toEqual(['You have an account already'])
})

describe('/dev/mail', () => {
  it('lists the mails, shows each as it is, and its link works', async () => {
    const { id, email } = await person()
    await withTransaction(db, async (tx) => {
      const tokenId = await issueOneTimeToken(tx, { userId: id, purpose: 'verify-email', email })
      await queueMail(tx, email, 'verify-email', { name: 'Ada', tokenId })
    })
    await lastMailTo(app, email)
    const list = await app.root.inject('/dev/mail')
    expect(list.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
    const [, path = ''] = /href="(\/dev\/mail\/[0-9a-f-]+)"><strong>Confirm your e-mail address/.exec(list.body) ?? []
    expect(list.body).toContain(email)

    const shown = await app.root.inject(path)
    expect(shown.body).toContain(`<iframe src="${path}/html" title="The mail" sandbox=`)
    const [, link = ''] = /href="(http:\/\/localhost:8000\/verify-email#token=[^"]+)"/.exec(shown.body) ?? []
    const token = new URLSearchParams(new URL(link).hash.slice(1)).get('token') ?? ''
    expect(await spendOneTimeToken(db, app.inside.config, token, 'verify-email')).toMatchObject({ userId: id })

    const mail = await app.root.inject(`${path}/html`)
    expect(mail.headers['content-security-policy']).toMatch(/^sandbox [^;]*; default-src 'none'/)
    expect(mail.headers['content-security-policy']).not.toContain('allow-scripts')
    expect(mail.body).toContain(`<base target="_top">`)
    expect(mail.body).toContain(`href="${link}"`)
  })

  it('has no script in it, and what people chose is text', async () => {
    const { email } = await person()
    await queueMail(db, email, 'sign-in-method-added', { name: 'Eve', method: '<script>alert(1)</script>' })
    const { id } = await lastMailTo(app, email)
    for (const path of ['/dev/mail', `/dev/mail/${id}`, `/dev/mail/${id}/html`]) {
      const { body, statusCode } = await app.root.inject(path)
      expect(statusCode).toBe(200)
      expect(body).not.toContain('<script')
    }
  })

  it.each(['/dev/mail/../../package', '/dev/mail/..%2f..%2fpackage', `/dev/mail/${newId()}`, '/dev/mail/x'])(
    'has nothing at %s',
    async (path) => {
      expect((await app.root.inject(path)).statusCode).toBe(404)
    },
  )

  it('keeps the newest 200, and reads in its folder only', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'plinth-inbox-'))
    const inbox = new MailInbox(folder)
    const ids = Array.from({ length: 205 }, newId)
    for (const id of ids) {
      const mail = { id, to: 'ada@example.org', subject: id, text: '', html: '', messageId: '', date: new Date() }
      await inbox.send(mail)
    }
    expect((await inbox.list()).map(({ id }) => id)).toEqual(ids.toReversed().slice(0, 200))
    const [id] = ids.slice(-1)
    expect(await new MailInbox(join(folder, 'inside')).get(`../${id}`)).toBeNull()
    expect((await stat(join(folder, `${ids.at(-1)}.json`))).mode & 0o077).toBe(0)
    await rm(folder, { recursive: true })
  })
})
