/**
 * Whose tokens are taken as a bearer credential: one row an issuer, with the one family of algorithms it signs with, its keys,
 * and what else must hold. What a token says of itself selects a row and nothing more: keys are never looked for where a
 * token points (`jku`, `x5u`, `jwk`), and a row's algorithms are its own (RFC 8725 sections 3.1, 3.5 and 3.10).
 */
import { type CryptoKey, decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import { z } from 'zod'
import { DisplayName } from '../../../shared/display-name.ts'
import { singleLine } from '../../../shared/text.ts'
import type { Config } from '../config/config.ts'
import { issuerName } from './identity-key.ts'
import { RemoteJwks } from './jwks.ts'
import type { ProviderProfile } from './provider.ts'

export interface Issuer {
  readonly provider: ProviderProfile['provider']
  /** `iss`; absent, tokens of this issuer name none. */
  readonly name: string | undefined
  /** The issuer of the identities that it asserts; null where it has no address. */
  readonly identityIssuer: string | null
  readonly algorithms: readonly string[]
  /** Who we are to it: what it says to others alone is not for us (RFC 7519 section 4.1.3). */
  readonly audiences: readonly string[]
  /** Where it always says for whom a token is. */
  readonly namesAudience?: true
  /** Where it need not say when a token was made. */
  readonly mayOmitIssuedAt?: true
  /** Null when there is none of this id. */
  key(kid: string | undefined, algorithm: string): Promise<CryptoKey | Uint8Array | null>
  /** What holds beside signature, names and times. */
  accepts(claims: JWTPayload): boolean
}

/** What a token vouches for, verified. */
export interface OutsideToken extends ProviderProfile {
  /** `iss`, or empty. A session is of the token's own words, which one issuer may use in two forms. */
  readonly namedIssuer: string
  /** The issuer's own session, where it names one. */
  readonly outsideSession: string | null
  /** Seconds since 1970; null where the issuer does not say. */
  readonly issuedAt: number | null
  /**
   * Seconds since 1970 when the user last proved to the issuer who they are, by `auth_time` (OpenID Connect Core section 2) or Clerk's
   * `fva`; 0 where the token does not say. When a token was made says nothing of it: whoever has a session has new tokens.
   */
  readonly authenticatedAt: number
  /** Its end, and by how much clocks may differ. */
  readonly goodUntil: number
}

const skewS = 5
const maxTokenLength = 8192
/** 10000-01-01: later than a database can write, and nobody means it. */
const maxTime = 253_402_300_800

export function outsideIssuers({ auth: { clerk, betterAuth }, server: { publicUrl } }: Config): Issuer[] {
  const issuers: Issuer[] = []
  if (clerk) {
    const issuer = issuerName(clerk.issuer)
    const jwks = new RemoteJwks(`${issuer}/.well-known/jwks.json`)
    issuers.push({
      provider: 'clerk',
      name: issuer,
      identityIssuer: issuer,
      algorithms: ['RS256'],
      audiences: [publicUrl, ...clerk.authorizedParties],
      key: (kid, algorithm) => jwks.key(kid, algorithm),
      // A session that still waits for a second factor is none (`sts`).
      accepts: ({ azp, sts }) => typeof azp === 'string' && clerk.authorizedParties.includes(azp) && sts !== 'pending',
    })
  }
  if (betterAuth.url) {
    const issuer = issuerName(betterAuth.url)
    const jwks = new RemoteJwks(`${issuer}/api/auth/jwks`)
    issuers.push({
      provider: 'better-auth',
      name: issuer,
      identityIssuer: issuer,
      algorithms: ['EdDSA', 'ES256', 'RS256'],
      audiences: [issuer],
      namesAudience: true,
      key: (kid, algorithm) => jwks.key(kid, algorithm),
      accepts: () => true,
    })
  }
  if (betterAuth.secret) {
    const secret = new TextEncoder().encode(betterAuth.secret)
    const addresses = betterAuth.url ? [issuerName(betterAuth.url)] : []
    // Set-ups with a shared secret name no issuer, or the address of theirs.
    for (const name of [undefined, ...addresses]) {
      issuers.push({
        provider: 'better-auth',
        name,
        identityIssuer: addresses[0] ?? null,
        algorithms: ['HS256'],
        audiences: [publicUrl, ...addresses],
        mayOmitIssuedAt: true,
        key: async () => secret,
        accepts: () => true,
      })
    }
  }
  return issuers
}

/**
 * Null for whatever is not a valid token of one of `issuers`, without saying why.
 * @throws AppError PROVIDER_UNAVAILABLE when the issuer's keys cannot be had: nobody is called a forger for that
 */
export async function verifyOutsideToken(issuers: readonly Issuer[], token: string): Promise<OutsideToken | null> {
  const issuer = token.length <= maxTokenLength ? select(issuers, token) : null
  if (!issuer) return null
  try {
    const { payload } = await jwtVerify(
      token,
      async ({ kid, alg }) => {
        const key = await issuer.key(kid, alg)
        if (key === null) throw new errors.JWKSNoMatchingKey()
        return key
      },
      {
        algorithms: [...issuer.algorithms],
        ...(issuer.name !== undefined && { issuer: issuer.name }),
        clockTolerance: skewS,
      },
    )
    const claims = Claims.safeParse(payload)
    const isDated = issuer.mayOmitIssuedAt || payload.iat !== undefined
    return claims.success && isDated && isForUs(issuer, payload.aud) && issuer.accepts(payload)
      ? profile(issuer, claims.data)
      : null
  } catch (error) {
    if (error instanceof errors.JOSEError) return null
    throw error
  }
}

const isForUs = ({ audiences, namesAudience }: Issuer, aud: unknown) =>
  aud === undefined ? !namesAudience : [aud].flat().some((one) => audiences.some((audience) => audience === one))

function select(issuers: readonly Issuer[], token: string): Issuer | null {
  try {
    const { alg, typ, kid } = decodeProtectedHeader(token)
    if (typ !== undefined && typ !== 'JWT') return null
    if (kid !== undefined && (typeof kid !== 'string' || kid.length > 256)) return null
    const { iss } = decodeJwt(token)
    return issuers.find(({ name, algorithms }) => name === iss && algorithms.includes(String(alg))) ?? null
  } catch {
    return null
  }
}

const now = () => Math.floor(Date.now() / 1000)
/** Printable ASCII, of which something is to be seen. */
const Subject = z.string().regex(/^(?=.*[^ ])[\x20-\x7E]{1,255}$/)
const PastTime = z
  .number()
  .min(0)
  .refine((time) => time <= now() + skewS)
const Claims = z
  .object({
    sub: Subject.optional(),
    // Of older set-ups of Better Auth.
    userId: Subject.optional(),
    sid: z.string().min(1).max(255).optional(),
    exp: z.number().max(maxTime),
    iat: PastTime.optional(),
    // What is no proof is none, and does not refuse the token.
    auth_time: PastTime.optional().catch(undefined),
    // Minutes since the first and the second factor were verified when the token was made; -1 for never.
    fva: z
      .tuple([z.number().min(-1), z.number().min(-1)])
      .optional()
      .catch(undefined),
    email: z.unknown().optional(),
    email_verified: z.unknown().optional(),
    emailVerified: z.unknown().optional(),
    name: z.unknown().optional(),
    picture: z.unknown().optional(),
    image: z.unknown().optional(),
  })
  .refine(
    ({ sub, userId }) => (sub ?? userId) !== undefined && (sub === undefined || userId === undefined || sub === userId),
  )

function profile(
  { provider, name: namedIssuer = '', identityIssuer: issuer }: Issuer,
  claims: z.infer<typeof Claims>,
): OutsideToken {
  const text = (value: unknown, maxLength: number) => singleLine(maxLength).safeParse(value).data ?? null
  const email = z.email().max(254).safeParse(claims.email)
  const picture = text(claims.picture ?? claims.image, 2000)
  return {
    provider,
    issuer,
    namedIssuer,
    subject: (claims.sub ?? claims.userId) as string,
    outsideSession: claims.sid ?? null,
    issuedAt: claims.iat ?? null,
    authenticatedAt: authenticatedAt(provider, claims),
    goodUntil: Math.floor(claims.exp) + skewS,
    email: email.success ? email.data : null,
    emailVerified: email.success && (claims.email_verified === true || claims.emailVerified === true),
    name: DisplayName.safeParse(claims.name).data ?? null,
    pictureUrl: picture && URL.canParse(picture) && new URL(picture).protocol === 'https:' ? picture : null,
  }
}

/** The first factor is who they are; the second alone is not. */
function authenticatedAt(provider: Issuer['provider'], { auth_time, fva, iat }: z.infer<typeof Claims>): number {
  const verified = provider === 'clerk' && fva && iat !== undefined && fva[0] >= 0 ? iat - fva[0] * 60 : 0
  return Math.max(auth_time ?? 0, verified, 0)
}
