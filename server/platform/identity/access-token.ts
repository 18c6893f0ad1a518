/**
 * Access tokens of our own: a JWT of 15 minutes that names a session (RFC 9068). Nothing else is ever one: its `typ` is `at+jwt`,
 * which neither id tokens nor tokens of other issuers have here, and its key is JWT_ACCESS_SECRET's alone. Times are the
 * database's, so an instance whose clock is wrong neither makes nor refuses the wrong ones.
 */
import { createSecretKey, type KeyObject } from 'node:crypto'
import { compactVerify, decodeJwt, decodeProtectedHeader, errors, SignJWT } from 'jose'
import { z } from 'zod'
import { type Role, roles } from '../../../shared/account.ts'
import type { Config } from '../config/config.ts'
import type { User } from './table.ts'

export const accessTokenS = 15 * 60
const type = 'at+jwt'
/** How exactly the database's time is known here. */
const skewS = 5
const maxTokenLength = 4096

/** Verified, but for its times. */
export interface AccessToken {
  readonly userId: string
  readonly sessionId: string
  /** What the person was when it was made: an upper bound. */
  readonly role: Role
  /** Of the refresh token that it came with. */
  readonly refreshCounter: number
  /** Seconds since 1970. */
  readonly expiresAtS: number
  /** True from its beginning to its end. `nowS`: the database's. */
  isTimely(nowS: number): boolean
}

export class AccessTokens {
  readonly #key: KeyObject
  /** We make them and we take them: issuer and audience are this very product, whatever its instances are called. */
  readonly #issuer: string
  readonly #claims: ReturnType<typeof claimsOf>

  constructor(config: Config) {
    this.#key = createSecretKey(Buffer.from(config.auth.jwtAccessSecret))
    this.#issuer = config.server.publicUrl
    this.#claims = claimsOf(this.#issuer)
  }

  /** `nowS`: seconds since 1970 by the database's clock. */
  async sign(user: User, session: { id: string; refreshCounter: number }, nowS: number): Promise<string> {
    const iat = Math.floor(nowS)
    const { id, username, email, role } = user
    const { id: sid, refreshCounter } = session
    return new SignJWT({ sid, userId: id, username, email, role, refreshCounter })
      .setProtectedHeader({ alg: 'HS256', typ: type })
      .setSubject(id)
      .setIssuer(this.#issuer)
      .setAudience(this.#issuer)
      .setIssuedAt(iat)
      .setExpirationTime(iat + accessTokenS)
      .sign(this.#key)
  }

  /** Whether this is for `verify` to judge, and for nobody else. What a token says of itself selects, and grants nothing. */
  claims(token: string): boolean {
    try {
      return decodeProtectedHeader(token).typ === type
    } catch {
      return false
    }
  }

  /** The session that a token of ours names, unverified: it decides whether the look-up of the session must be bounded, and nothing else. */
  namedSession(token: string): string | null {
    if (token.length > maxTokenLength || !this.claims(token)) return null
    try {
      const { sid } = decodeJwt(token)
      return typeof sid === 'string' ? sid : null
    } catch {
      return null
    }
  }

  /** Null for whatever is none of ours, without saying why. Its times are to be asked for when the database's time is known. */
  async verify(token: string): Promise<AccessToken | null> {
    if (token.length > maxTokenLength) return null
    try {
      // Any other algorithm, and `none`, is refused before the key is touched (RFC 8725 section 3.1).
      const { payload } = await compactVerify(token, this.#key, { algorithms: ['HS256'] })
      const claims = this.#claims.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)))
      if (!claims.success) return null
      const { sub, sid, role, refreshCounter, iat, exp, nbf = iat } = claims.data
      return {
        userId: sub,
        sessionId: sid,
        role,
        refreshCounter,
        expiresAtS: exp,
        isTimely: (nowS) => Math.max(iat, nbf) <= nowS + skewS && nowS < exp,
      }
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof SyntaxError || error instanceof TypeError) return null
      throw error
    }
  }
}

/** The lesser of two. */
export const lesserRole = (a: Role, b: Role): Role => (roles.indexOf(a) < roles.indexOf(b) ? a : b)

function claimsOf(issuer: string) {
  const second = z.int().min(0)
  return z
    .object({
      iss: z.literal(issuer),
      aud: z.literal(issuer),
      sub: z.uuid(),
      userId: z.uuid(),
      sid: z.uuid(),
      role: z.enum(roles),
      refreshCounter: z.int().min(0),
      iat: second,
      exp: second,
      nbf: second.optional(),
    })
    .refine(({ sub, userId, iat, exp }) => sub === userId && exp > iat && exp - iat <= accessTokenS)
}
