import { exportJWK, exportSPKI, generateKeyPair, type JWK } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { buildTestApp, newPerson, refusal } from '../../test/app.ts'
import { clientId, clientSecret, type Grant } from '../../test/openid-provider.ts'
import { sessions, spentSignIns, users } from './table.ts'

const app = await buildTestApp()
const { provider } = app
const { db } = app.database

afterEach(() => vi.useRealTimers())

const now = () => Math.floor(Date.now() / 1000)
const bytes = (text: string) => new TextEncoder().encode(text)
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const strangers = await generateKeyPair('RS256', { extractable: true })
const curve = await generateKeyPair('ES256', { extractable: true })
const publicJwk: JWK = await exportJWK(provider.keys.publicKey)
const publicPem = await exportSPKI(provider.keys.publicKey)
const strangersJwk = await exportJWK(strangers.publicKey)

type Case = [name: string, claims: Record<string, unknown>, bend?: Partial<Grant>]

/** Nobody is signed in and nobody is made; only the attempt is spent. */
async function expectRefused(
  claims: Record<string, unknown>,
  bend: Partial<Grant> | ((nonce: string) => Grant['idToken']) = {},
) {
  const count = async () => [await db.$count(sessions), await db.$count(users)]
  const before = await count()
  const browser = app.browser()
  const there = await app.beginSignIn(browser)
  const bent = typeof bend === 'function' ? { idToken: bend(there.searchParams.get('nonce') ?? '') } : bend
  const answer = await app.finishSignIn(browser, there, claims, bent)
  expect(refusal(answer)).toBe('SIGN_IN_FAILED')
  expect(browser.cookies.size).toBe(0)
  expect(await count()).toEqual(before)
  expect(await db.$count(spentSignIns)).toBeGreaterThan(0)
}

/** Claims that would be right, for tokens put together by hand. */
const right = (nonce: string) => ({
  ...newPerson(),
  nonce,
  iss: provider.issuer,
  aud: clientId,
  iat: now(),
  exp: now() + 300,
})

describe('an id token signs nobody in whose', () => {
  it.each<Case>([
    ['audience is another client', { aud: 'another-client' }],
    ['audience is missing', { aud: undefined }],
    ['audience is empty', { aud: [] }],
    ['audience is a number', { aud: 1 }],
    ['audience only begins like ours', { aud: `${clientId}-2` }],
    ['audience is shared without an authorised party', { aud: [clientId, 'another-client'] }],
    ['authorised party is another client', { aud: [clientId, 'another-client'], azp: 'another-client' }],
    ['authorised party is another client, our name alone in the audience', { azp: 'another-client' }],
    ['issuer is another one', { iss: 'https://accounts.evil.example' }],
    ['issuer is missing', { iss: undefined }],
    ['issuer looks alike', { iss: `${provider.issuer}/` }],
    ['issuer differs in case', { iss: provider.issuer.replace('http', 'HTTP') }],
    ['nonce is wrong', { nonce: 'wrong' }],
    ['nonce is missing', { nonce: undefined }],
    ['nonce is a list', { nonce: ['wrong'] }],
  ])('%s', async (_name, claims) => {
    await expectRefused(claims)
  })

  it.each<[string, () => Record<string, unknown>]>([
    ['expiry is past', () => ({ exp: now() - 60 })],
    ['expiry is missing', () => ({ exp: undefined })],
    ['expiry is 0', () => ({ exp: 0 })],
    ['expiry is text', () => ({ exp: String(now() + 300) })],
    ['not-before lies ahead', () => ({ nbf: now() + 120 })],
    ['time of issue lies ahead', () => ({ iat: now() + 120 })],
    ['time of issue is missing', () => ({ iat: undefined })],
    ['time of issue is text', () => ({ iat: String(now()) })],
  ])('%s', async (_name, claims) => {
    await expectRefused(claims())
  })

  it.each<Case>([
    ['is missing', { sub: undefined }],
    ['is a number', { sub: 42 }],
    ['is empty', { sub: '' }],
    ['is a list', { sub: ['somebody'] }],
    ['is 256 characters', { sub: 'a'.repeat(256) }],
    ['is 10 kB', { sub: 'a'.repeat(10_000) }],
    ['holds NUL', { sub: 'a\0b' }],
    ['holds a lone surrogate', { sub: 'a\ud800b' }],
    ['holds a line break', { sub: 'a\nb' }],
    ['is not ASCII', { sub: 'аdmin' }],
  ])('subject %s', async (_name, claims) => {
    await expectRefused(claims)
  })

  it.each<Case>([
    ['is of another key under the same key id', {}, { key: strangers.privateKey }],
    ['is of a key that nobody published', {}, { key: strangers.privateKey, header: { kid: 'unknown' } }],
    ['key id is a path', {}, { key: strangers.privateKey, header: { kid: '../../etc/passwd' } }],
    ['is by a method with no published key', {}, { key: curve.privateKey, header: { alg: 'ES256' } }],
    ['is an HMAC by the client secret', {}, { key: bytes(clientSecret), header: { alg: 'HS256' } }],
    [
      'is an HMAC by the client secret, without a key id',
      {},
      { key: bytes(clientSecret), header: { alg: 'HS256', kid: undefined } },
    ],
    [
      'is an HMAC by the published key as PEM (RS256 taken for HS256)',
      {},
      { key: bytes(publicPem), header: { alg: 'HS256' } },
    ],
    ['is an HMAC by the published key as JWK', {}, { key: bytes(JSON.stringify(publicJwk)), header: { alg: 'HS256' } }],
    [
      'is an HMAC by the modulus of the published key',
      {},
      { key: Buffer.from(publicJwk.n ?? '', 'base64url'), header: { alg: 'HS256' } },
    ],
    ['key comes in the token itself', {}, { key: strangers.privateKey, header: { jwk: strangersJwk } }],
    [
      'key is where the token says',
      {},
      {
        key: strangers.privateKey,
        header: { kid: 'theirs', jku: `${provider.issuer}/their-keys`, x5u: `${provider.issuer}/their-keys` },
      },
    ],
  ])('signature %s', async (_name, claims, bend) => {
    await expectRefused(claims, bend)
    expect(provider.asked).not.toContain('/their-keys')
  })

  it.each(['none', 'None', 'NONE', 'nOnE', '', ' none'])('signature is left out: alg %j', async (alg) => {
    for (const signature of ['', 'AAAA']) {
      await expectRefused({}, (nonce) => `${part({ alg, kid: 'test' })}.${part(right(nonce))}.${signature}`)
    }
  })

  it('signature is for other words', async () => {
    await app.signIn()
    const [header, , signature] = (provider.secrets.idTokens.at(-1) ?? '').split('.')
    await expectRefused({}, (nonce) => `${header}.${part(right(nonce))}.${signature}`)
  })

  it.each([null, '', 'x', '..', 'a.b', 'a.b.c', 'a.b.c.d', 'a.b.c.d.e', `${part('x')}.${part([])}.`, 'é.é.é'])(
    'form is none: %j',
    async (idToken) => {
      await expectRefused({}, { idToken })
    },
  )
})

describe('an id token signs its person in', () => {
  it('whose audience is shared and whose authorised party is us', async () => {
    await app.signIn({ aud: [clientId, 'another-client'], azp: clientId })
  })

  it('whose times are off by as much as clocks are', async () => {
    await app.signIn({ iat: now() + 10, nbf: now() + 10 })
  })

  it('whose subject has the greatest length that there is', async () => {
    const claims = { ...newPerson(), sub: `${newPerson().sub}${'a'.repeat(255)}`.slice(0, 255) }
    const { id } = (await (await app.signIn(claims)).get('/me')).json()
    expect((await (await app.signIn(claims)).get('/me')).json().id).toBe(id)
  })

  it('after the provider changed its keys, and the old key signs nobody in any more', async () => {
    await app.signIn()
    const old = { key: provider.keys.privateKey, header: { kid: 'test' } }
    await provider.rotateKeys('next')
    // Keys are asked for again at most once a minute.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
    await app.signIn()
    await expectRefused({}, old)
    await app.signIn()
  })
})
