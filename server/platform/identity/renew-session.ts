/**
 * The two calls by which a holder of tokens gets new ones: a refresh, and the exchange of the code with which a provider's
 * sign-in comes back to a page. For a browser the refresh token goes from cookie to cookie and no script ever sees it.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { Refreshed } from '../../../shared/auth.ts'
import { recordAudit } from '../audit/audit-log.ts'
import type { Config } from '../config/config.ts'
import type { Database } from '../db/database.ts'
import { afterCommit, withTransaction } from '../db/transaction.ts'
import { AppError } from '../errors/app-error.ts'
import { issueOneTimeToken, oneTimeToken, spendOneTimeToken } from './one-time-tokens.ts'
import { type Door, handToBrowser, insertSession, isStreamed } from './open-session.ts'
import type { WayIn } from './provider.ts'
import { lockSession, refreshTokens } from './refresh.ts'
import { makeRefreshToken, payerOfRefresh, type RefreshClaims, readRefreshToken } from './refresh-token.ts'
import { cookieFlags, cookieValues, hostPrefix, refreshCookieName, sessionCookieFlags } from './session-cookie.ts'
import { type Alive, type Ended, isActor } from './session-lookups.ts'
import type { User } from './table.ts'

/** The code's own minute, and some for clocks. */
const codeCookieS = 120

/**
 * `given`: of a program, which gets both tokens. Without, by the cookie, which is set anew.
 * @throws AppError UNAUTHENTICATED without either, INVALID_CREDENTIAL, and then nothing was touched, VALIDATION_ERROR, and what `refreshTokens` throws
 */
export async function refresh(
  { app, request, reply, countCall }: Door & { countCall: (payer: { id: string } | null) => Promise<void> },
  given: string | undefined,
): Promise<Refreshed> {
  const renew = async (token: string) => {
    const claims = readRefreshToken(app.config, token)
    const found = claims && (await findSession({ app, request, reply }, claims))
    const payer = claims && payerOfRefresh(found, claims)
    // A reused token ends its session even if its network has no calls left, so that its thief cannot prevent that from there. The failure counts.
    const isReused = found && isActor(found) && !payer
    if (!isReused) await countCall(payer)
    if (!claims) throw new AppError('INVALID_CREDENTIAL')
    return refreshTokens(app, app.database.db, claims, { ip: request.ip, requestId: request.id })
  }
  if (given !== undefined) return renew(given)
  const name = refreshCookieName(app.config)
  const values = new Set(cookieValues(request.headers.cookie, name))
  const [value] = values
  if (value === undefined) throw new AppError('UNAUTHENTICATED')
  // Two different ones: one was tossed in, and nobody can say which.
  if (values.size > 1) throw new AppError('INVALID_CREDENTIAL')
  if (!reply || isStreamed(request)) throw new AppError('VALIDATION_ERROR')
  const { accessToken, refreshToken } = await renew(value)
  reply.setCookie(name, refreshToken, sessionCookieFlags(app.config))
  return { accessToken, refreshToken: null }
}

/** @throws AppError RATE_LIMITED where the network has looked up too many ended sessions */
function findSession({ app, request }: Door, { sessionId }: RefreshClaims): Promise<Alive | Ended | null> {
  const { sessions, secretLookups } = app
  const find = () => sessions.findById(sessionId)
  return sessions.hasSeen(sessionId) ? find() : secretLookups.run(request.ip, find)
}

/**
 * Opens a session for a browser that is sent on by a redirect, which can carry no token. Returns the code for the fragment of its
 * address, good for one minute and in this browser alone: in another it would sign somebody in as whoever sent them the
 * link (login CSRF, RFC 9700 section 4.7).
 */
export async function openByCode(
  door: Door,
  tx: Database,
  user: User,
  by: WayIn,
): Promise<{ sessionId: string; code: string }> {
  const { config } = door.app
  const { sessionId } = await insertSession(door, tx, user, by, 'tokens')
  const id = await issueOneTimeToken(tx, { userId: user.id, purpose: 'sign-in', sessionId })
  const code = oneTimeToken(config, id, 'sign-in')
  afterCommit(tx, () => {
    door.reply?.setCookie(cookieName(config, code), bound(config, code), {
      ...cookieFlags(config),
      maxAge: codeCookieS,
    })
  })
  return { sessionId, code }
}

/** @throws AppError SIGN_IN_EXPIRED for a code that is used, old, forged, of another browser or of a session that is over */
export async function exchangeCode(door: Door, code: string): Promise<{ accessToken: string }> {
  const { config, database, sessions, accessTokens } = door.app
  if (!isBound(door, code)) throw new AppError('SIGN_IN_EXPIRED')
  return withTransaction(database.db, async (tx) => {
    const spent = await spendOneTimeToken(tx, config, code, 'sign-in')
    const row = spent?.sessionId ? await lockSession(tx, sessions, spent.sessionId) : undefined
    if (!row?.alive || !row.user.isActive) throw new AppError('SIGN_IN_EXPIRED')
    const { id, refreshCounter } = row.session
    const value = makeRefreshToken(config, { sessionId: id, counter: refreshCounter })
    await handToBrowser(door, tx, { name: refreshCookieName(config), value })
    afterCommit(tx, () => void door.reply?.clearCookie(cookieName(config, code), cookieFlags(config)))
    const { ip, id: requestId } = door.request
    await recordAudit(tx, { ip, requestId, actorId: row.user.id, action: 'auth.exchange', target: `session:${id}` })
    return { accessToken: await accessTokens.sign(row.user, row.session, row.nowMs / 1000) }
  })
}

const codeForm = /^([0-9a-f-]{36})\./

/** Two tabs that sign in at once have a cookie each. */
const cookieName = (config: Config, code: string) => `${hostPrefix(config)}plinth_code_${codeForm.exec(code)?.[1]}`

function isBound({ app: { config }, request }: Door, code: string): boolean {
  if (!codeForm.test(code)) return false
  const [value = ''] = cookieValues(request.headers.cookie, cookieName(config, code))
  const [given, own] = [Buffer.from(value), Buffer.from(bound(config, code))]
  return given.length === own.length && timingSafeEqual(given, own)
}

/** Of the browser, beside the code of the address: neither is worth anything without the other. */
function bound(config: Config, code: string): string {
  const key = Buffer.from(hkdfSync('sha256', config.auth.cookieSecret, '', 'plinth sign-in code', 32))
  return createHmac('sha256', key).update(code).digest('base64url')
}
