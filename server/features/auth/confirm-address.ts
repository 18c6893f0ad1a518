/**
 * What the link of a mail does that proves an address. It proves the address to the account only together with the account: whoever
 * reads the mail need not be who registered (account pre-hijacking, Sudhodanan and Paverd, USENIX Security 2022). So confirming takes
 * a session of the account or its password; without either, the address can be taken back, and nothing of before opens the account.
 */
import { eq } from 'drizzle-orm'
import type { Verification, VerificationLink, VerifyEmail } from '../../../shared/auth.ts'
import { recordAudit } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { afterCommit, withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { makeInvitationsOfUserDue } from '../../platform/identity/invited.ts'
import { spendOneTimeToken } from '../../platform/identity/one-time-tokens.ts'
import { findPersonById } from '../../platform/identity/passwords.ts'
import { evict, lockAddress, lockPerson } from '../../platform/identity/people.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { type User, users } from '../../platform/identity/table.ts'
import { mayUse, ownerOf } from './by-mail.ts'
import { claimUsername, type SigningIn } from './service.ts'

type Call = SigningIn & { readonly actor: Actor | null }

/** The account that a link confirms, and what confirming takes. The token stays unspent. @throws AppError ONE_TIME_TOKEN_INVALID */
export async function findVerification(call: Call, { token }: VerificationLink): Promise<Verification> {
  const owner = await ownerOf(call, token, 'verify-email')
  const { email, username, displayName } = owner
  const known = await findPersonById(call.db, owner.id)
  const needs = isOwnSession(call.actor, owner) ? 'nothing' : known?.hash ? 'password' : 'sign-in'
  return { email: email ?? '', username, displayName, needs }
}

/**
 * Spends the token only when the account is proven too. A wrong password counts as a failed sign-in.
 * @throws AppError ONE_TIME_TOKEN_INVALID, ACCOUNT_NOT_PROVEN, WRONG_CREDENTIALS, TOO_MANY_ATTEMPTS, SERVER_BUSY
 */
export async function verifyEmail(call: Call, { token, password }: VerifyEmail): Promise<void> {
  const { db, config, sessions, origin } = call
  const owner = await ownerOf(call, token, 'verify-email')
  const checked = isOwnSession(call.actor, owner) ? undefined : await checkPassword(call, owner, password)
  await withTransaction(db, async (tx) => {
    const user = await spend(tx, call, token, owner)
    // The password was changed since it was checked.
    if (checked && (await findPersonById(tx, user.id))?.hash !== checked) throw new AppError('CONFLICT')
    await tx.update(users).set({ emailVerified: true }).where(eq(users.id, user.id))
    await makeInvitationsOfUserDue(tx, { ...user, emailVerified: true })
    if (config.auth.hideExistence) await claimUsername(tx, user)
    afterCommit(tx, () => sessions.announceChanged(user.id))
    await recordAudit(tx, {
      ...origin,
      actorId: user.id,
      action: 'auth.verifyEmail',
      target: `person:${user.id}`,
      before: { emailVerified: user.emailVerified },
      after: { emailVerified: true },
    })
  })
}

/**
 * Proves the address and takes from the account all that was there before, as a new password by mail does: every sign-in method,
 * session, API key and link, and the names. Not once somebody has proven the address.
 * @throws AppError ONE_TIME_TOKEN_INVALID
 */
export async function reclaimAddress(call: Call, { token }: VerificationLink): Promise<void> {
  const { db, sessions, origin, signInAttempts } = call
  const owner = await ownerOf(call, token, 'verify-email')
  await withTransaction(db, async (tx) => {
    const user = await spend(tx, call, token, owner)
    if (user.emailVerified) throw new AppError('ONE_TIME_TOKEN_INVALID')
    const ended = await evict(tx, sessions, user)
    await tx.update(users).set({ emailVerified: true }).where(eq(users.id, user.id))
    await makeInvitationsOfUserDue(tx, { ...user, emailVerified: true })
    await recordAudit(tx, {
      ...origin,
      actorId: user.id,
      action: 'auth.reclaimAddress',
      target: `person:${user.id}`,
      before: { emailVerified: false, username: user.username },
      after: { emailVerified: true, username: null, endedSessions: ended },
    })
    afterCommit(tx, () => {
      sessions.announceEnded(ended, 'account-changed')
      sessions.announceChanged(user.id)
    })
  })
  if (owner.email) await signInAttempts.forgive(owner.email)
}

/** An API key may have been found by somebody. */
const isOwnSession = (actor: Actor | null, owner: User) => actor?.id === owner.id && actor.scopes === null

/** Returns the hash that it was checked against. */
async function checkPassword(call: Call, owner: User, password: string | undefined): Promise<string> {
  const { db, passwordHashes, signInAttempts, origin } = call
  if (password === undefined) throw new AppError('ACCOUNT_NOT_PROVEN')
  return signInAttempts.guard(owner.email ?? owner.id, async () => {
    const hash = (await findPersonById(db, owner.id))?.hash ?? null
    if ((await passwordHashes.check(hash, password)).good && hash !== null) return hash
    await recordAudit(db, { ...origin, actorId: null, action: 'auth.signInRefused', target: `person:${owner.id}` })
    throw new AppError('WRONG_CREDENTIALS', {
      message: 'That is not the password of this account. If you did not register it, take the address back.',
    })
  })
}

async function spend(tx: Database, { config }: Call, token: string, owner: User): Promise<User> {
  if (owner.email) await lockAddress(tx, owner.email)
  const user = await lockPerson(tx, owner.id)
  const spent = await spendOneTimeToken(tx, config, token, 'verify-email')
  if (!spent?.email || !mayUse(user, spent.email)) throw new AppError('ONE_TIME_TOKEN_INVALID')
  return user
}
