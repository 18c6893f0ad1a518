/**
 * Finds or creates the user of a provider's verified profile, by (issuer, subject) only. A verified e-mail address joins the first identity of
 * an issuer to the user who has verified the same address, and never to an administrator: every further identity is added by the
 * signed-in user. An account with an unverified address loses every sign-in method and every session to the user who proves the
 * address (account pre-hijacking, Sudhodanan and Paverd, USENIX Security 2022).
 */
import { and, eq, isNull, or, sql } from 'drizzle-orm'
import { defaultDisplayName, hasNoNames } from '../../../shared/account.ts'
import { defaultPrivacySettings } from '../../../shared/profiles.ts'
import type { Database } from '../db/database.ts'
import { afterCommit } from '../db/transaction.ts'
import { AppError } from '../errors/app-error.ts'
import { makeInvitationsDue } from '../invitations/due.ts'
import { type MailTemplate, type MailValues, queueMail } from '../mail/mail-queue.ts'
import { byIssuer, isIdentity } from './identity-key.ts'
import { methodNames } from './method-names.ts'
import { voidOneTimeTokens } from './one-time-tokens.ts'
import type { ProviderProfile } from './provider.ts'
import type { Sessions } from './sessions.ts'
import { identities, type User, users } from './table.ts'

interface Found {
  user: User
  endedSessions: string[]
}

/**
 * In a transaction. `endedSessions` are to be announced after it. Invitations of the address are accepted after the commit.
 * @throws AppError ACCOUNT_DISABLED, SIGN_IN_METHOD_NOT_ADDED
 */
export async function findOrCreatePerson(tx: Database, sessions: Sessions, profile: ProviderProfile): Promise<Found> {
  const found = await findOrCreate(tx, sessions, profile)
  const { email, emailVerified } = found.user
  // `findOrCreate` holds the lock of the address. Invitations of another address became due when that one was verified.
  if (emailVerified && email && email.toLowerCase() === profile.email?.toLowerCase())
    await makeInvitationsDue(tx, email)
  return found
}

async function findOrCreate(tx: Database, sessions: Sessions, profile: ProviderProfile): Promise<Found> {
  // Two first sign-ins of one person, or of one address, at the same moment take turns.
  await lockName(tx, `identity:${profile.provider}:${profile.subject}`)
  if (profile.email) await lockAddress(tx, profile.email)

  // Locked, so that an eviction or unlinking at this moment is waited for and seen: without, it would end every session
  // but the one that is being made here. The person's row before the identity's, as everywhere.
  const [known] = await tx
    .select({ user: users, identityId: identities.id })
    .from(users)
    .innerJoin(identities, eq(identities.userId, users.id))
    .where(isIdentity(profile))
    .orderBy(byIssuer)
    .limit(1)
    .for('update')
  if (known) {
    refuseDisabled(known.user)
    await tx
      .update(identities)
      .set({ lastUsedAt: sql`now()`, email: profile.email, issuer: profile.issuer })
      .where(eq(identities.id, known.identityId))
    const user = await signedIn(tx, sessions, known.user.id, {
      ...(profile.pictureUrl && { avatarUrl: profile.pictureUrl }),
      ...(await provenSince(tx, known.user, profile)),
    })
    return { user, endedSessions: [] }
  }

  const holder = await lockHolder(tx, profile)
  let endedSessions: string[] = []
  let user: User
  if (holder && profile.emailVerified) {
    refuseDisabled(holder)
    await refuseJoin(tx, holder, profile)
    if (holder.emailVerified) {
      await mailAdded(tx, holder, profile)
      const avatarUrl = holder.avatarUrl ?? profile.pictureUrl
      const named = (await isUnnamed(tx, holder)) && { displayName: firstName(profile) }
      user = await signedIn(tx, sessions, holder.id, { avatarUrl, ...named })
    } else {
      endedSessions = await evict(tx, sessions, holder)
      const { pictureUrl: avatarUrl } = profile
      user = await signedIn(tx, sessions, holder.id, {
        emailVerified: true,
        displayName: firstName(profile),
        avatarUrl,
      })
    }
  } else {
    const [created] = await tx
      .insert(users)
      .values({
        // An address that somebody else holds, or might, is not taken from them on the word of an unverified claim.
        email: holder ? null : profile.email,
        emailVerified: !holder && profile.emailVerified,
        displayName: firstName(profile),
        avatarUrl: profile.pictureUrl,
        lastLoginAt: sql`now()`,
        lastActiveAt: sql`now()`,
      })
      .returning()
    user = created as User
  }
  const { provider, issuer, subject, email } = profile
  await tx.insert(identities).values({ userId: user.id, provider, issuer, subject, email })
  return { user, endedSessions }
}

/**
 * A mailbox can be shared, or assigned to another user later, and a second account of one provider need not be of the same user. An
 * unverified holder is evicted with all identities, so there is no second one then.
 */
async function refuseJoin(tx: Database, holder: User, profile: ProviderProfile): Promise<void> {
  const isSecond = holder.emailVerified && (await hasIdentityOf(tx, holder, profile))
  if (holder.role === 'admin' || isSecond) throw new AppError('SIGN_IN_METHOD_NOT_ADDED')
}

async function hasIdentityOf(tx: Database, { id }: User, { provider, issuer }: ProviderProfile): Promise<boolean> {
  const isOfIssuer = issuer === null ? undefined : or(eq(identities.issuer, issuer), isNull(identities.issuer))
  const which = and(eq(identities.userId, id), eq(identities.provider, provider), isOfIssuer)
  return (await tx.$count(identities, which)) > 0
}

async function lockHolder(tx: Database, { email }: ProviderProfile): Promise<User | undefined> {
  if (!email) return undefined
  const [holder] = await tx
    .select()
    .from(users)
    .where(eq(sql`lower(${users.email})`, email.toLowerCase()))
    .for('update')
  return holder
}

/**
 * The address of an account without a verified one, when this way in has proven it since. Unverified for ever, the
 * account would stay one that the next to prove the address takes over. Another address than its own is not put in
 * its place: that is the person's to change.
 */
async function provenSince(tx: Database, user: User, profile: ProviderProfile): Promise<Partial<User>> {
  if (user.emailVerified || !profile.emailVerified) return {}
  const own = user.email?.toLowerCase() === profile.email?.toLowerCase()
  const free = user.email === null && !(await lockHolder(tx, profile))
  return own || free ? { email: profile.email, emailVerified: true } : {}
}

const firstName = ({ name, email }: ProviderProfile): string => name ?? defaultDisplayName(email)

/** As `evict` left the user, without a sign-in since. */
async function isUnnamed(tx: Database, user: User): Promise<boolean> {
  return hasNoNames(user) && (await tx.$count(identities, eq(identities.userId, user.id))) === 0
}

/**
 * Takes away everything by which the user who made an unverified account could still sign in, and the names, picture and settings that they chose:
 * the owner of the address must not appear as a stranger wanted. Returns the sessions that ended, to be announced.
 */
export async function evict(tx: Database, sessions: Sessions, user: User): Promise<string[]> {
  const neutral = {
    username: null,
    displayName: defaultDisplayName(user.email),
    avatarUrl: null,
    timezone: 'UTC',
    notificationPreferences: {},
    privacySettings: defaultPrivacySettings,
  }
  await tx.update(users).set(neutral).where(eq(users.id, user.id))
  // Passwords go with them.
  await tx.delete(identities).where(eq(identities.userId, user.id))
  await voidOneTimeTokens(tx, user.id)
  return sessions.end(tx, user.id, 'all', 'account-changed')
}

async function signedIn(tx: Database, sessions: Sessions, id: string, change: Partial<User>): Promise<User> {
  const [user] = await tx
    .update(users)
    .set({ ...change, lastLoginAt: sql`now()`, lastActiveAt: sql`now()` })
    .where(eq(users.id, id))
    .returning()
  afterCommit(tx, () => sessions.announceChanged(id))
  return user as User
}

/** Their row, held to the end of the transaction: it comes before those of identities, sessions and tokens. */
export async function lockPerson(tx: Database, id: string): Promise<User | undefined> {
  const [user] = await tx.select().from(users).where(eq(users.id, id)).for('no key update')
  return user
}

/** So that the user notices a sign-in method that an attacker added. */
export function mailAdded(tx: Database, user: User, { provider }: ProviderProfile): Promise<void> {
  return mailToOwner(tx, user, 'sign-in-method-added', { name: user.displayName, method: methodNames[provider] })
}

/**
 * Tells a person what became of their account, where they have proven their address. One that nobody has proven may be a
 * stranger's, and whoever typed it in could have them mailed as often as they change a password of their own.
 */
export async function mailToOwner<Template extends MailTemplate>(
  tx: Database,
  { email, emailVerified }: Pick<User, 'email' | 'emailVerified'>,
  template: Template,
  values: MailValues[Template],
): Promise<void> {
  if (email && emailVerified) await queueMail(tx, email, template, values)
}

function refuseDisabled(user: User) {
  if (!user.isActive) throw new AppError('ACCOUNT_DISABLED')
}

/** Held to the end of the transaction. Always the identity before the address, so two of them cannot deadlock. */
export async function lockName(tx: Database, name: string) {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`)
}

/** Taken before the rows of users and held to the end of the transaction, so that verifying an address and accepting its invitations take turns. */
export const lockAddress = (tx: Database, email: string) => lockName(tx, `email:${email.toLowerCase()}`)
