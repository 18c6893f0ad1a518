/**
 * The end of a session by who holds it. Every token that a request shows ends its session; none is no fault, so signing out
 * twice is fine. A bad token that was meant to act, and not merely sent along by a browser, is refused.
 */
import { recordAudit } from '../audit/audit-log.ts'
import type { Database } from '../db/database.ts'
import { withTransaction } from '../db/transaction.ts'
import { AppError } from '../errors/app-error.ts'
import { isMeantAsApiKey } from './api-keys.ts'
import { findByApiKey, presentedTokens } from './credential.ts'
import type { Door } from './open-session.ts'
import { readRefreshToken } from './refresh-token.ts'
import { cookieFlags, cookieValues, refreshCookieName, sessionCookieName } from './session-cookie.ts'

type Ended = { id: string; userId: string }[]

/**
 * `refreshToken`: of a program, which sends it in the body. `action`: for the record.
 * @throws AppError INVALID_CREDENTIAL, and then nothing ended
 */
export async function signOut(
  door: Door,
  { refreshToken, action }: { refreshToken?: string | undefined; action: string },
): Promise<void> {
  const { app, reply } = door
  const { config, sessions, database } = app
  const given = refreshToken === undefined ? null : readRefreshToken(config, refreshToken)
  if (refreshToken !== undefined && !given) throw new AppError('INVALID_CREDENTIAL')
  const byBearer = await sessionOfBearer(door)
  const ended = await withTransaction(database.db, async (tx) => {
    const byCookies = await endByCookies(door, tx, 'signed-out', action)
    const named: Ended = []
    for (const id of [given?.sessionId, byBearer]) if (id) named.push(...(await sessions.endById(tx, id, 'signed-out')))
    return [...byCookies, ...(await recordEnds(door, tx, named, 'signed-out', action))]
  })
  sessions.announceEnded(ended, 'signed-out')
  if (!reply || reply.sent) return
  reply.clearCookie(sessionCookieName(config), cookieFlags(config))
  const refreshCookie = refreshCookieName(config)
  if (cookieValues(door.request.headers.cookie, refreshCookie).length > 0) {
    reply.clearCookie(refreshCookie, cookieFlags(config))
  }
}

/** Ends the sessions that the cookies of this request are of. Returns which, to be announced after the commit. */
export async function endByCookies(
  door: Door,
  tx: Database,
  reason: 'signed-out' | 'replaced',
  action = 'auth.signOut',
): Promise<string[]> {
  const { config, sessions } = door.app
  const values = (name: string) => cookieValues(door.request.headers.cookie, name).slice(0, 2)
  const ended: Ended = []
  for (const token of values(sessionCookieName(config))) ended.push(...(await sessions.endByToken(tx, token, reason)))
  for (const token of values(refreshCookieName(config))) {
    const claims = readRefreshToken(config, token)
    if (claims) ended.push(...(await sessions.endById(tx, claims.sessionId, reason)))
  }
  return recordEnds(door, tx, ended, reason, action)
}

/** Also of an access token that has run out: it can still take its session away, and then a sign-out is one. */
async function sessionOfBearer({ app, request }: Door): Promise<string | null> {
  const tokens = presentedTokens(request.raw)
  if (tokens.length === 0) return null
  const [token] = tokens
  if (tokens.length === 1 && token) {
    // A program that tidies up after itself must not find its key gone the next day.
    if (isMeantAsApiKey(token)) {
      const key = await findByApiKey(token, app)
      throw new AppError(key.kind === 'refused' ? key.code : 'API_KEY_REFUSED')
    }
    if (app.accessTokens.claims(token)) {
      const access = await app.accessTokens.verify(token)
      if (access) return access.sessionId
    } else {
      const from = { ip: request.ip, requestId: request.id, userAgent: request.headers['user-agent'] }
      const actor = await app.outsideSessions.find(token, from)
      if (actor) return actor.sessionId
    }
  }
  throw new AppError('INVALID_CREDENTIAL')
}

async function recordEnds(
  { request }: Door,
  tx: Database,
  ended: Ended,
  reason: string,
  action: string,
): Promise<string[]> {
  for (const { id, userId } of ended) {
    await recordAudit(tx, {
      actorId: userId,
      action,
      target: `session:${id}`,
      ip: request.ip,
      requestId: request.id,
      after: { reason },
    })
  }
  return ended.map(({ id }) => id)
}
