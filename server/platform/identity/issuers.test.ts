/** Tokens of outside issuers, good and bad, through the real door. */
import { createHmac, createPublicKey, randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { afterAll, describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { nowS, sign, TestIssuer } from '../../test/token-issuer.ts'
import { outsideIssuers, verifyOutsideToken } from './issuers.ts'

const [clerk, better, stranger] = [await TestIssuer.start(), await TestIssuer.start('EdDSA'), await TestIssuer.start()]
await clerk.publish('of clerk alone')
await better.publish('of better alone', 'RS256')
afterAll(() => Promise.all([clerk, better, stranger].map((issuer) => issuer.close())))
const secret = 'a shared secret of an older set-up, long enough'
const party = 'https://app.example.org'
const app = await buildTestApp({
  environment: {
    CLERK_ISSUER: clerk.url,
    CLERK_AUTHORIZED_PARTIES: party,
    BETTER_AUTH_URL: better.url,
    BETTER_AUTH_SECRET: secret,
  },
})

type Claims = Record<string, unknown>
type Header = { alg: string; [name: string]: unknown }
const bytes = (text: string) => new TextEncoder().encode(text)
const subject = () => `user_${randomUUID()}`
const b64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** Each issuer: what a good token of it has, and how it signs. */
const issuers = {
  clerk: {
    header: { alg: 'RS256', kid: 'first', typ: 'JWT' } as Header,
    claims: (): Claims => ({ iss: clerk.url, azp: party, sub: subject(), sid: `sess_${randomUUID()}` }),
    key: () => clerk.key() as Parameters<typeof sign>[2],
    published: () => clerk.jwks[0] as JWK,
    address: clerk.url,
    audiences: [party, 'http://localhost:8000'],
  },
  'better-auth': {
    header: { alg: 'EdDSA', kid: 'first' } as Header,
    claims: (): Claims => ({ iss: better.url, aud: better.url, sub: subject() }),
    key: () => better.key() as Parameters<typeof sign>[2],
    published: () => better.jwks[0] as JWK,
    address: better.url,
    audiences: [better.url],
  },
  'shared secret': {
    header: { alg: 'HS256' } as Header,
    claims: (): Claims => ({ sub: subject() }),
    key: () => bytes(secret) as Parameters<typeof sign>[2],
    published: () => better.jwks[0] as JWK,
    address: better.url,
    audiences: [better.url, 'http://localhost:8000'],
  },
}

async function ask(authorization: string) {
  const answer = await app.browser().get('/me', { authorization })
  return { status: answer.statusCode, code: answer.json().error?.code, me: answer.json() }
}
const withToken = (token: string) => ask(`Bearer ${token}`)
const refused = { status: 401, code: 'INVALID_CREDENTIAL' }

describe.each(Object.entries(issuers))('a token of %s', (_name, issuer) => {
  const good = (claims: Claims = {}, header: Claims = {}, key = issuer.key()) =>
    sign({ ...issuer.claims(), ...claims }, { ...issuer.header, ...header } as Header, key)

  it('is its person, made at the first call and known at the next', async () => {
    const claims = { sub: subject(), sid: 'one', name: 'Ada' }
    const first = await withToken(await good(claims))
    expect(first).toMatchObject({ status: 200, me: { displayName: 'Ada', role: 'user' } })
    const again = await withToken(await good({ ...claims, name: 'Other' }))
    expect(again.me.id).toBe(first.me.id)
    expect((await withToken(await good())).me.id).not.toBe(first.me.id)
  })

  it('gives no role, whatever it says', async () => {
    const claims = { role: 'admin', roles: ['admin'], org_role: 'org:admin', userRole: 'admin', isAdmin: true }
    expect((await withToken(await good(claims))).me.role).toBe('user')
  })

  it.each<[string, Claims]>([
    ['without exp', { exp: undefined }],
    ['exp 0', { exp: 0 }],
    ['exp as text', { exp: '99999999999' }],
    ['exp 1e20', { exp: 1e20 }],
    ['expired', { exp: nowS() - 10, iat: nowS() - 100 }],
    ['nbf ahead', { nbf: nowS() + 60 }],
    ['iat ahead', { iat: nowS() + 60 }],
    ['iat as text', { iat: 'now' }],
    ['without subject', { sub: undefined }],
    ['empty subject', { sub: '' }],
    ['subject of blanks', { sub: '   ' }],
    ['subject null', { sub: null }],
    ['subject a number', { sub: 7 }],
    ['subject an object', { sub: { toString: 'x' } }],
    ['subject with NUL', { sub: 'a\0b' }],
    ['subject of 10 kB', { sub: 'x'.repeat(6000) }],
    ['two subjects', { userId: 'somebody-else' }],
    ['another audience', { aud: 'https://else.example' }],
    ['an audience that begins like ours', { aud: `${issuer.audiences[0]}.evil.example` }],
    ['no audience among many', { aud: ['https://else.example', 'https://third.example'] }],
    ['an audience that is a number', { aud: 7 }],
    ['a look-alike issuer', { iss: `${issuer.address}/` }],
    ['an issuer in capitals', { iss: issuer.address.toUpperCase() }],
    ['an issuer that begins like one', { iss: `${issuer.address}.evil.example` }],
    ['an issuer with a blank', { iss: ` ${issuer.address}` }],
    ['an issuer as a list', { iss: [issuer.address] }],
    ['an issuer that is empty', { iss: '' }],
    ['an issuer that is null', { iss: null }],
    ['nobody’s issuer', { iss: stranger.url }],
  ])('is refused with %s', async (_what, claims) => {
    expect(await withToken(await good(claims))).toMatchObject(refused)
  })

  it('need not say when it was made where a shared secret signs it, as older set-ups do, and nowhere else', async () => {
    const { status } = await withToken(await good({ iat: undefined }))
    expect(status).toBe(issuer.header.alg === 'HS256' ? 200 : 401)
  })

  it('is taken with an audience that we are', async () => {
    for (const aud of issuer.audiences) {
      expect((await withToken(await good({ aud }))).status).toBe(200)
      expect((await withToken(await good({ aud: ['https://else.example', aud] }))).status).toBe(200)
    }
  })

  it('is refused with a key of another issuer, under its own id or this one’s', async () => {
    for (const [of, kid] of [
      [clerk, 'of clerk alone'],
      [better, 'of better alone'],
      [stranger, 'first'],
    ] as const) {
      const own = of.url === issuer.address && issuer.header.alg !== 'HS256'
      for (const named of new Set([kid, 'first'])) {
        const token = await sign(issuer.claims(), { alg: 'RS256', kid: named }, of.key(kid))
        expect((await withToken(token)).status, `${of.url} ${named}`).toBe(own && named === kid ? 200 : 401)
      }
    }
    // Better Auth at that address may have a shared secret beside its keys; Clerk never has.
    const bySecret = await sign(issuer.claims(), { alg: 'HS256' }, bytes(secret))
    expect((await withToken(bySecret)).status).toBe(issuer.address === clerk.url ? 401 : 200)
  })

  it('that says one thing twice is what its last word is, and no more', async () => {
    const whole = { iat: nowS(), exp: nowS() + 300, ...issuer.claims() }
    const twice = (more: string) => forge(issuer, {}, `${JSON.stringify(whole).slice(0, -1)},${more}}`)
    const me = async (token: string) => (await withToken(token)).me.id
    expect(await withToken(await twice('"exp":1'))).toMatchObject(refused)
    expect(await withToken(await twice(`"iss":"${stranger.url}"`))).toMatchObject(refused)
    expect(await withToken(await twice('"sub":7'))).toMatchObject(refused)
    const other = await good()
    const { sub } = JSON.parse(Buffer.from(other.split('.')[1] ?? '', 'base64url').toString())
    expect(await me(await twice(`"sub":"${sub}"`))).toBe(await me(other))
    const header = `${JSON.stringify(issuer.header).slice(0, -1)},"alg":"none"}`
    expect(await withToken(await forge(issuer, header))).toMatchObject(refused)
  })

  it('of a megabyte is refused, whatever it is signed with', async () => {
    const token = await good({ padding: 'x'.repeat(2 ** 20) })
    expect(await withToken(token)).toMatchObject(refused)
    expect(await verifyOutsideToken(outsideIssuers(app.inside.config), token)).toBeNull()
  })

  it('is refused beside another Authorization header, be it the same', async () => {
    url ??= app.listen()
    const { port } = new URL(await url)
    const token = await good()
    for (const pair of [
      [token, token],
      [token, 'x'],
      ['x', token],
    ]) {
      const headers = ['host', 'localhost', ...pair.flatMap((one) => ['Authorization', `Bearer ${one}`])]
      const status = await new Promise((resolve, reject) => {
        const sent = request({ port, path: '/me', headers: headers as never, agent: false }, (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        })
        sent.on('error', reject).end()
      })
      expect(status).toBe(401)
    }
  })

  it.each<[string, Claims]>([
    ['a kid that is a path', { kid: '../../../dev/null' }],
    ['a kid that is SQL', { kid: "' or 1=1 --" }],
    ['a kid of 10 kB', { kid: 'k'.repeat(5000) }],
    ['a kid that is a list', { kid: ['first'] }],
    ['another type', { typ: 'at+jwt' }],
    ['a critical extension', { crit: ['exp'], exp: 1 }],
  ])('is refused with %s, unless that means nothing', async (what, header) => {
    const { status, code } = await withToken(await forge(issuer, header))
    // A shared secret has no key ids to choose from.
    const meansNothing = issuer.header.alg === 'HS256' && typeof header.kid === 'string' && header.kid.length < 256
    expect([status, code], what).toEqual(meansNothing ? [200, undefined] : [401, 'INVALID_CREDENTIAL'])
  })

  it.each(['none', 'None', 'NONE', 'nOnE', ''])('is refused unsigned, spelled %j', async (alg) => {
    const token = `${b64({ ...issuer.header, alg })}.${b64({ iat: nowS(), exp: nowS() + 300, ...issuer.claims() })}.`
    expect(await withToken(token)).toMatchObject(refused)
    expect(await withToken(`${token}AAAA`)).toMatchObject(refused)
  })

  it('is refused when the published key was used as a secret', async () => {
    const jwk = issuer.published()
    const key = createPublicKey({ key: jwk as never, format: 'jwk' })
    const pem = key.export({ format: 'pem', type: 'spki' }) as string
    const forms = [
      pem,
      pem.trim(),
      key.export({ format: 'der', type: 'spki' }),
      JSON.stringify(jwk),
      String(jwk.n ?? jwk.x),
    ]
    for (const form of forms) {
      for (const alg of ['HS256', 'HS384', 'HS512']) {
        const token = `${b64({ ...issuer.header, alg })}.${b64({ iat: nowS(), exp: nowS() + 300, ...issuer.claims() })}`
        const signature = createHmac(alg.replace('HS', 'sha'), form as Buffer)
          .update(token)
          .digest('base64url')
        expect(await withToken(`${token}.${signature}`)).toMatchObject(refused)
      }
    }
  })

  it('is refused when somebody else signed it, and nobody asks where it points', async () => {
    const pair = await generateKeyPair(issuer.header.alg === 'HS256' ? 'RS256' : issuer.header.alg, {
      extractable: true,
    })
    const jwk = await exportJWK(pair.publicKey)
    const before = stranger.asked
    for (const pointing of [{}, { jwk }, { jku: `${stranger.url}/jwks` }, { x5u: stranger.url }, { jwk, kid: 'x' }]) {
      const header = { ...issuer.header, ...(issuer.header.alg === 'HS256' && { alg: 'RS256' }), ...pointing } as Header
      const token = await sign(issuer.claims(), header, pair.privateKey)
      expect(await withToken(token)).toMatchObject(refused)
    }
    expect(stranger.asked).toBe(before)
  })

  it('is refused with any one bit of it turned', async () => {
    const [header = '', payload = '', signature = ''] = (await good()).split('.')
    for (const [at, part] of [header, payload, signature].entries()) {
      for (let i = 0; i < part.length; i += Math.ceil(part.length / 40)) {
        const raw = Buffer.from(part, 'base64url')
        const byte = Math.floor((i / part.length) * raw.length)
        raw[byte] = (raw[byte] as number) ^ (1 << (i % 8))
        const parts = [header, payload, signature]
        parts[at] = raw.toString('base64url')
        expect((await withToken(parts.join('.'))).status, parts.join('.')).toBe(401)
      }
    }
  })

  it('is refused with any one bit of its letters turned, thousands of times', async () => {
    const token = await good()
    const letters = Buffer.from(token)
    const rows = outsideIssuers(app.inside.config)
    // The last letter of each part holds bits that stand for nothing, and mean the same turned.
    const meaningless = new Set([...token.matchAll(/.(?=\.|$)/g)].map(({ index }) => index))
    let accepted = 0
    let tried = 0
    for (let at = 0; at < letters.length; at++) {
      for (let bit = at % 2; bit < 8 && !meaningless.has(at); bit += 2) {
        const turned = Buffer.from(letters)
        turned[at] = (turned[at] as number) ^ (1 << bit)
        tried++
        if (await verifyOutsideToken(rows, turned.toString('latin1'))) accepted++
      }
    }
    expect([tried > 500, accepted]).toEqual([true, 0])
  })

  it('is refused beside a cookie of somebody else, and taken beside its own', async () => {
    const browser = await app.signIn()
    const answer = await browser.get('/me', { authorization: `Bearer ${await good()}` })
    expect([answer.statusCode, answer.json().error.code]).toEqual([401, 'INVALID_CREDENTIAL'])
    const expired = app.browser()
    expired.cookies.set('plinth_session', 'x'.repeat(43))
    expect((await expired.get('/me', { authorization: `Bearer ${await good()}` })).statusCode).toBe(200)
  })
})

/** A valid signature under a header that should not be: jose itself refuses to write some of them. */
async function forge(issuer: (typeof issuers)['clerk'], header: Claims | string, body?: string): Promise<string> {
  const claims = body ?? { iat: nowS(), exp: nowS() + 300, ...issuer.claims() }
  const input = `${b64(typeof header === 'string' ? header : { ...issuer.header, ...header })}.${b64(claims)}`
  const key = issuer.key()
  if (key instanceof Uint8Array) return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`
  const algorithm = issuer.header.alg === 'EdDSA' ? 'Ed25519' : 'RSASSA-PKCS1-v1_5'
  return `${input}.${Buffer.from(await crypto.subtle.sign(algorithm, key as never, bytes(input))).toString('base64url')}`
}

let url: Promise<string> | undefined

describe('a header that is none', () => {
  it.each([
    '',
    'Bearer',
    'Bearer ',
    'Basic dXNlcjpwYXNz',
    'Bearer a b',
    'Bearer a, Bearer b',
    'bearer ..',
    `Bearer ${'x'.repeat(9000)}`,
    'Bearer eyJhbGciOiJub25lIn0',
    'Bearer eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAA.AAAA.AAAA',
  ])('%j is refused, and a good cookie beside it does not help', async (authorization) => {
    const browser = await app.signIn()
    const answer = await browser.get('/me', { authorization })
    expect([answer.statusCode, answer.json().error.code]).toEqual([401, 'INVALID_CREDENTIAL'])
  })

  it('is refused on a public procedure too', async () => {
    const answer = await app.browser().get('/trpc/account.methods', { authorization: 'Bearer x' })
    expect(answer.statusCode).toBe(401)
  })
})

describe('Clerk', () => {
  const claims = issuers.clerk.claims
  it.each<[string, Claims]>([
    ['no authorised party', { azp: undefined }],
    ['parties in a list', { azp: [party] }],
    ['parties in a list of lists', { azp: [[party]] }],
    ['another party', { azp: 'https://evil.example' }],
    ['a party that begins like one', { azp: `${party}.evil.example` }],
    ['a session that waits for a second factor', { sts: 'pending' }],
  ])('is refused with %s', async (_what, bend) => {
    expect(await withToken(await clerk.token({ ...claims(), ...bend }))).toMatchObject(refused)
  })
})

describe('Better Auth', () => {
  it.each<[string, Claims]>([
    ['another audience', { aud: 'https://else.example' }],
    ['no audience', { aud: undefined }],
  ])('is refused with %s', async (_what, bend) => {
    const token = await sign(
      { ...issuers['better-auth'].claims(), ...bend },
      { alg: 'EdDSA', kid: 'first' },
      better.key(),
    )
    expect(await withToken(token)).toMatchObject(refused)
  })

  it('with a shared secret may say userId', async () => {
    const token = await sign({ userId: subject() }, { alg: 'HS256' }, bytes(secret))
    expect((await withToken(token)).status).toBe(200)
    expect(await withToken(await sign({ sub: subject() }, { alg: 'HS256' }, bytes(`${secret}.`)))).toMatchObject(
      refused,
    )
  })

  it('with a key of another kind than it says is refused', async () => {
    const token = await sign(issuers['better-auth'].claims(), { alg: 'RS256', kid: 'first' }, clerk.key())
    expect(await withToken(token)).toMatchObject(refused)
  })
})
