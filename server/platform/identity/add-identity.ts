/**
 * A signed-in user adds a sign-in method of a provider. The session and a fresh sign-in prove the user, the provider proves the identity; an
 * e-mail address decides nothing. The attempt names the session that started it, and the callback must come with the cookie of
 * that session: otherwise a page could have its own identity added to another user, or the identity of another user to its own.
 */
import { eq } from 'drizzle-orm'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { identitiesPerUser } from '../../../shared/account.ts'
import { type Origin, recordAudit } from '../audit/audit-log.ts'
import type { Database } from '../db/database.ts'
import { AppError } from '../errors/app-error.ts'
import { requireFreshSignIn } from './fresh-sign-in.ts'
import { byIssuer, isIdentity } from './identity-key.ts'
import { type Door, isStreamed, needsCookie } from './open-session.ts'
import { lockName, lockPerson, mailAdded } from './people.ts'
import type { ProviderProfile } from './provider.ts'
import { lockSession } from './refresh.ts'
import { credentialOf } from './request-credential.ts'
import type { Actor, Sessions } from './sessions.ts'
import { type AddingTo, keepAttempt, newAttempt } from './sign-in-attempt.ts'
import { identities } from './table.ts'

/** Where the callback of an attempt leads. */
const methodsPage = '/account/sign-in-methods'

/**
 * Returns the address of the provider to send the browser to, and sets the cookie of the attempt.
 * @throws AppError NOT_FOUND without a provider, REAUTHENTICATION_REQUIRED, PROVIDER_UNAVAILABLE, VALIDATION_ERROR where no cookie can be set
 */
export async function startAdding({ app, request, reply }: Door, actor: Actor): Promise<{ url: string }> {
  const { signInProvider: provider, config, database } = app
  if (!provider) throw new AppError('NOT_FOUND')
  if (!reply || isStreamed(request)) throw needsCookie()
  await requireFreshSignIn(database.db, actor)
  const attempt = newAttempt(methodsPage, { userId: actor.id, sessionId: actor.sessionId })
  const { url, verifier } = await provider.authorize(attempt, {})
  await keepAttempt(request, reply, config, { ...attempt, verifier })
  return { url: url.href }
}

/** @throws AppError SIGN_IN_EXPIRED where the browser does not hold the session that started the attempt */
export async function requireSession(request: FastifyRequest, app: Door['app'], { sessionId }: AddingTo) {
  const resolution = await credentialOf(request, app)
  const held =
    resolution.kind === 'signed-in'
      ? resolution.actor.sessionId
      : resolution.kind === 'anonymous'
        ? resolution.refreshable
        : null
  if (held !== sessionId) throw new AppError('SIGN_IN_EXPIRED')
}

/**
 * Adding an identity that the user has changes nothing. An attempt can end later than the freshness of the sign-in that started it.
 * @throws AppError SESSION_ENDED, REAUTHENTICATION_REQUIRED, SIGN_IN_METHOD_TAKEN, SIGN_IN_METHOD_LIMIT_REACHED
 */
export async function addIdentity(
  tx: Database,
  sessions: Sessions,
  { userId, sessionId }: AddingTo,
  profile: ProviderProfile,
  origin: Origin,
): Promise<void> {
  const { provider, issuer, subject, email } = profile
  await lockName(tx, `identity:${provider}:${subject}`)
  const user = await lockPerson(tx, userId)
  const row = await lockSession(tx, sessions, sessionId)
  if (!user?.isActive || !row?.alive || row.user.id !== userId) throw new AppError('SESSION_ENDED')
  await requireFreshSignIn(tx, { sessionId })
  const [known] = await tx.select().from(identities).where(isIdentity(profile)).orderBy(byIssuer).limit(1)
  if (known?.userId === userId) return
  if (known) throw new AppError('SIGN_IN_METHOD_TAKEN')
  const held = await tx.$count(identities, eq(identities.userId, userId))
  if (held >= identitiesPerUser) throw new AppError('SIGN_IN_METHOD_LIMIT_REACHED')
  const [added] = await tx
    .insert(identities)
    .values({ userId, provider, issuer, subject, email })
    .returning({ id: identities.id })
  await mailAdded(tx, user, profile)
  await recordAudit(tx, {
    ...origin,
    actorId: userId,
    action: 'account.identities.add',
    target: `identity:${added?.id}`,
    after: { provider, email },
  })
}

/** Back to the list of sign-in methods, which reports the outcome. */
export function reportAdding(reply: FastifyReply, outcome: Record<string, string>) {
  return reply.redirect(`${methodsPage}?${new URLSearchParams(outcome)}`, 302)
}
