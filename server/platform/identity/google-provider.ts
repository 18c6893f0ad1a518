/**
 * Sign-in with Google, or any OpenID provider that GOOGLE_ISSUER names: authorization code with S256 PKCE (RFC 7636),
 * nonce, and an id token verified by the issuer's published keys (OpenID Connect Core 3.1.3.7), through openid-client.
 * Nothing is asked of the provider before the first sign-in, so a provider that is away keeps nobody else waiting.
 */
import type { FastifyBaseLogger } from 'fastify'
import { decodeProtectedHeader } from 'jose'
import * as oidc from 'openid-client'
import { z } from 'zod'
import { DisplayName } from '../../../shared/display-name.ts'
import { singleLine } from '../../../shared/text.ts'
import type { Config } from '../config/config.ts'
import { AppError } from '../errors/app-error.ts'
import { issuerName } from './identity-key.ts'
import type { Provider, ProviderProfile } from './provider.ts'
import { callbackPath } from './sign-in-path.ts'

const googleIssuer = 'https://accounts.google.com'
const maxAnswerBytes = 1024 * 1024
const rediscoverAfterMs = 24 * 3600 * 1000
const clockSkewMs = 30_000
/** Signatures with a published key. Never an HMAC: its key would be the client secret, which the browser's side may leak. */
const signatures = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

export function googleProvider(
  config: Config,
  { clientId, clientSecret, issuer }: NonNullable<Config['auth']['google']>,
  log: FastifyBaseLogger,
  times: { providerDeadlineMs: number },
): Provider {
  const redirectUri = config.server.publicUrl + callbackPath
  const Claims = claimsFor(clientId)
  let discovered: { client: oidc.Configuration; at: number } | undefined
  let discovering: Promise<oidc.Configuration> | undefined

  /** Asks the provider once for all who wait, and again a day later, when nobody needs to: it changes once in years. */
  async function client(): Promise<oidc.Configuration> {
    if (discovered && Date.now() - discovered.at < rediscoverAfterMs) return discovered.client
    discovering ??= discover().finally(() => {
      discovering = undefined
    })
    if (!discovered) return discovering
    discovering.catch(() => {})
    return discovered.client
  }

  async function discover(): Promise<oidc.Configuration> {
    try {
      const client = await oidc.discovery(new URL(issuer), clientId, {}, authenticateWith(clientSecret), {
        timeout: times.providerDeadlineMs / 1000,
        [oidc.customFetch]: boundedFetch,
        // The config schema has let plain http through for loopback only.
        execute: [oidc.enableNonRepudiationChecks, ...(issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : [])],
      })
      discovered = { client, at: Date.now() }
      return client
    } catch (error) {
      throw unavailable(error, log)
    }
  }

  return {
    async authorizationUrl(attempt) {
      const provider = await withDeadline(client(), times.providerDeadlineMs, log)
      const prompts = provider.serverMetadata().prompt_values_supported
      return oidc.buildAuthorizationUrl(provider, {
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: 'openid email profile',
        state: attempt.state,
        nonce: attempt.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(attempt.verifier),
        code_challenge_method: 'S256',
        // Somebody who signed out here and presses the button again wants to be asked who they are. Google knows this
        // prompt without listing it; other providers refuse what they do not know.
        ...((issuer === googleIssuer || (Array.isArray(prompts) && prompts.includes('select_account'))) && {
          prompt: 'select_account',
        }),
      })
    },

    async finish(callbackQuery, attempt) {
      const callback = new URL(redirectUri)
      callback.search = callbackQuery.toString()
      const exchange = async () => {
        const provider = await client()
        try {
          return await oidc.authorizationCodeGrant(provider, callback, {
            pkceCodeVerifier: attempt.verifier,
            expectedState: attempt.state,
            expectedNonce: attempt.nonce,
            idTokenExpected: true,
          })
        } catch (error) {
          throw refused(error, log)
        }
      }
      const tokens = await withDeadline(exchange(), times.providerDeadlineMs, log)
      const claims = Claims.safeParse(tokens.claims())
      if (!claims.success || !signatures.includes(decodeProtectedHeader(tokens.id_token ?? '').alg ?? '')) {
        throw refused(claims.error ?? new Error('id token signed by a method that is not accepted'), log)
      }
      return profile(claims.data, issuerName(issuer))
    },
  }
}

/**
 * By the method that the provider names first: Google documents the body, a provider's default registration is the
 * header. The specification's default is the header too.
 */
const authenticateWith =
  (secret: string): oidc.ClientAuth =>
  (server, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported ?? []
    const first = methods.find((method) => method === 'client_secret_post' || method === 'client_secret_basic')
    const authenticate = first === 'client_secret_post' ? oidc.ClientSecretPost : oidc.ClientSecretBasic
    authenticate(secret)(server, ...rest)
  }

/** Signature, iss, aud, exp, nbf and nonce are checked by then; this is what openid-client leaves, and what we keep. */
const claimsFor = (clientId: string) =>
  z.object({
    // The specification's form. Two subjects that differ only in text which the database folds would be one person.
    sub: z.string().regex(/^[\x20-\x7E]{1,255}$/),
    // Issued to another client, even where our name is in its audience (OpenID Connect Core 3.1.3.7, 5).
    azp: z.literal(clientId).optional(),
    iat: z.number().refine((iat) => iat * 1000 <= Date.now() + clockSkewMs, 'lies ahead'),
    email: z.unknown().optional(),
    email_verified: z.unknown().optional(),
    name: z.unknown().optional(),
    picture: z.unknown().optional(),
  })

function profile(claims: z.infer<ReturnType<typeof claimsFor>>, issuer: string): ProviderProfile {
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

/** openid-client bounds the time; this bounds the size. Redirects are not followed (it asks for `manual`). */
const boundedFetch: oidc.CustomFetch = async (url, options) => {
  const response = await fetch(url, options as RequestInit)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    // A TypeError, as fetch throws for every other answer that cannot be used.
    if (size > maxAnswerBytes) throw new TypeError('the provider answered more than 1 MiB')
    chunks.push(chunk)
  }
  const bodiless = response.status === 204 || response.status === 304
  return new Response(bodiless ? null : Buffer.concat(chunks), response)
}

async function withDeadline<T>(work: Promise<T>, deadlineMs: number, log: FastifyBaseLogger): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(unavailable(new Error(`no answer within ${deadlineMs} ms`), log)), deadlineMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function unavailable(error: unknown, log: FastifyBaseLogger): AppError {
  if (error instanceof AppError) return error
  log.warn({ err: error }, 'sign-in provider not available')
  return new AppError('PROVIDER_UNAVAILABLE', { cause: error })
}

/** No OpenID provider speaks like this when it is well: too late, an error page, a redirect. */
const noAnswer = new Set(['OAUTH_TIMEOUT', 'OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON'])

/** What the provider or its answer made of the sign-in, in our words. Provider text is logged, never shown. */
function refused(error: unknown, log: FastifyBaseLogger): AppError {
  if (error instanceof AppError) return error
  if (error instanceof oidc.AuthorizationResponseError) {
    if (error.error === 'access_denied') return new AppError('SIGN_IN_CANCELLED', { cause: error })
    if (error.error === 'temporarily_unavailable' || error.error === 'server_error') return unavailable(error, log)
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (noAnswer.has(code) || error instanceof TypeError) return unavailable(error, log)
  log.info({ err: error }, 'sign-in refused')
  return new AppError('SIGN_IN_FAILED', { cause: error })
}
