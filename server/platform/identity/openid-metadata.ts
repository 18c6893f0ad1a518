/**
 * What an OpenID provider publishes about itself (OpenID Connect Discovery 1.0): its endpoints and its signing keys.
 * Requested here and not by @fastify/oauth2, whose discovery runs when the plugin is registered, has no bound in time or
 * size, accepts a document of any issuer, and drops the address of the keys.
 */
import { createRemoteJWKSet, customFetch, type JWKSCacheInput, type JWTVerifyGetKey, jwksCache } from 'jose'
import { z } from 'zod'
import { AppError } from '../errors/app-error.ts'
import { boundedText } from './bounded-text.ts'

const maxBytes = 1024 * 1024

/** Codes, secrets and keys travel there: https, or plain http where the config schema has accepted it for the issuer. */
const endpointOf = (issuer: URL) =>
  z.url({ protocol: issuer.protocol === 'http:' ? /^https?$/ : /^https$/ }).transform((text) => new URL(text))

/** A document that names another issuer is refused: its endpoints would receive codes and the secret of ours (section 4.3). */
const metadataOf = (issuer: URL) =>
  z.object({
    issuer: z.string().refine((text) => URL.canParse(text) && new URL(text).href === issuer.href, 'is another issuer'),
    authorization_endpoint: endpointOf(issuer),
    token_endpoint: endpointOf(issuer),
    jwks_uri: endpointOf(issuer),
    token_endpoint_auth_methods_supported: z.array(z.unknown()).catch([]),
    prompt_values_supported: z.array(z.unknown()).catch([]),
    authorization_response_iss_parameter_supported: z.boolean().catch(false),
  })
export type OpenIdMetadata = z.infer<ReturnType<typeof metadataOf>>

/** @throws AppError PROVIDER_UNAVAILABLE */
export async function discoverMetadata(issuer: string, timeoutMs: number): Promise<OpenIdMetadata> {
  const published = await requestJson(
    `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`,
    AbortSignal.timeout(timeoutMs),
  )
  const metadata = metadataOf(new URL(issuer)).safeParse(published)
  if (!metadata.success) throw new AppError('PROVIDER_UNAVAILABLE', { cause: metadata.error })
  return metadata.data
}

/**
 * Keys are requested when a token needs them, again after ten minutes, and for an unknown key id every 30 s at most. The
 * cache lives longer than one sign-in; the request ends with the sign-in that made it, so that no other one waits for it.
 */
export function publishedKeys(
  { jwks_uri }: OpenIdMetadata,
  cache: JWKSCacheInput,
  signal: AbortSignal,
): JWTVerifyGetKey {
  return createRemoteJWKSet(jwks_uri, {
    [jwksCache]: cache,
    [customFetch]: async (url) => Response.json(await requestJson(url, signal)),
  })
}

async function requestJson(url: string, signal: AbortSignal): Promise<unknown> {
  try {
    const response = await fetch(url, { headers: { accept: 'application/json' }, redirect: 'error', signal })
    if (response.status !== 200) throw new Error(`${url} answered with status ${response.status}`)
    return JSON.parse(await boundedText(response, maxBytes))
  } catch (cause) {
    throw new AppError('PROVIDER_UNAVAILABLE', { cause })
  }
}
