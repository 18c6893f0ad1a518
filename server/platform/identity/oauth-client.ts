/**
 * The authorization code grant with S256 PKCE (RFC 7636), by @fastify/oauth2: the address that a browser is sent to, and the
 * exchange of the code. The nonce is ours, as OAuth has none; the id token leaves here unverified.
 *
 * The plugin stores state and verifier by `reply.setCookie` under one name each, where two tabs would overwrite each other's.
 * The cookies that it sets and reads here are the fields of one attempt, which the browser holds sealed in its own cookie.
 */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { AppError } from '../errors/app-error.ts'
import { registerOAuth } from '../oauth/plugin.ts'
import type { OpenIdMetadata } from './openid-metadata.ts'
import type { Authorization } from './provider.ts'
import type { NewAttempt, SignInAttempt } from './sign-in-attempt.ts'

export interface OAuthClient {
  authorize(attempt: NewAttempt): Promise<Authorization>
  /** Resolves to the id token. @throws AppError SIGN_IN_FAILED, PROVIDER_UNAVAILABLE */
  exchange(callbackQuery: URLSearchParams, attempt: SignInAttempt): Promise<string>
}

interface Registration {
  readonly clientId: string
  readonly clientSecret: string
  readonly callbackUri: string
}

const stateCookie = 'state'
const verifierCookie = 'verifier'
const maxBytes = 1024 * 1024

export async function oauthClient(
  metadata: OpenIdMetadata,
  { clientId, clientSecret, callbackUri }: Registration,
  timeoutMs: number,
): Promise<OAuthClient> {
  const plugin = await registerOAuth({
    scope: ['openid', 'email', 'profile'],
    callbackUri,
    callbackUriParams: asksForAccount(metadata) ? { prompt: 'select_account' } : {},
    pkce: 'S256',
    redirectStateCookieName: stateCookie,
    verifierCookieName: verifierCookie,
    generateStateFunction: ({ cookies }) => cookies[stateCookie] ?? '',
    checkStateFunction: ({ cookies, query }) => cookies[stateCookie] === (query as { state?: string }).state,
    credentials: {
      client: { id: clientId, secret: clientSecret },
      auth: {
        // A path is resolved against its host, so a whole URL may stand for it.
        authorizeHost: metadata.authorization_endpoint.origin,
        authorizePath: metadata.authorization_endpoint.href,
        tokenHost: metadata.token_endpoint.origin,
        tokenPath: metadata.token_endpoint.href,
      },
      options: { authorizationMethod: authorizationMethod(metadata) },
      http: { timeout: timeoutMs, maxBytes, redirects: false },
    },
  })

  return {
    async authorize({ state, nonce }) {
      const cookies: Record<string, string> = { [stateCookie]: state }
      const setCookie = (name: string, value: string) => {
        cookies[name] = value
      }
      const url = new URL(await plugin.generateAuthorizationUri(asRequest({ cookies }), asReply({ setCookie })))
      url.searchParams.set('nonce', nonce)
      return { url, verifier: cookies[verifierCookie] ?? '' }
    },

    async exchange(callbackQuery, { state, verifier }) {
      const query = Object.fromEntries(callbackQuery)
      const cookies = { [stateCookie]: state, [verifierCookie]: verifier }
      try {
        const { token } = await plugin.getAccessTokenFromAuthorizationCodeFlow(asRequest({ query, cookies }))
        if (token.id_token) return token.id_token
      } catch (error) {
        // Wreck leaves a response open when it stops waiting for the rest of it.
        ;(error as { data?: { res?: IncomingMessage } | null }).data?.res?.destroy()
        throw exchangeFault(error)
      }
      throw new AppError('SIGN_IN_FAILED', { cause: new Error('token endpoint: no id token') })
    },
  }
}

/** The parts of a request and of a reply that the plugin uses. */
const asRequest = (parts: { query?: object; cookies: object }) => parts as unknown as FastifyRequest
const asReply = (parts: { setCookie: (name: string, value: string) => void }) => parts as unknown as FastifyReply

/**
 * A user who signed out here and signs in again expects a choice of account. Google knows this prompt without listing it;
 * other providers refuse a prompt that they do not know.
 */
function asksForAccount({ issuer, prompt_values_supported: prompts }: OpenIdMetadata): boolean {
  return issuer === 'https://accounts.google.com' || prompts.includes('select_account')
}

/**
 * The method that the provider lists first: Google documents the body, a provider's default registration is the header. The
 * specification's default is the header too.
 */
function authorizationMethod({ token_endpoint_auth_methods_supported: methods }: OpenIdMetadata): 'body' | 'header' {
  const first = methods.find((method) => method === 'client_secret_post' || method === 'client_secret_basic')
  return first === 'client_secret_post' ? 'body' : 'header'
}

/** A refusal in the words of OAuth (RFC 6749 section 5.2), as the plugin's HTTP client (Wreck, which throws Boom) reports it. */
const Refusal = z.object({
  output: z.object({ statusCode: z.int().lt(500) }),
  data: z.object({ isResponseError: z.literal(true), payload: z.object({ error: z.string() }) }),
})

/** Any other failure is that of a provider that is not available: silence, an error page, a redirect, too many bytes. */
function exchangeFault(error: unknown): AppError {
  const refusal = Refusal.safeParse(error).data
  if (!refusal) return new AppError('PROVIDER_UNAVAILABLE', { cause: error })
  const words = refusal.data.payload.error.slice(0, 100)
  return new AppError('SIGN_IN_FAILED', { cause: new Error(`token endpoint: ${words}`) })
}
