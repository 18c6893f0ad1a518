/**
 * The doors of sign-in that a browser walks through by itself: start, callback, sign out. They are plain routes because
 * they answer with redirects and cookies. Whatever goes wrong ends on a page with a code, never on a bare error.
 */
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorCode } from '../../../shared/errors.ts'
import { recordAudit } from '../audit/audit-log.ts'
import { type Config, isLoopback } from '../config/config.ts'
import type { Database } from '../db/database.ts'
import { withTransaction } from '../db/transaction.ts'
import { AppError, toAppError } from '../errors/app-error.ts'
import { answerError } from '../errors/plugin.ts'
import { callCounter } from '../limits/call-counter.ts'
import { addIdentity, reportAdding, requireSession } from './add-identity.ts'
import { payerOf } from './credential.ts'
import { type Door, openSession } from './open-session.ts'
import { findOrCreatePerson } from './people.ts'
import type { Provider, WayIn } from './provider.ts'
import { openByCode } from './renew-session.ts'
import { credentialOf } from './request-credential.ts'
import { safeReturnTo } from './return-to.ts'
import { cookieValues, refreshCookieName, sessionCookieName } from './session-cookie.ts'
import { keepAttempt, newAttempt, recallAttempt, type SignInAttempt, spendAttempt } from './sign-in-attempt.ts'
import { callbackPath, signInPath } from './sign-in-path.ts'
import { signOut } from './sign-out.ts'
import type { User } from './table.ts'

export const signInRoutes: FastifyPluginAsync = async (app) => {
  const { config, sessions, signInProvider: provider } = app

  // In a browser, a refusal before the handler runs leads to the page as well.
  app.setErrorHandler((error, request, reply) =>
    request.method === 'GET' && request.headers.accept?.includes('text/html')
      ? failed(request, reply, error, safeReturnTo((request.query as Record<string, unknown>).returnTo))
      : answerError(error, request, reply),
  )

  // Locations here hold states, and answers hold cookies: neither is for a cache between (RFC 9700 section 4.2.4).
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  app.post('/auth/logout', async (request, reply) => {
    await callCounter(app, request, reply)(payerOf(await credentialOf(request, app)))
    await signOut({ app, request, reply }, { action: 'auth.signOut' })
    return reply.code(204).send()
  })
  if (!provider) return

  app.get(signInPath, async (request, reply) => {
    const query = request.query as Record<string, unknown>
    const returnTo = safeReturnTo(query.returnTo)
    const elsewhere = otherNameOfThisMachine(request, config.server.publicUrl)
    if (elsewhere) return reply.redirect(elsewhere, 302)
    if (isCrossSiteBesideSession(request, config)) {
      return reply.redirect(`/sign-in?${new URLSearchParams({ returnTo })}`, 302)
    }
    try {
      const attempt = newAttempt(returnTo)
      const { url, verifier } = await provider.authorize(attempt, query)
      await keepAttempt(request, reply, config, { ...attempt, verifier })
      return reply.redirect(url.href, 302)
    } catch (error) {
      return failed(request, reply, error, returnTo)
    }
  })

  app.get(callbackPath, async (request, reply) => {
    let attempt: SignInAttempt | null = null
    try {
      const query = singleValues(request.query as Record<string, unknown>)
      attempt = await recallAttempt(request, reply, config, query.get('state'))
      if (!attempt) return refuse(reply, 'SIGN_IN_EXPIRED')
      const recalled = attempt
      const code = await app.signInAttempts.guard(request.ip, null, () =>
        finish(provider, request, reply, query, recalled),
      )
      if (attempt.addingTo) return reportAdding(reply, { added: 'google' })
      return reply.redirect(code === null ? attempt.returnTo : withCode(attempt.returnTo, code), 302)
    } catch (error) {
      if (attempt?.addingTo) return failed(request, reply, error, null)
      if (toAppError(error).status < 500) app.metrics.signIns.inc({ method: 'google', outcome: 'refused' })
      return failed(request, reply, error, attempt?.returnTo)
    }
  })

  /** Returns the code for the page, as `open` does. @throws AppError SIGN_IN_EXPIRED, and what the provider's `finish` throws */
  async function finish(
    provider: Provider,
    request: FastifyRequest,
    reply: FastifyReply,
    query: URLSearchParams,
    attempt: SignInAttempt,
  ): Promise<string | null> {
    // Spent before the code is exchanged: of ten callbacks at once, one goes on.
    if (!(await spendAttempt(app.database.db, attempt))) throw new AppError('SIGN_IN_EXPIRED')
    const { addingTo } = attempt
    if (addingTo) await requireSession(request, app, addingTo)
    const profile = await provider.finish(query, attempt)
    if (addingTo) {
      const origin = { ip: request.ip, requestId: request.id }
      await withTransaction(app.database.db, (tx) => addIdentity(tx, sessions, addingTo, profile, origin))
      return null
    }
    const { ended, code } = await withTransaction(app.database.db, async (tx) => {
      const { user, endedSessions } = await findOrCreatePerson(tx, sessions, profile)
      const { sessionId, code } = await open({ app, request, reply }, tx, user, profile)
      const after = { provider: profile.provider, endedSessions }
      await recordAudit(tx, { ...entryFor(request, user.id, sessionId), action: 'auth.signIn', after })
      return { ended: endedSessions, code }
    })
    sessions.announceEnded(ended, 'account-changed')
    app.metrics.signIns.inc({ method: profile.provider, outcome: 'accepted' })
    return code
  }

  /** `returnTo`: null for the user who was adding a sign-in method. */
  function failed(request: FastifyRequest, reply: FastifyReply, error: unknown, returnTo?: string | null) {
    const { code } = toAppError(error)
    if (code === 'INTERNAL_ERROR') request.log.error({ err: error }, 'sign-in failed')
    if (returnTo === null) return reportAdding(reply, { error: code, requestId: request.id })
    return refuse(reply, code, returnTo)
  }

  function refuse(reply: FastifyReply, code: ErrorCode, returnTo = '/') {
    const query = new URLSearchParams({ error: code, requestId: reply.request.id })
    if (returnTo !== '/') query.set('returnTo', returnTo)
    return reply.redirect(`/sign-in?${query}`, 302)
  }
}

/** `code`: for the page, where it is to hold tokens; a redirect has only its address to say something in. */
async function open(
  door: Door,
  tx: Database,
  user: User,
  by: WayIn,
): Promise<{ sessionId: string; code: string | null }> {
  if (door.app.config.auth.sessionMode === 'jwt') return openByCode(door, tx, user, by)
  const { sessionId } = await openSession(door, tx, user, by, 'browser')
  return { sessionId, code: null }
}

/** In the fragment, which no server is sent and no `Referer` holds; the page's own comes after it. */
function withCode(returnTo: string, code: string): string {
  const [, path, fragment] = /^([^#]*)(.*)$/s.exec(returnTo) ?? []
  return `${path}#code=${code}${fragment}`
}

const entryFor = (request: FastifyRequest, actorId: string, sessionId: string) => ({
  actorId,
  target: `session:${sessionId}`,
  ip: request.ip,
  requestId: request.id,
})

/**
 * A page of another site must not replace the session of the user who is signed in here (login CSRF, RFC 6749 section 10.12): the
 * sign-in page then shows that they are. A browser too old to say where a request comes from says nothing.
 */
function isCrossSiteBesideSession({ headers }: FastifyRequest, config: Config): boolean {
  if (headers['sec-fetch-site'] !== 'cross-site') return false
  return [sessionCookieName(config), refreshCookieName(config)].some(
    (name) => cookieValues(headers.cookie, name).length > 0,
  )
}

/** A parameter sent twice is nobody's: OAuth forbids it (RFC 6749 section 3.1), and parsers differ on which one counts. */
function singleValues(query: Record<string, unknown>): URLSearchParams {
  const values = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (typeof value === 'string') values.set(name, value)
  return values
}

/**
 * `localhost` and `127.0.0.1` are one machine and two cookie jars: the attempt must begin under the name that the
 * provider sends people back to. The place to go is built from PUBLIC_URL, and only between loopback names.
 */
function otherNameOfThisMachine(request: FastifyRequest, publicUrl: string): string | null {
  const asked = `http://${request.headers.host}`
  if (!URL.canParse(asked)) return null
  const [own, used] = [new URL(publicUrl), new URL(asked)]
  const differs = own.hostname !== used.hostname && own.port === used.port
  return differs && isLoopback(own) && isLoopback(used) ? publicUrl + request.url : null
}
