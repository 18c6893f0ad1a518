/** What every procedure gets: one shape for HTTP, SSE and WebSocket, made from the Fastify request in each case. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Refreshed } from '../shared/auth.ts'
import type { Writer } from './features/conversations/answers.ts'
import type { Origin } from './platform/audit/audit-log.ts'
import type { Config } from './platform/config/config.ts'
import type { Database } from './platform/db/database.ts'
import { AppError, toAppError } from './platform/errors/app-error.ts'
import { startAdding } from './platform/identity/add-identity.ts'
import { type Resolution, resolveCredential } from './platform/identity/credential.ts'
import { type OpenedSession, openSession } from './platform/identity/open-session.ts'
import type { PasswordHashes } from './platform/identity/password-hash.ts'
import type { Profiles } from './platform/identity/profiles.ts'
import type { WayIn } from './platform/identity/provider.ts'
import { exchangeCode, refresh } from './platform/identity/renew-session.ts'
import { credentialOf } from './platform/identity/request-credential.ts'
import { cookieFlags, sessionCookieName } from './platform/identity/session-cookie.ts'
import type { Actor, Sessions } from './platform/identity/sessions.ts'
import { signOut } from './platform/identity/sign-out.ts'
import type { User } from './platform/identity/table.ts'
import { type CountCall, callCounter } from './platform/limits/call-counter.ts'
import type { Openings } from './platform/limits/openings.ts'
import type { LiveHub } from './platform/live/live-hub.ts'
import type { Metrics } from './platform/metrics/metrics.ts'
import type { Presence } from './platform/presence/presence.ts'
import type { CallingSocket, SocketCalls } from './platform/trpc/socket-calls.ts'

export interface Context {
  readonly db: Database
  readonly config: Config
  readonly sessions: Sessions
  readonly profiles: Profiles
  readonly passwordHashes: PasswordHashes
  readonly metrics: Metrics
  /** See `IdentityTimes`. */
  readonly unseenMs: number
  readonly live: LiveHub
  readonly presence: Presence
  /** Writes down what the assistant answers; null where there is none. */
  readonly answerWriter: Writer | null
  /** True on a socket that the hub may write to by itself. */
  readonly handsOver: boolean
  readonly log: FastifyRequest['log']
  readonly requestId: string
  /** Of the socket, on a socket. */
  readonly origin: Origin
  /** The header; a call's own key stands beside its input. */
  readonly idempotencyKey: string | undefined
  /** How many calls came together. */
  readonly calls: number
  /**
   * Who presents what, now. One look per HTTP request; on a socket, which outlives any sign-in, one per call.
   */
  readonly resolve: () => Promise<Resolution>
  /**
   * Whom the page that asks shows, by its own word (`plinth-person`). The cookie is the whole browser's and may have become
   * another person's in another tab. The word grants nothing: it can only have a call refused.
   */
  readonly pageOf: string | null
  /** Takes a cookie back that has become worthless. On a socket, which has no headers left to send, nothing. */
  readonly clearSessionCookie: () => void
  /**
   * Opens a session of `user` in `tx` for whoever asks, as `openSession` of platform/identity. For a `program`, both tokens. For a
   * `browser`, what it presented ends, and its cookie is set when `tx` has committed; an access token where AUTH_SESSION_MODE
   * is `jwt`. @throws AppError VALIDATION_ERROR on a socket, for a browser
   */
  readonly openSession: (tx: Database, user: User, by: WayIn, holder: 'browser' | 'program') => Promise<OpenedSession>
  /** Counts this call against the budget of whoever makes it, null for nobody known. @throws AppError RATE_LIMITED */
  readonly countCall: CountCall
  /** Logs a failure of `procedure` if it is a 403. */
  readonly noteRefusal: (error: unknown, procedure: string, resolution: Resolution) => void
  /** Whom each call on a socket counts against, known since its upgrade and before anything is asked; null on HTTP. */
  readonly socketPayer: { id: string } | null
  /** Of whoever asks from here; see `SignInAttempts`. `account`: the address or the id that is tried. */
  readonly signInAttempts: {
    guard<T>(account: string, attempt: () => Promise<T>): Promise<T>
    countMail(account: string): Promise<void>
    forgive(account: string): Promise<void>
  }
  /** With the network of this request; see `InvitationBudget`. @throws AppError TOO_MANY_INVITATIONS */
  readonly countInvitation: (inviterId: string, address: string) => Promise<void>
  /** With the network of this request; see `JoinBudget`. @throws AppError TOO_MANY_JOINS */
  readonly countJoin: (userId: string) => Promise<void>
  /** `countCall` counts it for the user of the token. @throws as `refresh` of platform/identity */
  readonly refresh: (refreshToken: string | undefined, countCall: CountCall) => Promise<Refreshed>
  readonly signOut: (refreshToken: string | undefined) => Promise<void>
  /** @throws as `startAdding` of platform/identity */
  readonly startAdding: (actor: Actor) => Promise<{ url: string }>
  readonly exchangeCode: (code: string) => Promise<{ accessToken: string }>
  /** Null where the call is alone on its connection. */
  readonly socketCalls: SocketCalls | null
  /** Subscriptions on sockets begin through it. */
  readonly openings: Openings
}

export function createContext(
  app: FastifyInstance,
  request: FastifyRequest,
  reply: FastifyReply | null,
  calls = 1,
  socket: CallingSocket | null = null,
): Context {
  const door = { app, request, reply }
  const resolveOnSocket = async () => {
    // It may have been opened already.
    if (app.database.state !== 'ready') throw new AppError('DATABASE_UNAVAILABLE')
    return resolveCredential(request, app)
  }
  return {
    db: app.database.db,
    config: app.config,
    sessions: app.sessions,
    profiles: app.profiles,
    passwordHashes: app.passwordHashes,
    metrics: app.metrics,
    unseenMs: app.identityTimes.unseenMs,
    live: app.live,
    presence: app.presence,
    answerWriter: app.answerWriter,
    handsOver: reply === null,
    log: request.log,
    requestId: request.id,
    origin: { ip: request.ip, requestId: request.id },
    // On a socket it would be every call's.
    idempotencyKey: reply ? request.headers['idempotency-key']?.toString() : undefined,
    calls,
    resolve: reply ? () => credentialOf(request, app) : resolveOnSocket,
    pageOf: pageOf(request),
    clearSessionCookie() {
      if (reply && !reply.sent) reply.clearCookie(sessionCookieName(app.config), cookieFlags(app.config))
    },
    countCall: callCounter(app, request, reply, socket?.calls ?? null),
    noteRefusal(error, asked, resolution) {
      const { id: userId = null, scopes = null, sessionId } = resolution.kind === 'signed-in' ? resolution.actor : {}
      app.refusals.add(request.log, toAppError(error), { userId, ...(scopes && { apiKeyId: sessionId }), asked })
    },
    socketPayer: socket?.payer ?? null,
    signInAttempts: {
      guard: (account, attempt) => app.signInAttempts.guard(request.ip, account, attempt),
      countMail: (account) => app.signInAttempts.countMail(request.ip, account),
      forgive: (account) => app.signInAttempts.forgive(account),
    },
    countInvitation: (inviterId, address) => app.invitationBudget.count(request.ip, inviterId, address),
    countJoin: (userId) => app.joinBudget.count(request.ip, userId),
    openSession: (tx, user, by, holder) => openSession(door, tx, user, by, holder),
    refresh: (refreshToken, count) => refresh({ ...door, countCall: count }, refreshToken),
    signOut: (refreshToken) => signOut(door, { action: 'auth.logout', refreshToken }),
    startAdding: (actor) => startAdding(door, actor),
    exchangeCode: (code) => exchangeCode(door, code),
    socketCalls: socket?.calls ?? null,
    openings: app.openings,
  }
}

/** In the address where a browser can send no header: event sources and sockets. */
function pageOf({ headers, query }: FastifyRequest): string | null {
  const word = headers['plinth-person'] ?? (query as Record<string, unknown> | undefined)?.['plinth-person']
  return typeof word === 'string' ? word : null
}
