/** What every procedure gets: one shape for HTTP, SSE and WebSocket, made from the Fastify request in each case. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from './platform/config/config.ts'
import type { Database } from './platform/db/database.ts'
import { type Resolution, resolveCredential } from './platform/identity/credential.ts'
import { cookieFlags, sessionCookieName } from './platform/identity/session-cookie.ts'
import type { Sessions } from './platform/identity/sessions.ts'
import type { LiveHub } from './platform/live/live-hub.ts'

export interface Context {
  readonly db: Database
  readonly config: Config
  readonly sessions: Sessions
  readonly live: LiveHub
  /** True on a socket that the hub may write to by itself. */
  readonly handsOver: boolean
  readonly log: FastifyRequest['log']
  readonly requestId: string
  /**
   * Who presents what, now. One look per HTTP request; on a socket, which outlives any sign-in, one per call.
   */
  readonly resolve: () => Promise<Resolution>
  /** Takes a cookie back that has become worthless. On a socket, which has no headers left to send, nothing. */
  readonly clearSessionCookie: () => void
  /** Subscriptions open on this socket; an HTTP stream is alone on its request. */
  readonly subscriptions: { open: number }
}

export function createContext(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply | null): Context {
  const look = () => resolveCredential(request.headers, app.config, app.sessions)
  let once: Promise<Resolution> | undefined
  return {
    db: app.database.db,
    config: app.config,
    sessions: app.sessions,
    live: app.live,
    handsOver: reply === null,
    log: request.log,
    requestId: request.id,
    resolve: reply
      ? () => {
          once ??= look()
          return once
        }
      : look,
    clearSessionCookie() {
      if (reply && !reply.sent) reply.clearCookie(sessionCookieName(app.config), cookieFlags(app.config))
    },
    subscriptions: { open: 0 },
  }
}
