/**
 * The id token of a sign-in, verified as OpenID Connect Core 3.1.3.7 requires. jose checks the signature by the provider's
 * published keys, `iss`, `aud` and the times; the schema below checks the claims that are particular to OpenID Connect.
 */
import { errors, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { z } from 'zod'
import { AppError } from '../errors/app-error.ts'

/** Only signatures with a published key. Never an HMAC: its key would be the client secret, which the browser's side may leak. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const clockSkewS = 30

interface Expected {
  readonly issuer: string
  readonly clientId: string
  readonly nonce: string
}
export type IdTokenClaims = z.infer<ReturnType<typeof claimsOf>>

/** @throws AppError SIGN_IN_FAILED, PROVIDER_UNAVAILABLE when the keys cannot be loaded */
export async function verifyIdToken(token: string, keys: JWTVerifyGetKey, expected: Expected): Promise<IdTokenClaims> {
  const { issuer, clientId: audience } = expected
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms,
      issuer,
      audience,
      clockTolerance: clockSkewS,
      requiredClaims: ['exp'],
    })
    return claimsOf(expected).parse(payload)
  } catch (error) {
    if (error instanceof AppError) throw error
    const code = error instanceof errors.JWKSInvalid ? 'PROVIDER_UNAVAILABLE' : 'SIGN_IN_FAILED'
    throw new AppError(code, { cause: error })
  }
}

const claimsOf = ({ clientId, nonce }: Expected) =>
  z
    .object({
      // The specification's form. Two subjects that differ only in text which the database folds would be one user.
      sub: z.string().regex(/^[\x20-\x7E]{1,255}$/),
      aud: z.union([z.string(), z.array(z.string())]),
      // Issued to another client, even where our name is in its audience (step 5).
      azp: z.literal(clientId).optional(),
      iat: z.number().refine((iat) => iat <= Date.now() / 1000 + clockSkewS, 'lies ahead'),
      // A token of another attempt, injected with its code. No literal: what it expects would be in the message, and so in the log.
      nonce: z.string().refine((value) => value === nonce, 'belongs to another attempt'),
      email: z.unknown().optional(),
      email_verified: z.unknown().optional(),
      name: z.unknown().optional(),
      picture: z.unknown().optional(),
    })
    .refine(({ aud, azp }) => azp !== undefined || typeof aud === 'string' || aud.length === 1, 'shared, without azp')
