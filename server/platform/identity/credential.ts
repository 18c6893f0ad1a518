/**
 * From what a request presents to who acts: one function for every transport. The strongest credential presented
 * decides alone; a bad one is refused and never falls through to a weaker one.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Config } from '../config/config.ts'
import { cookieValues, sessionCookieName } from './session-cookie.ts'
import type { Actor, Sessions } from './sessions.ts'

export type Resolution =
  | { kind: 'anonymous' }
  | { kind: 'signed-in'; actor: Actor }
  /** `staleCookie`: nothing but a session cookie that is over. A public procedure clears it and goes on. */
  | { kind: 'refused'; code: 'INVALID_CREDENTIAL' | 'SESSION_ENDED'; staleCookie: boolean }

/** Throws only when the database cannot be asked; that refuses nobody (503). */
export async function resolveCredential(
  headers: IncomingHttpHeaders,
  config: Config,
  sessions: Sessions,
): Promise<Resolution> {
  // No issuer of bearer tokens is configured yet, so none can be verified; presenting one still decides.
  if (headers.authorization !== undefined) return { kind: 'refused', code: 'INVALID_CREDENTIAL', staleCookie: false }

  const tokens = new Set(cookieValues(headers.cookie, sessionCookieName(config)))
  const [token] = tokens
  if (token === undefined) return { kind: 'anonymous' }
  // Two different ones: one was tossed in, and nobody can say which.
  const actor = tokens.size === 1 ? await sessions.find(token) : null
  return actor ? { kind: 'signed-in', actor } : { kind: 'refused', code: 'SESSION_ENDED', staleCookie: true }
}
