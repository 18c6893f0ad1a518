/**
 * Registering and signing in by password. Hashing is outside of transactions, so what was read before it is looked at again
 * inside. Whoever is refused learns nothing else: no such account, a wrong password, none at all and a disabled person are one
 * answer, after the same work.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { and, eq, sql } from 'drizzle-orm'
import { type Register, type SignIn, Username } from '../../../shared/auth.ts'
import { type Origin, recordAudit } from '../../platform/audit/audit-log.ts'
import type { Config } from '../../platform/config/config.ts'
import type { Database } from '../../platform/db/database.ts'
import { brokenUnique } from '../../platform/db/faults.ts'
import { afterCommit, withTransaction } from '../../platform/db/transaction.ts'
import { AppError, toAppError } from '../../platform/errors/app-error.ts'
import { issueOneTimeToken } from '../../platform/identity/one-time-tokens.ts'
import type { OpenedSession } from '../../platform/identity/open-session.ts'
import type { PasswordHashes } from '../../platform/identity/password-hash.ts'
import {
  findPersonByEmail,
  findPersonById,
  type KnownPerson,
  refuseWeak,
  setPassword,
} from '../../platform/identity/passwords.ts'
import { lockAddress, lockPerson } from '../../platform/identity/people.ts'
import type { WayIn } from '../../platform/identity/provider.ts'
import type { Sessions } from '../../platform/identity/sessions.ts'
import { identities, type User, users } from '../../platform/identity/table.ts'
import { queueMail } from '../../platform/mail/mail-queue.ts'
import type { Metrics } from '../../platform/metrics/metrics.ts'
import { toPerson } from '../account/service.ts'

/** What signing in needs of a call. */
export interface SigningIn {
  readonly db: Database
  readonly config: Config
  readonly sessions: Sessions
  readonly passwordHashes: PasswordHashes
  readonly signInAttempts: {
    guard<T>(account: string, attempt: () => Promise<T>): Promise<T>
    countMail(account: string): Promise<void>
    forgive(account: string): Promise<void>
  }
  readonly metrics: Pick<Metrics, 'signIns'>
  readonly unseenMs: number
  readonly origin: Origin
  openSession(tx: Database, user: User, by: WayIn, holder: 'browser' | 'program'): Promise<OpenedSession>
}

/** Who asks, and the procedure that is recorded. */
export type By = { holder: 'browser' | 'program'; action: string }

/**
 * Null where accounts are not told of (AUTH_HIDE_EXISTENCE): whether or not there was one for the address, its owner gets a mail.
 * @throws AppError VALIDATION_ERROR, EMAIL_ALREADY_EXISTS, USERNAME_TAKEN, TOO_MANY_ATTEMPTS, SERVER_BUSY
 */
export async function register(call: SigningIn, input: Register, by: By) {
  const { db, config, passwordHashes, signInAttempts } = call
  await refuseWeak(input.password, input, 'password')
  if (config.auth.hideExistence) {
    await signInAttempts.countMail(input.email)
    const hash = await passwordHashes.make(input.password)
    await atLeast(call.unseenMs, () => withTransaction(db, (tx) => registerUnseen(tx, call, input, hash, by)))
    return null
  }
  if (await isTaken(db, 'username', input.username)) throw new AppError('USERNAME_TAKEN')
  // Whoever asks for one address after another is bounded like whoever guesses passwords; apart from who signs in with it.
  return signInAttempts.guard(`register ${input.email}`, async () => {
    if (await isTaken(db, 'email', input.email)) throw new AppError('EMAIL_ALREADY_EXISTS')
    await signInAttempts.countMail(input.email)
    const hash = await passwordHashes.make(input.password)
    try {
      return await withTransaction(db, async (tx) => {
        const user = await createPerson(tx, input, hash)
        const { sessionId, ...tokens } = await call.openSession(tx, user, byPassword(user), by.holder)
        await recordRegistration(tx, call.origin, by, user, { sessionId })
        return { user: toPerson(user), ...tokens }
      })
    } catch (error) {
      throw taken(error)
    }
  })
}

/** For an early answer; the unique index has the last word. */
const isTaken = async (db: Database, column: 'username' | 'email', value: string) =>
  (await db.$count(users, eq(sql`lower(${users[column]})`, value.toLowerCase()))) > 0

/**
 * An account that can do nothing until its address is proven, and does not hold its username until then either: whether that is
 * free afterwards would tell whether the address was.
 */
async function registerUnseen(tx: Database, { origin }: SigningIn, input: Register, hash: string, by: By) {
  await lockAddress(tx, input.email)
  const known = await findPersonByEmail(tx, input.email)
  if (known) {
    if (known.user.isActive) await queueMail(tx, input.email, 'already-registered', { name: known.user.displayName })
    await recordAudit(tx, { ...origin, actorId: null, action: by.action, target: `person:${known.user.id}` })
    return
  }
  const user = await createPerson(tx, input, hash, { username: null, lastLoginAt: null })
  await recordRegistration(tx, origin, by, user)
}

async function createPerson(tx: Database, { username, email }: Register, hash: string, change: Partial<User> = {}) {
  // Also whoever signs in for the first time by a provider that vouches for this address.
  await lockAddress(tx, email)
  const now = sql`now()`
  const [row] = await tx
    .insert(users)
    .values({ username, email, displayName: username, lastLoginAt: now, lastActiveAt: now, ...change })
    .returning()
  const user = row as User
  await setPassword(tx, user, hash)
  await mailVerification(tx, user, email)
  return user
}

export async function mailVerification(tx: Database, user: User, email: string): Promise<void> {
  const tokenId = await issueOneTimeToken(tx, { userId: user.id, purpose: 'verify-email', email })
  // A display name may be a sentence, which a stranger would have us mail.
  await queueMail(tx, email, 'verify-email', { name: user.username ?? user.displayName, tokenId })
}

/** Gives them the name that they registered with (`registerUnseen`), if it is still nobody's; else they choose one themselves. */
export async function claimUsername(tx: Database, { id, username, displayName }: User): Promise<void> {
  const asked = Username.safeParse(displayName)
  const registered = (await findPersonById(tx, id))?.hash
  if (username !== null || !asked.success || !registered) return
  try {
    await tx.transaction((inner) => inner.update(users).set({ username: asked.data }).where(eq(users.id, id)))
  } catch (error) {
    if (brokenUnique(error) !== 'users_username_key') throw error
  }
}

const recordRegistration = (tx: Database, origin: Origin, { action }: By, user: User, more = {}) =>
  recordAudit(tx, {
    ...origin,
    actorId: user.id,
    action,
    target: `person:${user.id}`,
    after: { username: user.username, email: user.email, ...more },
  })

/** Of two at once the second meets the row of the first. */
function taken(error: unknown): unknown {
  const constraint = brokenUnique(error)
  if (constraint === 'users_email_key') return new AppError('EMAIL_ALREADY_EXISTS', { cause: error })
  if (constraint === 'users_username_key') return new AppError('USERNAME_TAKEN', { cause: error })
  return error
}

/** @throws AppError WRONG_CREDENTIALS, TOO_MANY_ATTEMPTS, SERVER_BUSY */
export async function signIn(call: SigningIn, { email, password }: SignIn, by: By) {
  const { db, config, sessions, passwordHashes, signInAttempts, origin } = call
  return counted(call, () => signInAttempts.guard(email, attempt))

  async function attempt() {
    const known = await findPersonByEmail(db, email)
    const { good, stale } = await passwordHashes.check(known?.hash ?? null, password)
    // Asked before anything else is done, which would take longer for whom it is done.
    const signedIn = good && known && mayEnter(known) && (await enter(known.user.id, known.hash, stale))
    if (signedIn) return signedIn
    const target = `person:${known?.user.id ?? 'unknown'}`
    await recordAudit(db, { ...origin, actorId: null, action: 'auth.signInRefused', target })
    throw new AppError('WRONG_CREDENTIALS')
  }

  /** Where accounts are not told of, an unproven one is as none. */
  function mayEnter({ user, hash }: KnownPerson): boolean {
    return user.isActive && hash !== null && (user.emailVerified || !config.auth.hideExistence)
  }

  /** Null when that has changed since, and when the password was changed since it was checked. */
  async function enter(userId: string, checked: string | null, stale: boolean) {
    const rehashed = stale ? await passwordHashes.make(password) : null
    return withTransaction(db, async (tx) => {
      await lockPerson(tx, userId)
      const known = await findPersonById(tx, userId)
      if (!known || !mayEnter(known) || known.hash !== checked) return null
      if (rehashed) await setPassword(tx, known.user, rehashed)
      await tx
        .update(identities)
        .set({ lastUsedAt: sql`now()` })
        .where(and(eq(identities.userId, userId), eq(identities.provider, 'password')))
      const [row] = await tx
        .update(users)
        .set({ lastLoginAt: sql`now()`, lastActiveAt: sql`now()` })
        .where(eq(users.id, userId))
        .returning()
      const user = row as User
      afterCommit(tx, () => sessions.announceChanged(userId))
      const { sessionId, ...tokens } = await call.openSession(tx, user, byPassword(user), by.holder)
      const after = { provider: 'password', ...(rehashed && { rehashed: true }) }
      await recordAudit(tx, { ...origin, actorId: userId, action: by.action, target: `session:${sessionId}`, after })
      return { user: toPerson(user), ...tokens }
    })
  }
}

const byPassword = ({ id }: User): WayIn => ({ provider: 'password', issuer: null, subject: id })

/** What fails on our side is no attempt. */
async function counted<T>({ metrics }: SigningIn, attempt: () => Promise<T>): Promise<T> {
  const count = (outcome: 'accepted' | 'refused') => metrics.signIns.inc({ method: 'password', outcome })
  try {
    const result = await attempt()
    count('accepted')
    return result
  } catch (error) {
    if (toAppError(error).status < 500) count('refused')
    throw error
  }
}

/** For work that is more where there is an account: how long an answer took must not tell. */
export async function atLeast<T>(unseenMs: number, work: () => Promise<T>): Promise<T> {
  const [result] = await Promise.all([work(), delay(unseenMs)])
  return result
}
