/** A person's own account. Every function acts on the actor alone, so nobody else's rows can be named. */
import { and, desc, eq, lt, not, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type {
  Identity,
  Person,
  RevokeSession,
  Session,
  SessionEnded,
  SignInMethods,
  UnlinkIdentity,
} from '../../../shared/account.ts'
import type { PageRequest } from '../../../shared/pages.ts'
import { noteChange } from '../../platform/audit/audit-log.ts'
import type { Config } from '../../platform/config/config.ts'
import type { Database } from '../../platform/db/database.ts'
import { toPage } from '../../platform/db/page.ts'
import { afterCommit, withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { deviceName } from '../../platform/identity/device-name.ts'
import { requireFreshSignIn } from '../../platform/identity/fresh-sign-in.ts'
import { methodNames } from '../../platform/identity/method-names.ts'
import { lockPerson, mailToOwner } from '../../platform/identity/people.ts'
import type { Profile, Profiles } from '../../platform/identity/profiles.ts'
import { type Actor, isApiKey, type Sessions } from '../../platform/identity/sessions.ts'
import { signInPath } from '../../platform/identity/sign-in-path.ts'
import { identities, sessions as sessionTable } from '../../platform/identity/table.ts'

export async function getMe(profiles: Profiles, actor: Actor): Promise<Person> {
  const profile = await profiles.find(actor.id)
  // Signed in a moment ago, deleted since.
  if (!profile) throw new AppError('SESSION_ENDED')
  return toPerson(profile)
}

/** What a sign-in page shows. Mock and real sign-in look the same from here. */
export function listSignInMethods(config: Config): z.infer<typeof SignInMethods> {
  const offersGoogle = config.auth.mock || config.auth.google !== null
  return { methods: offersGoogle ? [{ provider: 'google', name: 'Google', path: signInPath }] : [], password: true }
}

/** Live sessions of `actor.id`, the newest first; `actor.sessionId` is that of whoever asks. API keys are no devices, and listed as what they are. */
export async function listSessions(
  db: Database,
  actor: Pick<Actor, 'id' | 'sessionId'>,
  sessions: Sessions,
  config: Config,
  page: PageRequest,
) {
  const rows = await db
    .select()
    .from(sessionTable)
    .where(
      and(
        eq(sessionTable.userId, actor.id),
        not(isApiKey),
        sessions.alive,
        page.cursor ? lt(sessionTable.id, page.cursor) : undefined,
      ),
    )
    .orderBy(desc(sessionTable.id))
    .limit(page.limit + 1)
  return toPage(rows, page, (row): Session => {
    const idleEnd = row.lastUsedAt.getTime() + config.auth.sessionIdleTtlMs
    return {
      id: row.id,
      current: row.id === actor.sessionId,
      device: deviceName(row.userAgent),
      ip: row.ip,
      createdAt: row.createdAt.toISOString(),
      lastUsedAt: row.lastUsedAt.toISOString(),
      expiresAt: new Date(Math.min(idleEnd, row.expiresAt.getTime())).toISOString(),
    }
  })
}

/** Ends one session, on every instance within seconds. @throws AppError NOT_FOUND, for somebody else's too */
export async function revokeSession(
  db: Database,
  actor: Pick<Actor, 'id'>,
  sessions: Sessions,
  { sessionId }: z.infer<typeof RevokeSession>,
) {
  const ended = await sessions.end(db, actor.id, { only: sessionId }, 'revoked')
  if (ended.length === 0) throw new AppError('NOT_FOUND')
  afterCommit(db, () => sessions.announceEnded(ended, 'revoked'))
  return { ended: ended.length }
}

export async function revokeOtherSessions(db: Database, actor: Actor, sessions: Sessions) {
  const ended = await sessions.end(db, actor.id, { except: actor.sessionId }, 'revoked')
  afterCommit(db, () => sessions.announceEnded(ended, 'revoked'))
  return { ended: ended.length }
}

/** The oldest first. */
export async function listIdentities(db: Database, actor: Actor, page: PageRequest) {
  const rows = await db
    .select()
    .from(identities)
    .where(and(eq(identities.userId, actor.id), page.cursor ? sql`${identities.id} > ${page.cursor}` : undefined))
    .orderBy(identities.id)
    .limit(page.limit + 1)
  return toPage(
    rows,
    page,
    ({ id, provider, email, createdAt, lastUsedAt }): Identity => ({
      id,
      provider,
      email,
      createdAt: createdAt.toISOString(),
      lastUsedAt: lastUsedAt.toISOString(),
    }),
  )
}

/** Whose sign-ins open sessions with a secret of our own. */
const ownProviders: ReadonlySet<Identity['provider']> = new Set(['google', 'password'])

/**
 * The person hears of it by mail: it may have been somebody else.
 * @throws AppError NOT_FOUND, for somebody else's too; LAST_SIGN_IN_METHOD, REAUTHENTICATION_REQUIRED
 */
export async function unlinkIdentity(
  db: Database,
  actor: Actor,
  sessions: Sessions,
  { identityId }: z.infer<typeof UnlinkIdentity>,
) {
  await withTransaction(db, async (tx) => {
    // The person's row is the turn: two unlinks at once must not each see the other's method still there.
    const person = await lockPerson(tx, actor.id)
    await requireFreshSignIn(tx, actor)
    const owned = await tx.select().from(identities).where(eq(identities.userId, actor.id))
    const unlinked = owned.find(({ id }) => id === identityId)
    if (!unlinked) throw new AppError('NOT_FOUND')
    // The id of the product before opens nothing once its person has another way in.
    const left = owned.filter(({ id, provider }) => id !== identityId && provider !== 'legacy')
    if (left.length === 0) throw new AppError('LAST_SIGN_IN_METHOD')
    // What it opened ends with it, before the rows forget whose they were; not the session of who asks, fresh as it is, unless
    // it hangs on tokens that come from there.
    const isOutside = !ownProviders.has(unlinked.provider)
    const which = { identity: identityId, ...(!isOutside && { except: actor.sessionId }) }
    const ended = await sessions.end(tx, actor.id, which, 'account-changed')
    afterCommit(tx, () => sessions.announceEnded(ended, 'account-changed'))
    await tx.delete(identities).where(eq(identities.id, identityId))
    const method = methodNames[unlinked.provider]
    if (person) await mailToOwner(tx, person, 'sign-in-method-removed', { name: person.displayName, method })
    noteChange(tx, unlinked, null)
  })
}

/** One event, when the session ends, and then the end of the stream; nothing when the caller goes first. */
export async function* followSessionEnd(
  actor: Actor,
  sessions: Sessions,
  signal: AbortSignal | undefined,
): AsyncGenerator<SessionEnded> {
  const { promise, resolve } = Promise.withResolvers<SessionEnded | null>()
  const unwatch = sessions.watch.watch(actor.sessionId, (reason) => resolve({ reason }))
  const leave = () => resolve(null)
  signal?.addEventListener('abort', leave, { once: true })
  try {
    const ended = signal?.aborted ? null : await promise
    if (ended) yield ended
  } finally {
    unwatch()
    signal?.removeEventListener('abort', leave)
  }
}

export function toPerson(user: Profile): Person {
  return {
    id: user.id,
    email: user.email,
    emailVerified: user.emailVerified,
    username: user.username,
    displayName: user.displayName,
    avatarUrl: user.avatarUrl,
    role: user.role,
    createdAt: user.createdAt.toISOString(),
    lastLoginAt: user.lastLoginAt?.toISOString() ?? null,
  }
}
