/**
 * A real OpenID provider on this machine that plays Google: the whole of sign-in is exercised, with three people to be
 * and no password to know. For development only; it remembers nothing when it stops.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, { type AdapterFactory, interactionPolicy } from 'oidc-provider'
import { demoProfiles } from '../server/platform/identity/demo-people.ts'

const memoryAdapter: string = 'oidc-provider/lib/adapters/memory_adapter.js'

export interface LocalClient {
  clientId: string
  clientSecret: string
  redirectUri: string
}

export async function startLocalProvider(
  port: number,
  { clientId, clientSecret, redirectUri }: LocalClient,
): Promise<Server> {
  const issuer = `http://localhost:${port}`
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const policy = interactionPolicy.base()
  // Asked each time: whoever signs out here wants to come back as somebody else.
  policy
    .get('login')
    ?.checks.add(
      new interactionPolicy.Check('choose', 'somebody has to be chosen', (ctx) =>
        ctx.oidc.result?.login ? interactionPolicy.Check.NO_NEED_TO_PROMPT : interactionPolicy.Check.REQUEST_PROMPT,
      ),
    )
  // The default one, but asked for, or it warns of what is meant here: this provider may forget.
  const { createMemoryAdapter }: { createMemoryAdapter(): AdapterFactory } = await import(memoryAdapter)
  const provider = new Provider(issuer, {
    adapter: createMemoryAdapter(),
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] }],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256' }] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    // Other things run under the name localhost, and their cookies reach every port.
    ttl: { Session: 600, Interaction: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    features: { devInteractions: { enabled: false } },
    interactions: { policy, url: (_ctx, { uid }) => `/choose/${uid}` },
    async findAccount(_ctx, subject) {
      const person = demoProfiles.find((profile) => profile.subject === subject)
      if (!person) return undefined
      const { email, emailVerified, name } = person
      return { accountId: subject, claims: async () => ({ sub: subject, email, email_verified: emailVerified, name }) }
    },
    // Nobody is asked for consent to show their own demo address to their own server.
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({ clientId, accountId: ctx.oidc.session?.accountId })
      grant.addOIDCScope('openid email profile')
      await grant.save()
      return grant
    },
  })
  const answer = provider.callback()
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', issuer)
    if (!url.pathname.startsWith('/choose/')) return answer(request, response)
    const chosen = url.searchParams.get('as')
    try {
      if (chosen) {
        const result = chosen === 'nobody' ? { error: 'access_denied' } : { login: { accountId: chosen } }
        await provider.interactionFinished(request, response, result)
      } else {
        await provider.interactionDetails(request, response)
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(choicePage(url.pathname))
      }
    } catch {
      response.writeHead(400, { 'content-type': 'text/plain' }).end('This sign-in is over. Go back and start again.')
    }
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  return server
}

function choicePage(path: string): string {
  const people = demoProfiles.map(
    ({ subject, name, email }) => `<a href="${path}?as=${subject}"><strong>${name}</strong><span>${email}</span></a>`,
  )
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>Choose an account</title><style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { display: grid; min-height: 100vh; place-items: center; margin: 0 }
  main { width: min(22rem, calc(100vw - 2rem)) }
  h1 { font-size: 1.25rem; margin: 0 }
  p { margin: .25rem 0 1rem; opacity: .75 }
  a { display: flex; flex-direction: column; padding: .75rem 1rem; margin-top: .5rem; border: 1px solid #8886; border-radius: 8px; color: inherit; text-decoration: none }
  a:hover { border-color: currentColor } a span { opacity: .75; font-size: .875rem }
  a:focus-visible { outline: 3px solid Highlight; outline-offset: 2px }
</style><main><h1>Choose an account</h1><p>This local provider plays Google while you develop.</p>
${people.join('\n')}
<a href="${path}?as=nobody">Cancel</a></main></html>`
}
