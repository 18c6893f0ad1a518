/**
 * Sign-in with Google, or any OpenID provider that GOOGLE_ISSUER names: the order of its steps, one deadline for all of
 * them, and the error code of each failure. Nothing is requested from the provider before the first sign-in, so that an
 * unavailable one delays nothing else.
 */
import type { FastifyBaseLogger } from 'fastify'
import type { JWKSCacheInput } from 'jose'
import { z } from 'zod'
import { DisplayName } from '../../../shared/display-name.ts'
import { singleLine } from '../../../shared/text.ts'
import type { Config } from '../config/config.ts'
import { AppError } from '../errors/app-error.ts'
import { type IdTokenClaims, verifyIdToken } from './id-token.ts'
import { issuerName } from './identity-key.ts'
import { type OAuthClient, oauthClient } from './oauth-client.ts'
import { discoverMetadata, type OpenIdMetadata, publishedKeys } from './openid-metadata.ts'
import type { Provider, ProviderProfile } from './provider.ts'
import { callbackPath } from './sign-in-path.ts'

const rediscoverAfterMs = 24 * 3600 * 1000

interface Discovered {
  readonly at: number
  readonly metadata: OpenIdMetadata
  readonly keyCache: JWKSCacheInput
  readonly oauth: OAuthClient
}

export function googleProvider(
  config: Config,
  { clientId, clientSecret, issuer }: NonNullable<Config['auth']['google']>,
  log: FastifyBaseLogger,
  times: { providerDeadlineMs: number },
): Provider {
  const callbackUri = config.server.publicUrl + callbackPath
  let discovered: Discovered | undefined
  let discovering: Promise<Discovered> | undefined

  /** One discovery for all waiting callers. It is repeated after a day in the background: metadata changes once in years. */
  async function provider(): Promise<Discovered> {
    if (discovered && Date.now() - discovered.at < rediscoverAfterMs) return discovered
    discovering ??= discover().finally(() => {
      discovering = undefined
    })
    if (!discovered) return discovering
    discovering.catch(logFault)
    return discovered
  }

  async function discover(): Promise<Discovered> {
    const timeoutMs = times.providerDeadlineMs
    const metadata = await discoverMetadata(issuer, timeoutMs)
    const oauth = await oauthClient(metadata, { clientId, clientSecret, callbackUri }, timeoutMs)
    discovered = { at: Date.now(), metadata, oauth, keyCache: {} }
    return discovered
  }

  async function inTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const deadline = new AbortController()
    const cause = new Error(`no answer within ${times.providerDeadlineMs} ms`)
    const timer = setTimeout(() => deadline.abort(cause), times.providerDeadlineMs)
    const late = new Promise<never>((_resolve, reject) => {
      deadline.signal.onabort = () => reject(new AppError('PROVIDER_UNAVAILABLE', { cause }))
    })
    try {
      return await Promise.race([work(deadline.signal), late])
    } catch (error) {
      logFault(error)
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** The provider's text is logged, and never shown. */
  function logFault(error: unknown): void {
    if (!(error instanceof AppError)) return
    if (error.code === 'PROVIDER_UNAVAILABLE') log.warn({ err: error.cause }, 'sign-in provider not available')
    if (error.code === 'SIGN_IN_FAILED') log.info({ err: error.cause }, 'sign-in refused')
  }

  return {
    authorize: (attempt) => inTime(async () => (await provider()).oauth.authorize(attempt)),

    finish: (callbackQuery, attempt) =>
      inTime(async (signal) => {
        const { metadata, oauth, keyCache } = await provider()
        checkCallback(callbackQuery, metadata)
        const idToken = await oauth.exchange(callbackQuery, attempt)
        const keys = publishedKeys(metadata, keyCache, signal)
        const claims = await verifyIdToken(idToken, keys, { issuer: metadata.issuer, clientId, nonce: attempt.nonce })
        return profile(claims, issuerName(issuer))
      }),
  }
}

/**
 * Accepts a callback with a code of this provider. `iss` is checked first, before anything else in the callback is trusted:
 * it may be the response of another provider, sent into this attempt (mix-up, RFC 9207 section 2.4).
 */
function checkCallback(query: URLSearchParams, metadata: OpenIdMetadata): void {
  const [iss, error] = [query.get('iss'), query.get('error')]
  if (iss === null ? metadata.authorization_response_iss_parameter_supported : iss !== metadata.issuer) {
    throw new AppError('SIGN_IN_FAILED', { cause: new Error('callback of another issuer') })
  }
  if (error === null && query.get('code')) return
  const cause = new Error(`callback without a code: ${(error ?? '').slice(0, 100)}`)
  if (error === 'access_denied') throw new AppError('SIGN_IN_CANCELLED', { cause })
  const isAway = error === 'temporarily_unavailable' || error === 'server_error'
  throw new AppError(isAway ? 'PROVIDER_UNAVAILABLE' : 'SIGN_IN_FAILED', { cause })
}

function profile(claims: IdTokenClaims, issuer: string): ProviderProfile {
  const text = (value: unknown, maxLength: number) => singleLine(maxLength).safeParse(value).data ?? null
  const email = z.email().max(254).safeParse(claims.email)
  const picture = text(claims.picture, 2000)
  return {
    provider: 'google',
    issuer,
    subject: claims.sub,
    email: email.success ? email.data : null,
    // The string "true" is somebody's mistake or somebody's attack.
    emailVerified: email.success && claims.email_verified === true,
    name: DisplayName.safeParse(claims.name).data ?? null,
    pictureUrl: picture && URL.canParse(picture) && new URL(picture).protocol === 'https:' ? picture : null,
  }
}
