/**
 * What goes by way of a mailbox: asking for a link, which is answered alike for any address, and not sooner; and setting a password
 * without the old one. Whoever comes with a token of a mail has proven the address it was sent to; nobody who was there before
 * without having done so stays.
 */
import { eq } from 'drizzle-orm'
import type { z } from 'zod'
import { defaultDisplayName } from '../../../shared/account.ts'
import type { ForgotPassword, MailOnItsWay, ResetPassword } from '../../../shared/auth.ts'
import { recordAudit } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { afterCommit, withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { makeInvitationsOfUserDue } from '../../platform/identity/invited.ts'
import {
  findOneTimeToken,
  issueOneTimeToken,
  type OneTimePurpose,
  spendOneTimeToken,
  voidOneTimeTokens,
} from '../../platform/identity/one-time-tokens.ts'
import { findPersonByEmail, mailPasswordChanged, refuseWeak, setPassword } from '../../platform/identity/passwords.ts'
import { evict, lockAddress, lockPerson } from '../../platform/identity/people.ts'
import { type User, users } from '../../platform/identity/table.ts'
import { queueMail } from '../../platform/mail/mail-queue.ts'
import { atLeast, mailVerification, type SigningIn } from './service.ts'

type Answer = z.infer<typeof MailOnItsWay>

/** Mails a link to whoever has an account with this address. @throws AppError TOO_MANY_ATTEMPTS, for any address */
export async function forgotPassword(call: SigningIn, { email }: ForgotPassword): Promise<Answer> {
  await mailTo(call, email, 'auth.forgotPassword', async (tx, user) => {
    const tokenId = await issueOneTimeToken(tx, { userId: user.id, purpose: 'reset-password', email })
    await queueMail(tx, email, 'reset-password', { name: user.displayName, tokenId })
  })
  return { message: 'If there is an account with this address, a mail with a link is on its way.' }
}

/** Mails a new link to whoever has not proven this address yet. @throws AppError TOO_MANY_ATTEMPTS, for any address */
export async function resendVerification(call: SigningIn, { email }: ForgotPassword): Promise<Answer> {
  await mailTo(call, email, 'auth.resendVerification', async (tx, user) => {
    if (!user.emailVerified) await mailVerification(tx, user, email)
  })
  return { message: 'If this address is still to be confirmed, a mail with a link is on its way.' }
}

async function mailTo(
  { db, origin, signInAttempts, unseenMs }: SigningIn,
  email: string,
  action: string,
  mail: (tx: Database, user: User) => Promise<void>,
): Promise<void> {
  await signInAttempts.countMail(email)
  await atLeast(unseenMs, () =>
    withTransaction(db, async (tx) => {
      const known = await findPersonByEmail(tx, email)
      if (known?.user.isActive) await mail(tx, known.user)
      await recordAudit(tx, { ...origin, actorId: null, action, target: `person:${known?.user.id ?? 'unknown'}` })
    }),
  )
}

/**
 * Sets a password, and ends every session, every API key and every other token of a mail. An account whose address was not proven before
 * loses every way in and its names besides. @throws AppError ONE_TIME_TOKEN_INVALID, VALIDATION_ERROR, SERVER_BUSY
 */
export async function resetPassword(call: SigningIn, { token, newPassword }: ResetPassword): Promise<void> {
  const { db, config, sessions, origin, passwordHashes, signInAttempts } = call
  const owner = await ownerOf(call, token, 'reset-password')
  await refuseWeak(newPassword, owner, 'newPassword')
  const hash = await passwordHashes.make(newPassword)
  const email = await withTransaction(db, async (tx) => {
    if (owner.email) await lockAddress(tx, owner.email)
    const user = await lockPerson(tx, owner.id)
    const spent = await spendOneTimeToken(tx, config, token, 'reset-password')
    if (!spent?.email || !mayUse(user, spent.email)) throw new AppError('ONE_TIME_TOKEN_INVALID')
    const ended = user.emailVerified
      ? await sessions.end(tx, user.id, 'all', 'account-changed')
      : await evict(tx, sessions, user)
    await voidOneTimeTokens(tx, user.id)
    await tx.update(users).set({ emailVerified: true }).where(eq(users.id, user.id))
    await makeInvitationsOfUserDue(tx, { email: spent.email, emailVerified: true })
    await setPassword(tx, user, hash)
    const name = user.emailVerified ? user.displayName : defaultDisplayName(user.email)
    await mailPasswordChanged(tx, { id: user.id, email: spent.email, emailVerified: true }, name)
    await recordAudit(tx, {
      ...origin,
      actorId: user.id,
      action: 'auth.resetPassword',
      target: `person:${user.id}`,
      before: { emailVerified: user.emailVerified },
      after: { emailVerified: true, endedSessions: ended },
    })
    afterCommit(tx, () => {
      sessions.announceEnded(ended, 'account-changed')
      sessions.announceChanged(user.id)
    })
    return spent.email
  })
  await signInAttempts.forgive(email)
}

/**
 * Whose token it is, which is still to be spent. Their row is locked before the token's, as everywhere.
 * @throws AppError ONE_TIME_TOKEN_INVALID
 */
export async function ownerOf({ db, config }: SigningIn, token: string, purpose: OneTimePurpose): Promise<User> {
  const row = await findOneTimeToken(db, config, token, purpose)
  const [user] = row ? await db.select().from(users).where(eq(users.id, row.userId)) : []
  if (!row?.email || !mayUse(user, row.email)) throw new AppError('ONE_TIME_TOKEN_INVALID')
  return user
}

/** A token says that somebody reads the mail of one address; the account may have another by now. */
export const mayUse = (user: User | undefined, email: string): user is User =>
  user?.isActive === true && user.email?.toLowerCase() === email
