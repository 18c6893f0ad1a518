/**
 * What a refresh token is: the id of its session, a counter, and a MAC over both. The table holds the counter alone, so a stolen
 * copy of it makes no token, and the same token can be made twice, for tabs that ask at once.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { Config } from '../config/config.ts'
import { type Alive, type Ended, isActor } from './session-lookups.ts'

export interface RefreshClaims {
  readonly sessionId: string
  readonly counter: number
}

const form = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(0|[1-9]\d{0,8})\.([A-Za-z0-9_-]{43})$/

/** A secret: never stored, never logged. */
export function makeRefreshToken(config: Config, { sessionId, counter }: RefreshClaims): string {
  return `${sessionId}.${counter}.${mac(config, sessionId, counter).toString('base64url')}`
}

/** Null for what was never made here. Whether it is still worth anything is the session's to say. */
export function readRefreshToken(config: Config, token: string): RefreshClaims | null {
  const [, sessionId, digits, given] = form.exec(token) ?? []
  if (!sessionId || !digits || !given) return null
  const counter = Number(digits)
  return timingSafeEqual(Buffer.from(given, 'base64url'), mac(config, sessionId, counter))
    ? { sessionId, counter }
    : null
}

/**
 * Whose budget a call with a refresh token counts against. Null, for a call of its network, if the session has ended or the token is two or more
 * rotations old: no client needs such a token, and a stolen one must not spend the budget of its user.
 */
export function payerOfRefresh(found: Alive | Ended | null, { counter }: RefreshClaims): { id: string } | null {
  return found && isActor(found) && counter >= found.refreshCounter - 1 ? found : null
}

function mac(config: Config, sessionId: string, counter: number): Buffer {
  const key = Buffer.from(hkdfSync('sha256', config.auth.jwtRefreshSecret, '', 'plinth refresh token', 32))
  return createHmac('sha256', key).update(`${sessionId}\n${counter}`).digest()
}
