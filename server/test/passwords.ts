/** People who sign in by password, and the links that they are mailed. */
import { randomBytes } from 'node:crypto'
import { and, desc, eq, sql } from 'drizzle-orm'
import { expect } from 'vitest'
import { type OneTimePurpose, oneTimeToken } from '../platform/identity/one-time-tokens.ts'
import { setPassword } from '../platform/identity/passwords.ts'
import { oneTimeTokens } from '../platform/identity/table.ts'
import type { MailTemplate } from '../platform/mail/mail-queue.ts'
import { mails } from '../platform/mail/table.ts'
import type { TestApp } from './app.ts'
import type { TestBrowser } from './browser.ts'

/** Nobody's yet. */
export function newAccount() {
  const name = randomBytes(6).toString('hex')
  return {
    username: `u_${name}`,
    email: `${name}@example.org`,
    password: `Horse-battery-${randomBytes(3).toString('hex')}1`,
  }
}
export type Account = ReturnType<typeof newAccount>

export const anotherPassword = () => newAccount().password

type Answer = Awaited<ReturnType<TestBrowser['mutate']>>
export const data = (answer: Answer) => answer.json().result?.data
export const codeOf = (answer: Answer) => [answer.statusCode, answer.json().error?.data?.code]

/** A browser in which a new person has just registered. */
export async function registered(app: TestApp, account: Partial<Account> = {}) {
  const own = { ...newAccount(), ...account }
  const browser = app.browser()
  const answer = await browser.mutate('auth.signUp', own)
  expect(answer.statusCode, answer.body).toBe(200)
  return { ...own, browser, id: String(data(answer).user?.id) }
}

/** Somebody who signed in by Google has a password too. */
export async function givePassword(app: TestApp, { id, browser }: { id: string; browser: TestBrowser }) {
  const { password } = newAccount()
  const { email } = (await browser.get('/me')).json() as { email: string }
  await setPassword(app.database.db, { id, email }, await app.inside.passwordHashes.make(password))
  return { email, password }
}

/** What the newest link of this kind that was mailed to `email` holds. */
export async function mailedToken(app: TestApp, email: string, purpose: OneTimePurpose): Promise<string> {
  const [row] = await app.database.db
    .select()
    .from(oneTimeTokens)
    .where(and(eq(oneTimeTokens.email, email.toLowerCase()), eq(oneTimeTokens.purpose, purpose)))
    .orderBy(desc(oneTimeTokens.id))
    .limit(1)
  return oneTimeToken(app.inside.config, row?.id ?? expect.unreachable(`no ${purpose} for ${email}`), purpose)
}

/** The newest last. */
export async function mailsTo(app: TestApp, email: string): Promise<MailTemplate[]> {
  const rows = await app.database.db
    .select({ template: mails.template })
    .from(mails)
    .where(eq(sql`lower(${mails.recipient})`, email.toLowerCase()))
    .orderBy(mails.id)
  return rows.map(({ template }) => template as MailTemplate)
}

/** Asks for a link as whoever forgot, and returns its token. */
export async function forgotten(app: TestApp, email: string): Promise<string> {
  const answer = await app.browser().mutate('auth.forgotPassword', { email })
  expect(answer.statusCode, answer.body).toBe(200)
  return mailedToken(app, email, 'reset-password')
}
