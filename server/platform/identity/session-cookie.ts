/** The cookies of a session: their names, their flags, and reading them from any request, upgraded ones too. */
import type { CookieSerializeOptions } from '@fastify/cookie'
import type { Config } from '../config/config.ts'

/** `__Host-` binds a cookie to this very host over https: no subdomain and no plain-http page can set it. */
export const hostPrefix = (config: Config) => (config.server.https ? '__Host-' : '')
export const sessionCookieName = (config: Config) => `${hostPrefix(config)}plinth_session`
/** Where AUTH_SESSION_MODE is `jwt`: opens nothing but the next access token. */
export const refreshCookieName = (config: Config) => `${hostPrefix(config)}plinth_refresh`

export function cookieFlags(config: Config): CookieSerializeOptions {
  return { httpOnly: true, sameSite: 'lax', secure: config.server.https, path: '/' }
}

export function sessionCookieFlags(config: Config): CookieSerializeOptions {
  return { ...cookieFlags(config), maxAge: Math.floor(config.auth.sessionAbsoluteTtlMs / 1000) }
}

/**
 * Every value of a cookie in a Cookie header. A browser sends two of one name only when somebody tossed one in from
 * a neighbouring host or path, and a parser that keeps the first hides that.
 */
export function cookieValues(header: string | undefined, name: string): string[] {
  if (!header) return []
  return header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
}
