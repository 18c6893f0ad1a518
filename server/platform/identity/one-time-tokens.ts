/**
 * Tokens that work once, for links in mails and for handing a session over. A token is the id of its row and a MAC over it, so
 * the table can make no token, and one can be made again when a mail is at last sent. Spending is one conditional UPDATE: of
 * ten at once, one has it.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { and, eq, gt, isNull, lt, sql } from 'drizzle-orm'
import type { Config } from '../config/config.ts'
import type { Database } from '../db/database.ts'
import { type oneTimePurposes, oneTimeTokens } from './table.ts'

export type OneTimePurpose = (typeof oneTimePurposes)[number]

/** How long each is good for. */
export const goodForMinutes = { 'verify-email': 24 * 60, 'reset-password': 30, 'sign-in': 1 } as const satisfies Record<
  OneTimePurpose,
  number
>

interface Issue {
  userId: string
  purpose: OneTimePurpose
  /** Where it is sent to. */
  email?: string
  sessionId?: string
}

/** Returns the id, from which `oneTimeToken` makes the token. Those of before, of the same person and purpose, are worth nothing any more. */
export async function issueOneTimeToken(tx: Database, issue: Issue): Promise<string> {
  if (issue.purpose !== 'sign-in') await voidOneTimeTokens(tx, issue.userId, issue.purpose)
  const [row] = await tx
    .insert(oneTimeTokens)
    .values({ ...issue, expiresAt: sql`now() + ${sql.raw(`interval '${goodForMinutes[issue.purpose]} minutes'`)}` })
    .returning({ id: oneTimeTokens.id })
  return (row as { id: string }).id
}

/** What is sent. A secret: never stored, never logged. */
export function oneTimeToken(config: Config, id: string, purpose: OneTimePurpose): string {
  return `${id}.${mac(config, id, purpose).toString('base64url')}`
}

/** The row, for the one who comes first with its token in time; else null. Rolled back, it is unspent. */
export async function spendOneTimeToken(tx: Database, config: Config, token: string, purpose: OneTimePurpose) {
  const good = isGood(config, token, purpose)
  if (!good) return null
  const [row] = await tx.update(oneTimeTokens).set({ spentAt: sql`now()` }).where(good).returning()
  return row ?? null
}

/** The row that spending it now would give, which is still to be done; else null. */
export async function findOneTimeToken(db: Database, config: Config, token: string, purpose: OneTimePurpose) {
  const good = isGood(config, token, purpose)
  if (!good) return null
  const [row] = await db.select().from(oneTimeTokens).where(good)
  return row ?? null
}

/** Null for what this server has never made, which need not be looked for. */
function isGood(config: Config, token: string, purpose: OneTimePurpose) {
  const [, id, given] = /^([0-9a-f-]{36})\.([A-Za-z0-9_-]{43})$/.exec(token) ?? []
  if (!id || !given || !timingSafeEqual(Buffer.from(given, 'base64url'), mac(config, id, purpose))) return null
  return and(
    eq(oneTimeTokens.id, id),
    eq(oneTimeTokens.purpose, purpose),
    isNull(oneTimeTokens.spentAt),
    gt(oneTimeTokens.expiresAt, sql`now()`),
  )
}

/** Makes a person's unspent tokens worthless: all, or those of one purpose. */
export async function voidOneTimeTokens(tx: Database, userId: string, purpose?: OneTimePurpose): Promise<void> {
  await tx
    .update(oneTimeTokens)
    .set({ spentAt: sql`now()` })
    .where(
      and(
        eq(oneTimeTokens.userId, userId),
        isNull(oneTimeTokens.spentAt),
        purpose && eq(oneTimeTokens.purpose, purpose),
      ),
    )
}

/** Whether one could still be spent; a mail with a link to any other is not worth sending. */
export async function isOneTimeTokenOpen(db: Database, id: string): Promise<boolean> {
  const [row] = await db
    .select({ id: oneTimeTokens.id })
    .from(oneTimeTokens)
    .where(and(eq(oneTimeTokens.id, id), isNull(oneTimeTokens.spentAt), gt(oneTimeTokens.expiresAt, sql`now()`)))
  return row !== undefined
}

/** What is over for a day; returns how many. */
export async function deleteOldOneTimeTokens(db: Database): Promise<number> {
  const gone = await db
    .delete(oneTimeTokens)
    .where(lt(oneTimeTokens.expiresAt, sql`now() - interval '1 day'`))
    .returning({ id: oneTimeTokens.id })
  return gone.length
}

function mac(config: Config, id: string, purpose: OneTimePurpose): Buffer {
  const key = Buffer.from(hkdfSync('sha256', config.auth.cookieSecret, '', 'plinth one-time token', 32))
  return createHmac('sha256', key).update(`${purpose}\n${id}`).digest()
}
