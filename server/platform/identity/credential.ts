/**
 * From what a request presents to who acts: one function for every transport. The strongest credential presented
 * decides alone; a bad one is refused and never falls through to a weaker one.
 */
import type { IncomingMessage } from 'node:http'
import type { SessionEndReason } from '../../../shared/account.ts'
import type { Config } from '../config/config.ts'
import { AppError } from '../errors/app-error.ts'
import { type AccessTokens, lesserRole } from './access-token.ts'
import { hashApiKey, isMeantAsApiKey } from './api-keys.ts'
import type { LegacyBridge } from './legacy-bridge.ts'
import { operator } from './operator.ts'
import { isOperatorToken, type OperatorToken } from './operator-token.ts'
import type { OutsideSessions } from './outside-sessions.ts'
import { payerOfRefresh, type RefreshClaims, readRefreshToken } from './refresh-token.ts'
import { cookieValues, refreshCookieName, sessionCookieName } from './session-cookie.ts'
import { type Ended, isActor } from './session-lookups.ts'
import { hashSessionToken } from './session-token.ts'
import type { Actor, Sessions } from './sessions.ts'

type RefusalCode = 'INVALID_CREDENTIAL' | 'API_KEY_INVALID' | 'SESSION_ENDED' | 'SIGN_IN_METHOD_NOT_ADDED'

export type Resolution =
  /**
   * `refreshable`: the session whose refresh token is in the cookie, which opens nothing until it is exchanged. `payer`: as `payerOfRefresh`.
   */
  | { kind: 'anonymous'; refreshable: string | null; payer: { id: string } | null }
  /** `endsAtS`: when what was presented expires, in seconds since 1970 by the database's clock. */
  | { kind: 'signed-in'; actor: Actor; endsAtS?: number }
  /**
   * `staleCookie`: only a session cookie that is not valid. A public procedure continues without it.
   * `endReason`: of SESSION_ENDED, where the session is still stored.
   * `claim`: the actor is signed in, and vouched for as the holder of a legacy id that is not theirs here.
   */
  | {
      kind: 'refused'
      code: RefusalCode
      staleCookie: boolean
      endReason?: SessionEndReason
      claim?: { actor: Actor; legacyId: string }
    }

/** What resolving needs of a request; a socket's upgrade has it too. */
export interface Presented {
  readonly raw: IncomingMessage
  readonly ip: string
  readonly id: string
}

interface Resolvers {
  readonly config: Config
  readonly sessions: Sessions
  readonly outsideSessions: OutsideSessions
  /** Null where it is switched off. */
  readonly legacyBridge: LegacyBridge | null
  readonly accessTokens: AccessTokens
  readonly operatorToken: OperatorToken
}

type Bearer = Extract<Resolution, { kind: 'signed-in' | 'refused' }>

/** Throws only when the database or an issuer's keys cannot be read; that refuses no credential (503). */
export async function resolveCredential(request: Presented, app: Resolvers): Promise<Resolution> {
  const byStronger = await resolveStronger(request, app)
  return app.legacyBridge ? app.legacyBridge.decide(byStronger, request) : byStronger
}

/** By all that can be proved: what `X-User-Id` says comes after. */
async function resolveStronger(request: Presented, app: Resolvers): Promise<Resolution> {
  const { headers } = request.raw
  const tokens = presentedTokens(request.raw)
  const bearer = tokens.length === 0 ? null : await findByBearer(tokens, request, app)
  if (bearer?.kind === 'refused') return bearer
  const values = new Set(cookieValues(headers.cookie, sessionCookieName(app.config)))
  const [value] = values
  // Of two different ones an attacker may have set one, and the server cannot know which.
  const found = value !== undefined && values.size === 1 ? await app.sessions.find(value) : null
  const byCookie = found && isActor(found) ? found : null

  // Beside a cookie that names somebody else it is anybody's guess who asks.
  if (bearer) return byCookie && byCookie.id !== bearer.actor.id ? refused('INVALID_CREDENTIAL') : bearer
  if (value === undefined) {
    const claims = refreshableOf(request.raw, app.config)
    const payer = claims && payerOfRefresh(await app.sessions.findById(claims.sessionId), claims)
    return { kind: 'anonymous', refreshable: claims?.sessionId ?? null, payer }
  }
  return byCookie ? { kind: 'signed-in', actor: byCookie } : { ...sessionEnded(found), staleCookie: true }
}

function refreshableOf({ headers }: IncomingMessage, config: Config): RefreshClaims | null {
  const [token] = cookieValues(headers.cookie, refreshCookieName(config))
  return token === undefined ? null : readRefreshToken(config, token)
}

const refused = (code: RefusalCode) => ({ kind: 'refused', code, staleCookie: false }) as const

const sessionEnded = (found: Actor | Ended | null) => ({
  ...refused('SESSION_ENDED'),
  ...(found && !isActor(found) && { endReason: found.endReason }),
})

export const refusal = ({ code, endReason }: Extract<Resolution, { kind: 'refused' }>) =>
  new AppError(code, { endReason })

/** What a browser offers beside `plinth` where it can send no header: at the upgrade to a WebSocket. */
const bearerProtocol = 'plinth.bearer.'

/**
 * Every bearer credential of a request, null for one that has not the form of any (RFC 6750 section 2.1). Counted in the raw
 * headers: Node keeps the first of several, and a proxy may have kept another.
 */
export function presentedTokens({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): (string | null)[] {
  const tokens: (string | null)[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name, value] = [rawHeaders[at]?.toLowerCase(), rawHeaders[at + 1] ?? '']
    if (name === 'authorization') tokens.push(/^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(value)?.[1] ?? null)
    if (name !== 'sec-websocket-protocol') continue
    for (const protocol of value.split(',').map((text) => text.trim())) {
      if (protocol.startsWith(bearerProtocol)) tokens.push(protocol.slice(bearerProtocol.length))
    }
  }
  return tokens
}

async function findByBearer(tokens: (string | null)[], request: Presented, app: Resolvers): Promise<Bearer> {
  const [token] = tokens
  if (tokens.length !== 1 || !token) return refused('INVALID_CREDENTIAL')
  if (isMeantAsApiKey(token)) return findByApiKey(token, app)
  if (isOperatorToken(token)) {
    const isGood = app.operatorToken.admits(token, request.raw)
    return isGood ? { kind: 'signed-in', actor: operator } : refused('INVALID_CREDENTIAL')
  }
  if (app.accessTokens.claims(token)) return findByAccessToken(token, app)
  return findByOutsideToken(token, request, app)
}

async function findByOutsideToken(token: string, { raw, ip, id }: Presented, app: Resolvers): Promise<Bearer> {
  try {
    const actor = await app.outsideSessions.find(token, { ip, requestId: id, userAgent: raw.headers['user-agent'] })
    return actor ? { kind: 'signed-in', actor } : refused('INVALID_CREDENTIAL')
  } catch (error) {
    if (error instanceof AppError && error.code === 'SIGN_IN_METHOD_NOT_ADDED') return refused(error.code)
    throw error
  }
}

/** Revoked, expired, mistyped and of a disabled person are not told apart. */
export async function findByApiKey(key: string, { sessions }: Pick<Resolvers, 'sessions'>): Promise<Bearer> {
  const hash = hashApiKey(key)
  const actor = hash && (await sessions.findBySecret(hash))
  return actor ? { kind: 'signed-in', actor } : refused('API_KEY_INVALID')
}

/** The token says which session; whether it goes on, and what its person may, the database says now. */
async function findByAccessToken(token: string, { accessTokens, sessions }: Resolvers): Promise<Bearer> {
  const access = await accessTokens.verify(token)
  if (!access) return refused('INVALID_CREDENTIAL')
  const found = await sessions.findById(access.sessionId)
  // After the lookup, which returns the database's time.
  if (!access.isTimely(sessions.nowS)) return refused('INVALID_CREDENTIAL')
  const actor = found && isActor(found) ? found : null
  if (actor?.id !== access.userId) return sessionEnded(found)
  sessions.noteRefreshSeen(actor.sessionId, access.refreshCounter)
  const role = lesserRole(access.role, actor.role)
  return { kind: 'signed-in', actor: { ...actor, role }, endsAtS: access.expiresAtS }
}

/**
 * Whose budget a call counts against: a browser that has yet to exchange its refresh token counts as its user already. A credential of an ended
 * session has no budget of its own: a caller can collect any number of them.
 */
export function payerOf(resolution: Resolution): { id: string } | null {
  if (resolution.kind === 'signed-in') return resolution.actor
  return resolution.kind === 'anonymous' ? resolution.payer : null
}

/**
 * What the database is queried for to resolve a request, where only the result shows whether the credential is valid: hashes of session cookies
 * and API keys, and the sessions of access tokens and of a refresh cookie, which may have ended long ago.
 */
export function presentedSecrets(
  raw: IncomingMessage,
  { config, accessTokens }: Pick<Resolvers, 'config' | 'accessTokens'>,
): string[] {
  const cookies = cookieValues(raw.headers.cookie, sessionCookieName(config))
  const tokens = presentedTokens(raw)
  const byTokens = tokens.map((token) => {
    if (token === null) return null
    return isMeantAsApiKey(token) ? hashApiKey(token) : accessTokens.namedSession(token)
  })
  const refreshable = cookies.length + tokens.length === 0 ? refreshableOf(raw, config) : null
  return [...cookies.map(hashSessionToken), ...byTokens, refreshable?.sessionId ?? null].filter(
    (secret) => secret !== null,
  )
}

/** Whether a request has any credential, valid or not. */
export function presentsCredential(raw: IncomingMessage, { config, legacyBridge }: Resolvers): boolean {
  const cookies = [sessionCookieName(config), refreshCookieName(config)]
  return (
    presentedTokens(raw).length > 0 ||
    cookies.some((name) => cookieValues(raw.headers.cookie, name).length > 0) ||
    legacyBridge?.isAlone(raw) === true
  )
}
