/**
 * The doors of sign-in that a browser walks through by itself: start, callback, sign out. They are plain routes because
 * they answer with redirects and cookies. Whatever goes wrong ends on a page with a code, never on a bare error.
 */
import { finished } from 'node:stream'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorCode } from '../../../shared/errors.ts'
import { isLoopback } from '../config/config.ts'
import { withTransaction } from '../db/transaction.ts'
import { toAppError } from '../errors/app-error.ts'
import { googleProvider } from './google-provider.ts'
import { mockProvider } from './mock-provider.ts'
import { findOrCreatePerson } from './people.ts'
import { safeReturnTo } from './return-to.ts'
import { cookieFlags, cookieValues, sessionCookieFlags, sessionCookieName } from './session-cookie.ts'
import { keepAttempt, newAttempt, recallAttempt, type SignInAttempt, spendAttempt } from './sign-in-attempt.ts'
import { callbackPath, signInPath } from './sign-in-path.ts'

export const signInRoutes: FastifyPluginAsync = async (app) => {
  const { config, sessions } = app
  const provider = config.auth.mock ? mockProvider(config, app.database.db) : googleProvider(config, app.log)
  const cookieName = sessionCookieName(config)

  // Locations here hold states, and answers hold cookies: neither is for a cache between (RFC 9700 section 4.2.4).
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  app.get(signInPath, async (request, reply) => {
    const query = request.query as Record<string, unknown>
    const returnTo = safeReturnTo(query.returnTo)
    const elsewhere = otherNameOfThisMachine(request, config.server.publicUrl)
    if (elsewhere) return reply.redirect(elsewhere, 302)
    try {
      const attempt = newAttempt(returnTo)
      const there = await provider.authorizationUrl(attempt, query)
      await keepAttempt(request, reply, config, attempt)
      return reply.redirect(there.href, 302)
    } catch (error) {
      return failed(request, reply, error, returnTo)
    }
  })

  app.get(callbackPath, async (request, reply) => {
    let attempt: SignInAttempt | null = null
    try {
      const query = singleValues(request.query as Record<string, unknown>)
      attempt = await recallAttempt(request, reply, config, query.get('state'))
      // Spent before the code is exchanged: of ten callbacks at once, one goes on.
      if (!attempt || !(await spendAttempt(app.database.db, attempt)))
        return refuse(reply, 'SIGN_IN_EXPIRED', attempt?.returnTo)
      const profile = await provider.finish(query, attempt)
      const { token, ended } = await withTransaction(app.database.db, async (tx) => {
        const { user, endedSessions } = await findOrCreatePerson(tx, sessions, profile)
        const { token } = await sessions.create(tx, {
          userId: user.id,
          ip: request.ip,
          userAgent: request.headers['user-agent'],
        })
        return { token, ended: endedSessions }
      })
      sessions.announceEnded(ended, 'account-changed')
      const replaced = await endPresented(request, 'replaced')
      // Once the browser has the new cookie: a page that hears of it sooner would ask with the old one.
      finished(reply.raw, () => sessions.announceEnded(replaced, 'replaced'))
      reply.setCookie(cookieName, token, sessionCookieFlags(config))
      return reply.redirect(attempt.returnTo, 302)
    } catch (error) {
      return failed(request, reply, error, attempt?.returnTo)
    }
  })

  app.post('/auth/logout', async (request, reply) => {
    sessions.announceEnded(await endPresented(request, 'signed-out'), 'signed-out')
    return reply.clearCookie(cookieName, cookieFlags(config)).code(204).send()
  })

  /** Ends whatever sessions this browser presented; none is no fault, so signing out twice is fine. */
  async function endPresented(request: FastifyRequest, reason: 'signed-out' | 'replaced'): Promise<string[]> {
    const ended: string[] = []
    for (const token of cookieValues(request.headers.cookie, cookieName).slice(0, 2)) {
      ended.push(...(await sessions.endByToken(app.database.db, token, reason)))
    }
    return ended
  }

  function failed(request: FastifyRequest, reply: FastifyReply, error: unknown, returnTo?: string) {
    const appError = toAppError(error)
    if (appError.code === 'INTERNAL_ERROR') request.log.error({ err: error }, 'sign-in failed')
    return refuse(reply, appError.code, returnTo)
  }

  function refuse(reply: FastifyReply, code: ErrorCode, returnTo = '/') {
    const query = new URLSearchParams({ error: code, requestId: reply.request.id })
    if (returnTo !== '/') query.set('returnTo', returnTo)
    return reply.redirect(`/sign-in?${query}`, 302)
  }
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
