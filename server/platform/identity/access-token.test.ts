/** Bearer tokens of our own: what is one, and everything that only looks like one. */
import { createHash, createHmac, generateKeyPairSync } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { buildTestApp, newPerson } from '../../test/app.ts'
import { codeOf, openProgram } from '../../test/programs.ts'
import { nowS, TestIssuer } from '../../test/token-issuer.ts'
import { newId } from '../db/columns.ts'
import { users } from './table.ts'

const outside = 'a shared secret of an older set-up, long enough'
const app = await buildTestApp({ environment: { BETTER_AUTH_SECRET: outside } })
const { jwtAccessSecret, jwtRefreshSecret, cookieSecret } = app.inside.config.auth
const issuer = app.publicUrl

const base64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const mac = (text: string, secret: string | Buffer, hash = 'sha256') =>
  createHmac(hash, secret).update(text).digest('base64url')
/** Signed, whatever it holds; an object or, for what JSON.stringify would not write, text. */
function signed(header: unknown, claims: unknown, secret: string | Buffer = jwtAccessSecret, hash = 'sha256') {
  const text = `${base64(header)}.${base64(claims)}`
  return `${text}.${mac(text, secret, hash)}`
}
const header = { alg: 'HS256', typ: 'at+jwt' }

const program = await openProgram(app)
const other = await openProgram(app)
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
const claims = claimsOf(program.accessToken)

async function ask(token: string, path = '/me') {
  const answer = await app.root.inject({ url: path, headers: { authorization: `Bearer ${token}` } })
  return answer.statusCode === 200 ? 'accepted' : [answer.statusCode, codeOf(answer)]
}
const refused = [401, 'INVALID_CREDENTIAL']

describe('an access token', () => {
  it('holds what it promises for 15 minutes, and nothing secret', async () => {
    expect(claims).toEqual({
      sub: claims.userId,
      userId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      sid: program.sessionId,
      username: null,
      email: null,
      role: 'user',
      refreshCounter: 0,
      iss: issuer,
      aud: issuer,
      iat: expect.any(Number),
      exp: claims.iat + 900,
    })
    expect(Math.abs(claims.iat - nowS())).toBeLessThan(5)
    const answer = await program.get(app, '/me')
    expect([answer.statusCode, answer.json().id]).toEqual([200, claims.sub])
  })

  it('is accepted however its bearer word is written', async () => {
    for (const word of ['bearer', 'BEARER', 'Bearer ']) {
      const answer = await app.root.inject({ url: '/me', headers: { authorization: `${word} ${program.accessToken}` } })
      expect(answer.statusCode).toBe(200)
    }
  })

  it('that is signed by another key, or none, is refused', async () => {
    const texts = [
      outside,
      jwtRefreshSecret,
      cookieSecret,
      '',
      issuer,
      createHash('sha256').update(jwtAccessSecret).digest(),
    ]
    for (const secret of texts) expect(await ask(signed(header, claims, secret))).toEqual(refused)
    const [head, body] = program.accessToken.split('.')
    for (const end of ['', '.', '.AA', `.${'A'.repeat(43)}`])
      expect(await ask(`${head}.${body}${end}`)).toEqual(refused)
  })

  it.each([
    'none',
    'None',
    'NONE',
    'nOnE',
    ' none',
    '',
    null,
    [],
    0,
    'HS512',
    'HS384',
    'RS256',
    'ES256',
    'dir',
    'A128KW',
  ])('with the algorithm %j is refused', async (alg) => {
    const text = `${base64({ ...header, alg })}.${base64(claims)}`
    for (const hash of ['sha256', 'sha384', 'sha512']) {
      expect(await ask(`${text}.${mac(text, jwtAccessSecret, hash)}`)).toEqual(refused)
    }
    expect(await ask(`${text}.`)).toEqual(refused)
  })

  it('brings no key of its own: jwk, jku, x5u, x5c and every kid are only words', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = publicKey.export({ format: 'jwk' })
    const asRsa = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', jwk } as never)
      .sign(privateKey)
    expect(await ask(asRsa)).toEqual(refused)
    const der = publicKey.export({ format: 'der', type: 'spki' })
    for (const key of [publicKey.export({ format: 'pem', type: 'spki' }), der, JSON.stringify(jwk)]) {
      expect(await ask(signed({ ...header, jwk }, claims, key))).toEqual(refused)
    }
    const kids = ['../../../../dev/null', "' or 1=1 --", ['x'], 'k'.repeat(2000), { a: 1 }, null, 0]
    for (const kid of kids) expect(await ask(signed({ ...header, kid }, claims, ''))).toEqual(refused)
    for (const name of ['jku', 'x5u']) {
      expect(await ask(signed({ ...header, [name]: 'https://127.0.0.1:9/keys' }, claims, ''))).toEqual(refused)
    }
    // Nobody asks where it points, though a key is there that has signed it.
    const stranger = await TestIssuer.start()
    const pointing = { jwk, jku: `${stranger.url}/jwks`, x5u: stranger.url, kid: 'first' }
    for (const [alg, key] of [
      ['RS256', stranger.key()],
      ['HS256', Buffer.from(JSON.stringify(stranger.jwks[0]))],
    ] as const) {
      const token = await new SignJWT(claims).setProtectedHeader({ alg, typ: 'at+jwt', ...pointing } as never).sign(key)
      expect(await ask(token)).toEqual(refused)
    }
    expect(stranger.asked).toBe(0)
    await stranger.close()
    // An extension that must be understood, and is not (RFC 7515 section 4.1.11).
    expect(await ask(signed({ ...header, crit: ['exp'] }, claims))).toEqual(refused)
  })

  it.each([
    ['exp absent', { exp: undefined }],
    ['exp 0', { exp: 0 }],
    ['exp null', { exp: null }],
    ['exp as text', { exp: String(claims.exp) }],
    ['exp 1e20', { exp: 1e20 }],
    ['exp with a fraction', { exp: claims.exp - 0.5 }],
    ['exp past', { iat: nowS() - 60, exp: nowS() - 1 }],
    ['more than 15 minutes', { exp: claims.iat + 901 }],
    ['iat absent', { iat: undefined }],
    ['iat as text', { iat: String(claims.iat) }],
    ['iat ahead', { iat: nowS() + 60, exp: nowS() + 120 }],
    ['nbf ahead', { nbf: nowS() + 60 }],
    ['nbf as text', { nbf: 'now' }],
    ['iss wrong', { iss: 'https://elsewhere.example' }],
    ['iss with a slash', { iss: `${issuer}/` }],
    ['iss absent', { iss: undefined }],
    ['iss in a list', { iss: [issuer] }],
    ['aud wrong', { aud: 'https://elsewhere.example' }],
    ['aud absent', { aud: undefined }],
    ['aud in a list', { aud: [issuer, 'https://elsewhere.example'] }],
    ['sub absent', { sub: undefined, userId: undefined }],
    ['sub without userId', { userId: undefined }],
    ['sub empty', { sub: '', userId: '' }],
    ['sub a number', { sub: 1, userId: 1 }],
    ['sub with NUL', { sub: `${claims.sub}\0`, userId: `${claims.sub}\0` }],
    ['sub of 3 kB', { sub: 'x'.repeat(3000), userId: 'x'.repeat(3000) }],
    ['sub of 10 kB', { sub: 'x'.repeat(10_000), userId: 'x'.repeat(10_000) }],
    ['userId another than sub', { userId: newId() }],
    ['sid absent', { sid: undefined }],
    ['sid no id', { sid: "' or true --" }],
    ['role absent', { role: undefined }],
    ['role unknown', { role: 'root' }],
    ['role in a list', { role: ['admin'] }],
    ['refreshCounter negative', { refreshCounter: -1 }],
    ['refreshCounter as text', { refreshCounter: '0' }],
  ])('with %s is refused, though the signature is right', async (_what, bend) => {
    expect(await ask(signed(header, { ...claims, ...bend }))).toEqual(refused)
  })

  it.each(['JWT', 'at+JWT', 'application/at+jwt', 'refresh', undefined, null, ['at+jwt']])(
    'of the type %j is refused',
    async (typ) => {
      expect(await ask(signed({ ...header, typ }, claims))).toEqual(refused)
    },
  )

  it("of somebody else's session, or of none, opens nothing", async () => {
    expect(await ask(signed(header, { ...claims, sid: other.sessionId }))).toEqual([401, 'SESSION_ENDED'])
    expect(
      await ask(
        signed(header, { ...claims, sub: claimsOf(other.accessToken).sub, userId: claimsOf(other.accessToken).sub }),
      ),
    ).toEqual([401, 'SESSION_ENDED'])
    expect(await ask(signed(header, { ...claims, sid: newId() }))).toEqual([401, 'SESSION_ENDED'])
  })

  it('that says one thing twice is what its last word is, and no more', async () => {
    const text = JSON.stringify(claims)
    const twice = (more: string) => signed(header, `${text.slice(0, -1)},${more}}`)
    expect(await ask(twice(`"sub":"${newId()}"`))).toEqual(refused)
    expect(await ask(twice('"exp":1'))).toEqual(refused)
    // Made of bytes that are no text.
    const bytes = Buffer.concat([
      Buffer.from(text.slice(0, -1)),
      Buffer.from(',"x":"'),
      Buffer.from([0xc0, 0xaf]),
      Buffer.from('"}'),
    ])
    const head = `${base64(header)}.${bytes.toString('base64url')}`
    expect(await ask(`${head}.${mac(head, jwtAccessSecret)}`)).toEqual(refused)
    for (const body of ['null', '[]', '"x"', '1', '{', '']) expect(await ask(signed(header, body))).toEqual(refused)
  })

  it('is no token of another kind, and no other is one', async () => {
    const idToken = await new SignJWT({ email: 'ada@example.org' })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(issuer)
      .setSubject(claims.sub)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(Buffer.from(jwtAccessSecret))
    await app.signIn(newPerson())
    const google = app.provider.secrets.idTokens.at(-1) as string
    for (const token of [program.refreshToken, idToken, google]) expect(await ask(token)).toEqual(refused)
    // And as a refresh token or as a cookie.
    const asCookie = await app.root.inject({ url: '/me', headers: { cookie: `plinth_session=${program.accessToken}` } })
    expect(codeOf(asCookie)).toBe('SESSION_ENDED')
  })

  it('longer than any of ours is refused for its length, well signed as it may be', async () => {
    const long = signed(header, { ...claims, padding: 'x'.repeat(6000) })
    expect(await ask(long)).toEqual(refused)
    expect(await app.inside.accessTokens.verify(`${long}${'A'.repeat(2 ** 20)}`)).toBeNull()
  })

  it('beside another Authorization header is refused, whichever comes first', async () => {
    const url = await listening()
    for (const pair of [
      [program.accessToken, 'x'],
      ['x', program.accessToken],
      [program.accessToken, program.accessToken],
      [program.accessToken, other.accessToken],
    ]) {
      const { request } = await import('node:http')
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const headers = ['host', new URL(url).host, ...pair.flatMap((token) => ['Authorization', `Bearer ${token}`])]
        request(`${url}/me`, { headers } as never, (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        })
          .on('error', reject)
          .end()
      })
      expect(status).toBe(401)
    }
  })

  it('of which any bit is another is refused, wherever it is', async () => {
    const bytes = Buffer.from(program.accessToken)
    // The last character of each part holds bits that stand for nothing, and mean the same flipped.
    const meaningless = new Set([...program.accessToken.matchAll(/.(?=\.|$)/g)].map(({ index }) => index))
    let accepted = 0
    let tried = 0
    for (let at = 0; at < bytes.length; at++) {
      if (meaningless.has(at)) continue
      for (let bit = 0; bit < 8; bit++) {
        const flipped = Buffer.from(bytes)
        flipped[at] = (flipped[at] as number) ^ (1 << bit)
        tried++
        if (await app.inside.accessTokens.verify(flipped.toString('latin1'))) accepted++
      }
    }
    expect(tried).toBeGreaterThan(2000)
    expect(accepted).toBe(0)
  })
})

describe('the role in an access token', () => {
  const path = '/trpc/auditLog.list'
  const become = (role: 'viewer' | 'admin', id: string) =>
    app.database.db.update(users).set({ role }).where(eq(users.id, id))

  it('gives nothing that the database does not', async () => {
    expect(await ask(signed(header, { ...claims, role: 'admin' }), path)).toEqual([403, 'FORBIDDEN'])
  })

  it('bounds what the database gives', async () => {
    const mine = await openProgram(app)
    const { sub } = claimsOf(mine.accessToken)
    await become('admin', sub)
    app.sessions.announceChanged(sub)
    expect(await ask(mine.accessToken, path)).toEqual([403, 'FORBIDDEN'])
    await mine.refresh(app)
    expect(claimsOf(mine.accessToken).role).toBe('admin')
    expect(await ask(mine.accessToken, path)).toBe('accepted')
    await become('viewer', sub)
    app.sessions.announceChanged(sub)
    expect(await ask(mine.accessToken, path)).toEqual([403, 'FORBIDDEN'])
  })
})

it('an access token of a disabled person is refused', async () => {
  const mine = await openProgram(app)
  await app.database.db
    .update(users)
    .set({ isActive: false })
    .where(sql`id = ${claimsOf(mine.accessToken).sub}`)
  expect(await ask(mine.accessToken)).toEqual([401, 'SESSION_ENDED'])
})

let url: Promise<string> | undefined
const listening = () => {
  url ??= app.listen()
  return url
}
