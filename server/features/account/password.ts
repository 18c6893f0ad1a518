/**
 * The password of whoever is signed in. A session alone, which may be borrowed or stolen, does not change it: the current one
 * is asked for, or, where there is none, a sign-in of the last ten minutes.
 */
import type { ChangePassword, ConfirmPassword } from '../../../shared/auth.ts'
import { type Origin, recordAudit } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { afterCommit, withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { noteAuthenticated, requireFreshSignIn } from '../../platform/identity/fresh-sign-in.ts'
import { methodNames } from '../../platform/identity/method-names.ts'
import { voidOneTimeTokens } from '../../platform/identity/one-time-tokens.ts'
import type { PasswordHashes } from '../../platform/identity/password-hash.ts'
import {
  findPersonById,
  type KnownPerson,
  mailPasswordChanged,
  refuseWeak,
  setPassword,
} from '../../platform/identity/passwords.ts'
import { lockPerson, mailToOwner } from '../../platform/identity/people.ts'
import type { Actor, Sessions } from '../../platform/identity/sessions.ts'

/** What these need of a call. */
interface Call {
  readonly db: Database
  readonly sessions: Sessions
  readonly passwordHashes: PasswordHashes
  readonly signInAttempts: { guard<T>(account: string, attempt: () => Promise<T>): Promise<T> }
  readonly origin: Origin
  readonly actor: Actor
}

/**
 * Ends every other session and every link in a mail; API keys stay. @throws AppError WRONG_CREDENTIALS, TOO_MANY_ATTEMPTS,
 * REAUTHENTICATION_REQUIRED, VALIDATION_ERROR, SERVER_BUSY
 */
export async function changePassword(call: Call, { currentPassword, newPassword }: ChangePassword) {
  const { db, sessions, passwordHashes, origin, actor } = call
  const known = await getPerson(db, actor)
  if (known.user.email === null) throw refused('newPassword', 'Signing in by password needs an e-mail address')
  if (known.hash === null) await requireFreshSignIn(db, actor)
  else if (currentPassword === undefined) throw refused('currentPassword', 'Enter your current password')
  else if (!(await mustBe(call, known, currentPassword, newPassword))) return { ended: 0 }
  await refuseWeak(newPassword, known.user, 'newPassword')
  const hash = await passwordHashes.make(newPassword)

  return withTransaction(db, async (tx) => {
    await lockPerson(tx, actor.id)
    const { user, hash: current } = await getPerson(tx, actor)
    // Set anew by a mail since: that ended this session too.
    if (current !== known.hash) throw new AppError('CONFLICT')
    if (current === null) await requireFreshSignIn(tx, actor)
    else await noteAuthenticated(tx, actor)
    await setPassword(tx, user, hash)
    const ended = await sessions.end(tx, actor.id, { except: actor.sessionId }, 'account-changed')
    afterCommit(tx, () => sessions.announceEnded(ended, 'account-changed'))
    await voidOneTimeTokens(tx, actor.id)
    const name = user.displayName
    if (current !== null) await mailPasswordChanged(tx, user, name)
    else await mailToOwner(tx, user, 'sign-in-method-added', { name, method: methodNames.password })
    const change = { before: { hadOne: current !== null }, after: { endedSessions: ended } }
    await recordAudit(tx, { ...entry(origin, actor, 'account.changePassword'), ...change })
    return { ended: ended.length }
  })
}

/** Makes this session fresh again, for what asks for it. @throws AppError WRONG_CREDENTIALS, TOO_MANY_ATTEMPTS, SERVER_BUSY */
export async function confirmPassword(call: Call, { password }: ConfirmPassword): Promise<void> {
  const { db, origin, actor } = call
  const known = await getPerson(db, actor)
  await mustBe(call, known, password)
  await withTransaction(db, async (tx) => {
    await lockPerson(tx, actor.id)
    if ((await getPerson(tx, actor)).hash !== known.hash) throw new AppError('CONFLICT')
    await noteAuthenticated(tx, actor)
    await recordAudit(tx, entry(origin, actor, 'account.confirmPassword'))
  })
}

/**
 * False when the password is `already` what it is to become: the call came before, and its answer did not arrive. Counted
 * apart from sign-ins: somebody who fails at those must not keep the person from this. @throws AppError WRONG_CREDENTIALS
 */
async function mustBe(call: Call, { user, hash }: KnownPerson, password: string, already?: string): Promise<boolean> {
  const { db, origin, actor, passwordHashes, signInAttempts } = call
  return signInAttempts.guard(user.id, async () => {
    if ((await passwordHashes.check(hash, password)).good) return true
    if (already !== undefined && (await passwordHashes.check(hash, already)).good) return false
    await recordAudit(db, entry(origin, actor, 'auth.signInRefused'))
    throw new AppError('WRONG_CREDENTIALS', { message: 'That is not your password. Nothing has changed.' })
  })
}

async function getPerson(db: Database, actor: Actor): Promise<KnownPerson> {
  const known = await findPersonById(db, actor.id)
  if (!known) throw new AppError('SESSION_ENDED')
  return known
}

const refused = (field: string, message: string) => new AppError('VALIDATION_ERROR', { details: [{ field, message }] })

const entry = (origin: Origin, { id }: Actor, action: string) => ({
  ...origin,
  actorId: id,
  action,
  target: `person:${id}`,
})
