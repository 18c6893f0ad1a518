/**
 * A scriptable OpenID provider: right in everything by default, and wrong in exactly what a test asks for. It checks
 * PKCE, the redirect URI and the client's secret as a real one does.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose'

export interface Grant {
  claims: JWTPayload
  header?: Partial<JWTHeaderParameters>
  /** Replaces the signing key; a Uint8Array signs with HMAC. */
  key?: CryptoKey | Uint8Array
  /** Sent instead of the id token that would be signed; null sends none. */
  idToken?: string | null | undefined
  challenge: string
  redirectUri: string
}
type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

export const clientId = 'plinth-test'
export const clientSecret = 'secret-of-the-test-client'

export async function startOpenIdProvider() {
  let signing = { kid: 'test', keys: await generateKeyPair('RS256', { extractable: true }) }
  const grants = new Map<string, Grant>()
  /** Replaces the answer at a path, such as `/token`, until deleted. */
  const answers = new Map<string, Answer>()
  /** Paths in the order in which they were asked for. */
  const asked: string[] = []
  /** Fields of the discovery document, in place of its own. */
  const metadata: Record<string, unknown> = {}
  /** What this provider knows and nobody else should keep: id tokens, and the PKCE verifiers it was shown. */
  const secrets = { idTokens: [] as string[], verifiers: [] as string[] }
  let granted = 0

  const routes = {
    '/.well-known/openid-configuration': (_request: IncomingMessage, response: ServerResponse) =>
      json(response, 200, {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256', 'HS256', 'ES256'],
        token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
        ...metadata,
      }),
    '/jwks': async (_request: IncomingMessage, response: ServerResponse) =>
      json(response, 200, {
        keys: [{ ...(await exportJWK(signing.keys.publicKey)), kid: signing.kid, alg: 'RS256', use: 'sig' }],
      }),
    '/token': async (request: IncomingMessage, response: ServerResponse) => {
      const form = new URLSearchParams(await bodyOf(request))
      const grant = grants.get(form.get('code') ?? '')
      grants.delete(form.get('code') ?? '')
      secrets.verifiers.push(form.get('code_verifier') ?? '')
      if (credentialsOf(request, form) !== `${clientId}:${clientSecret}`)
        return json(response, 401, { error: 'invalid_client' })
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url')
      if (!grant || challenge !== grant.challenge || form.get('redirect_uri') !== grant.redirectUri) {
        return json(response, 400, { error: 'invalid_grant' })
      }
      const now = Math.floor(Date.now() / 1000)
      const idToken =
        grant.idToken !== undefined
          ? (grant.idToken ?? undefined)
          : await new SignJWT({ iss: issuer, aud: clientId, iat: now, exp: now + 300, ...grant.claims })
              .setProtectedHeader({ alg: 'RS256', kid: signing.kid, ...grant.header })
              .sign(grant.key ?? signing.keys.privateKey)
      if (idToken) secrets.idTokens.push(idToken)
      json(response, 200, { access_token: 'unused', token_type: 'Bearer', expires_in: 300, id_token: idToken })
    },
  }
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    asked.push(path)
    const answer = answers.get(path) ?? (routes as Record<string, Answer>)[path]
    if (answer) await answer(request, response)
    else response.writeHead(404).end()
  })
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  await listen(0)
  const { port } = server.address() as AddressInfo
  const issuer = `http://127.0.0.1:${port}`
  async function close() {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }

  return {
    issuer,
    answers,
    asked,
    metadata,
    /** Its own responses, which a test may serve at another path. */
    routes,
    secrets,
    get keys() {
      return signing.keys
    },
    /** From now on another key signs, and only that one is published. */
    async rotateKeys(kid: string) {
      signing = { kid, keys: await generateKeyPair('RS256', { extractable: true }) }
    },
    /** What the provider does when the person at `authorizationUrl` says yes: a code bound to that request. */
    grant(authorizationUrl: URL, claims: JWTPayload, bend: Partial<Grant> = {}): string {
      const query = authorizationUrl.searchParams
      const code = `code-${++granted}-${Math.random().toString(36).slice(2)}`
      grants.set(code, {
        claims: { nonce: query.get('nonce') ?? '', ...claims },
        challenge: query.get('code_challenge') ?? '',
        redirectUri: query.get('redirect_uri') ?? '',
        ...bend,
      })
      return code
    },
    close,
    /** Back on the same port after `close`. */
    reopen: () => listen(port),
  }
}
export type TestOpenIdProvider = Awaited<ReturnType<typeof startOpenIdProvider>>

function json(response: ServerResponse, status: number, body: unknown) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** In the header, where both halves are form-encoded inside, or in the body (RFC 6749 section 2.3.1); never in both. */
function credentialsOf({ headers }: IncomingMessage, form: URLSearchParams): string {
  const inBody = `${form.get('client_id')}:${form.get('client_secret')}`
  if (headers.authorization === undefined) return inBody
  if (form.has('client_secret')) return ''
  return decodeURIComponent(Buffer.from(headers.authorization.split(' ')[1] ?? '', 'base64').toString())
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
