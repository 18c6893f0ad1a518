/**
 * How a sign-in becomes a session, whatever way in it was: one row, made in the transaction of the sign-in, and what its holder
 * is given to come back with. A browser's lasting secret is in an HttpOnly cookie in both session modes; a program keeps its tokens.
 */
import { finished } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Database } from '../db/database.ts'
import { afterCommit } from '../db/transaction.ts'
import { AppError } from '../errors/app-error.ts'
import type { WayIn } from './provider.ts'
import { makeRefreshToken } from './refresh-token.ts'
import {
  cookieFlags,
  cookieValues,
  refreshCookieName,
  sessionCookieFlags,
  sessionCookieName,
} from './session-cookie.ts'
import { endByCookies } from './sign-out.ts'
import type { User } from './table.ts'

export interface OpenedSession {
  readonly sessionId: string
  /** Null for a browser that comes back with a session cookie. */
  readonly accessToken: string | null
  /** For programs alone: a browser has it in a cookie. */
  readonly refreshToken: string | null
}

/** A call, and the answer to it; `reply` is null on a socket, which can be given no cookie. */
export interface Door {
  readonly app: FastifyInstance
  readonly request: FastifyRequest
  readonly reply: FastifyReply | null
}

/**
 * Opens a session of `user` in `tx`. For a browser, what it presents ends with the commit, and the new cookie is set then.
 * @throws AppError VALIDATION_ERROR where a browser could not be given its cookie
 */
export async function openSession(
  door: Door,
  tx: Database,
  user: User,
  by: WayIn,
  holder: 'browser' | 'program',
): Promise<OpenedSession> {
  const { config, accessTokens } = door.app
  if (holder === 'browser' && config.auth.sessionMode === 'cookies') {
    const { sessionId, token } = await insertSession(door, tx, user, by, 'cookie')
    await handToBrowser(door, tx, { name: sessionCookieName(config), value: token as string })
    return { sessionId, accessToken: null, refreshToken: null }
  }
  const { sessionId, createdAt } = await insertSession(door, tx, user, by, 'tokens')
  const session = { id: sessionId, refreshCounter: 0 }
  const accessToken = await accessTokens.sign(user, session, createdAt.getTime() / 1000)
  const refreshToken = makeRefreshToken(config, { sessionId, counter: 0 })
  if (holder === 'program') return { sessionId, accessToken, refreshToken }
  await handToBrowser(door, tx, { name: refreshCookieName(config), value: refreshToken })
  return { sessionId, accessToken, refreshToken: null }
}

export function insertSession(
  { app, request }: Door,
  tx: Database,
  { id: userId }: User,
  by: WayIn,
  heldBy: 'cookie' | 'tokens',
) {
  const { ip, headers } = request
  return app.sessions.create(tx, { userId, by, ip, userAgent: headers['user-agent'] }, heldBy)
}

/**
 * Ends what the browser presents, and gives it the one cookie that it comes back with, when `tx` has committed.
 * @throws AppError VALIDATION_ERROR where the answer can set none
 */
export async function handToBrowser(door: Door, tx: Database, cookie: { name: string; value: string }): Promise<void> {
  const { app, request, reply } = door
  const { config, sessions } = app
  if (!reply || isStreamed(request)) throw needsCookie()
  const replaced = await endByCookies(door, tx, 'replaced')
  afterCommit(tx, () => {
    // Once the browser has the new cookie: a page that hears of it sooner would ask with the old one.
    finished(reply.raw, () => sessions.announceEnded(replaced, 'replaced'))
    reply.setCookie(cookie.name, cookie.value, sessionCookieFlags(config))
    for (const name of [sessionCookieName(config), refreshCookieName(config)]) {
      // Of the other session mode.
      const isLeftOver = name !== cookie.name && cookieValues(request.headers.cookie, name).length > 0
      if (isLeftOver) reply.clearCookie(name, cookieFlags(config))
    }
  })
}

/** For a call whose response can set no cookie. */
export const needsCookie = () =>
  new AppError('VALIDATION_ERROR', {
    message: 'This call must be sent over HTTP, outside a streamed batch, because its response sets a cookie.',
  })

/** Of a streamed batch, the head has left before any of its calls is done. */
export const isStreamed = ({ headers }: FastifyRequest) => headers['trpc-accept'] === 'application/jsonl'
