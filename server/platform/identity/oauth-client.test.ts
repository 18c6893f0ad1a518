import { describe, expect, it } from 'vitest'
import { buildTestApp, newPerson, refusal, type TestApp } from '../../test/app.ts'
import { clientId } from '../../test/openid-provider.ts'
import { until } from '../../test/until.ts'

const app = await buildTestApp()
const impatient = await buildTestApp({ times: { identity: { providerDeadlineMs: 1000 } } })

/** A provider that uses every optional part of the discovery document. */
const tenant = await buildTestApp()
const { issuer, metadata, answers, routes } = tenant.provider
Object.assign(metadata, {
  authorization_endpoint: `${issuer}//tenant/authorize?tenant=a`,
  token_endpoint: `${issuer}/tenant//token?tenant=a`,
  token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_post', 'client_secret_basic'],
  prompt_values_supported: ['login', 'select_account'],
  authorization_response_iss_parameter_supported: true,
})

/** Signs in, with `iss` in the query of the callback. */
async function callback(of: TestApp, { iss }: { iss?: string } = {}) {
  const browser = of.browser()
  const there = await of.beginSignIn(browser)
  const code = of.provider.grant(there, newPerson())
  const query = { code, state: there.searchParams.get('state') ?? '', ...(iss !== undefined && { iss }) }
  return browser.get(`/auth/google/callback?${new URLSearchParams(query)}`)
}

describe('the authorization address', () => {
  it('is the endpoint of the discovery document, with the same slashes and query', async () => {
    const there = await tenant.beginSignIn(tenant.browser())
    expect(there.href.startsWith(`${issuer}//tenant/authorize?tenant=a&`)).toBe(true)
    expect(there.searchParams.get('scope')).toBe('openid email profile')
    expect(there.searchParams.get('client_id')).toBe(clientId)
  })

  it('has the prompt select_account only where the provider lists it', async () => {
    expect((await tenant.beginSignIn(tenant.browser())).searchParams.get('prompt')).toBe('select_account')
    expect((await app.beginSignIn(app.browser())).searchParams.has('prompt')).toBe(false)
  })
})

describe('the exchange of a code', () => {
  it('goes to the token endpoint with its query, and authenticates as the provider lists first', async () => {
    const seen: (string | undefined)[] = []
    answers.set('/tenant//token', (request, response) => {
      seen.push(request.url, request.headers.authorization)
      return routes['/token'](request, response)
    })
    expect(refusal(await callback(tenant, { iss: issuer }))).toBeNull()
    expect(seen).toEqual(['/tenant//token?tenant=a', undefined])
  })

  it('leaves no connection open to a token endpoint that stops half-way', async () => {
    let closed = false
    impatient.provider.answers.set('/token', (_request, response) => {
      response.once('close', () => {
        closed = true
      })
      response.writeHead(200, { 'content-type': 'application/json' }).write('{')
    })
    expect(refusal(await callback(impatient))).toBe('PROVIDER_UNAVAILABLE')
    await until('the end of the connection', () => closed)
  })
})

describe('a provider that promises its issuer in the callback (RFC 9207)', () => {
  it.each([
    ['missing', {}],
    ['empty', { iss: '' }],
    ['another', { iss: 'https://evil.example' }],
    ['only alike', { iss: `${issuer}/` }],
  ])('is sent no code when it is %s', async (_name, query) => {
    const before = tenant.provider.asked.length
    expect(refusal(await callback(tenant, query))).toBe('SIGN_IN_FAILED')
    expect(tenant.provider.asked.slice(before)).toEqual([])
  })
})
