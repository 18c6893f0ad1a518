/**
 * Every combination of credentials, each absent, valid, expired, forged or somebody else's, on every transport: the strongest
 * that is presented decides, a bad one never falls through to a weaker one, and two people are never mixed.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyOf } from '../../test/api-keys.ts'
import { buildTestApp, newPerson, publicUrl } from '../../test/app.ts'
import { draftOf } from '../../test/followers.ts'
import { openProgram } from '../../test/programs.ts'
import { TestSocket } from '../../test/socket.ts'
import { nowS, sign, TestIssuer } from '../../test/token-issuer.ts'
import { until } from '../../test/until.ts'
import { sessions, type User, users } from './table.ts'

const clerk = await TestIssuer.start()
const better = await TestIssuer.start('EdDSA')
const forger = await TestIssuer.start()
const forgerOfBetter = await TestIssuer.start('EdDSA')
afterAll(() => Promise.all([clerk, better, forger, forgerOfBetter].map((issuer) => issuer.close())))
const party = 'https://app.example.org'
const secret = 'a shared secret of an older set-up, long enough'
const app = await buildTestApp({
  environment: {
    CLERK_ISSUER: clerk.url,
    CLERK_AUTHORIZED_PARTIES: party,
    BETTER_AUTH_URL: better.url,
    BETTER_AUTH_SECRET: secret,
  },
})
const url = await app.listen()

const states = ['none', 'valid', 'expired', 'forged', 'other'] as const
type State = (typeof states)[number]
type Outcome = 'me' | 'other' | 'nobody' | 'refused'

/** By kind and state, what to send. */
const cookies: Partial<Record<State, string>> = {}
const kinds = ['clerk', 'better auth', 'shared secret', 'our own', 'API key'] as const
type Kind = (typeof kinds)[number]
const bearers: Record<Kind, Partial<Record<State, string>>> = {
  clerk: {},
  'better auth': {},
  'shared secret': {},
  'our own': {},
  'API key': {},
}
const ids = { me: '', other: '' }
const drafts = { me: '', other: '' }

beforeAll(async () => {
  const bytes = (text: string) => new TextEncoder().encode(text)
  for (const [who, valid] of [
    ['me', 'valid'],
    ['other', 'other'],
  ] as const) {
    const claims = newPerson()
    const browser = await app.signIn(claims)
    ids[who] = (await browser.get('/me')).json().id
    drafts[who] = (await draftOf(app, { browser, id: ids[who] })).id
    cookies[valid] = browser.cookieHeader
    // The address joins all ways in to one person.
    const named = { sub: randomUUID(), sid: randomUUID(), azp: party, email: claims.email, email_verified: true }
    const hs = { alg: 'HS256' }
    const ed = { alg: 'EdDSA', kid: 'first' }
    const ofBetter = { ...named, azp: undefined, aud: better.url }
    const past = { iat: nowS() - 100, exp: nowS() - 50 }
    bearers.clerk[valid] = await clerk.token(named)
    bearers['better auth'][valid] = await better.token(ofBetter, ed)
    bearers['shared secret'][valid] = await sign(named, hs, bytes(secret))
    bearers['our own'][valid] = (await openProgram(app, { id: ids[who] })).accessToken
    bearers['API key'][valid] = (await keyOf(app, { id: ids[who] })).key
    if (who === 'other') continue
    bearers['our own'].expired = await outworn(ids.me)
    bearers['our own'].forged = bearers['our own'].valid?.replace(/.{8}$/, 'AAAAAAAA') as string
    bearers['API key'].expired = await expiredKey(ids.me)
    bearers['API key'].forged = neverMadeHere()
    bearers.clerk.expired = await clerk.token({ ...named, ...past })
    bearers.clerk.forged = await clerk.token(named, undefined, forger.key())
    bearers['better auth'].expired = await better.token({ ...ofBetter, ...past }, ed)
    bearers['better auth'].forged = await better.token(ofBetter, ed, forgerOfBetter.key())
    bearers['shared secret'].expired = await sign({ ...named, ...past }, hs, bytes(secret))
    bearers['shared secret'].forged = await sign(named, hs, bytes(`${secret}!`))
    const old = await app.signIn(claims)
    cookies.expired = old.cookieHeader
    const newest = sql`id = (select max(id::text)::uuid from sessions where user_id = ${ids.me})`
    await app.database.db.update(sessions).set({ expiresAt: sql`now() - interval '1 second'` }).where(newest)
  }
  cookies.forged = `plinth_session=${'A'.repeat(43)}`
  expect(await app.database.db.$count(sessions, eq(sessions.userId, ids.me))).toBe(6)
})

/** A token of ours that was good until a moment ago, of a session that goes on. */
async function outworn(id: string): Promise<string> {
  const { sessionId } = await openProgram(app, { id })
  const [user] = await app.database.db.select().from(users).where(eq(users.id, id))
  return app.inside.accessTokens.sign(user as User, { id: sessionId, refreshCounter: 0 }, nowS() - 901)
}

async function expiredKey(id: string): Promise<string> {
  const { key, id: keyId } = await keyOf(app, { id })
  await app.database.db.update(sessions).set({ expiresAt: sql`now()` }).where(eq(sessions.id, keyId))
  return key
}

/** Whole, as far as its checksum tells. */
function neverMadeHere(): string {
  const random = randomBytes(32).toString('hex')
  return `plinth_key_${random}${crc32(random).toString(16).padStart(8, '0')}`
}

/** The rule, once more and in other words than the code's. */
function expected(bearer: State, cookie: State): Outcome {
  if (bearer === 'expired' || bearer === 'forged') return 'refused'
  if (bearer === 'none') {
    return ({ none: 'nobody', valid: 'me', other: 'other', expired: 'refused', forged: 'refused' } as const)[cookie]
  }
  const mixed = (bearer === 'valid' && cookie === 'other') || (bearer === 'other' && cookie === 'valid')
  return mixed ? 'refused' : bearer === 'valid' ? 'me' : 'other'
}

const combinations = kinds.flatMap((kind) =>
  states.flatMap((bearer) => states.map((cookie) => ({ kind, bearer, cookie }))),
)

describe.each(combinations)('$kind $bearer, cookie $cookie', ({ kind, bearer, cookie }) => {
  const outcome = expected(bearer, cookie)
  const headers = () => {
    const [token, jar] = [bearers[kind][bearer], cookies[cookie]]
    return { origin: publicUrl, ...(token && { authorization: `Bearer ${token}` }), ...(jar && { cookie: jar }) }
  }

  it('as a call', async () => {
    const answer = await fetch(`${url}/me`, { headers: headers() })
    const { id, error } = (await answer.json()) as { id?: string; error?: { code: string } }
    if (outcome === 'me' || outcome === 'other') expect(id).toBe(ids[outcome])
    else expect([answer.status, error?.code === 'UNAUTHENTICATED']).toEqual([401, outcome === 'nobody'])
  })

  it('as a stream', async () => {
    const reached: string[] = []
    for (const who of ['me', 'other'] as const) {
      const input = encodeURIComponent(JSON.stringify({ draftId: drafts[who] }))
      const leaving = new AbortController()
      const { signal } = leaving
      const answer = await fetch(`${url}/trpc/drafts.onEvent?input=${input}`, { headers: headers(), signal })
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
      let text = ''
      while (!/"ready"|error/.test(text)) {
        const { value, done } = (await reader?.read()) ?? { done: true }
        if (done) break
        text += value
      }
      if (text.includes('"ready"')) reached.push(who)
      leaving.abort()
    }
    expect(reached).toEqual(outcome === 'me' || outcome === 'other' ? [outcome] : [])
  })

  it('as a socket', async () => {
    const socket = await TestSocket.open(url, headers())
    if (outcome === 'me' || outcome === 'other') {
      expect((await socket.call('query', 'account.me')).result?.data.id).toBe(ids[outcome])
      socket.ws.close()
    } else expect((await socket.closed()).code).toBe(4401)
  })

  it('as a plain socket', async () => {
    const reached: string[] = []
    for (const who of ['me', 'other'] as const) {
      const socket = await TestSocket.open(url, headers(), `/v1/ws/drafts/${drafts[who]}`)
      const frame = await until('the first frame', () => socket.answers[0] as unknown as { type: string })
      if (frame.type === 'ready') reached.push(who)
      else expect((await socket.closed()).code).toBe(outcome === 'refused' || outcome === 'nobody' ? 4401 : 4404)
      socket.ws.terminate()
    }
    expect(reached).toEqual(outcome === 'me' || outcome === 'other' ? [outcome] : [])
  })

  it('as a socket of a page, which can send no header but offers the token beside its protocol', async () => {
    const { authorization, ...others } = headers()
    const token = authorization?.slice('Bearer '.length)
    const socket = token ? await TestSocket.openByToken(url, token, others) : await TestSocket.open(url, others)
    if (outcome === 'me' || outcome === 'other') {
      expect((await socket.call('query', 'account.me')).result?.data.id).toBe(ids[outcome])
      // The token is not said back.
      expect(socket.ws.protocol).toBe(token ? 'plinth' : '')
      socket.ws.close()
    } else expect((await socket.closed()).code).toBe(4401)
  })

  it('on a public procedure', async () => {
    const answer = await fetch(`${url}/trpc/account.methods`, { headers: headers() })
    // A stale cookie alone is taken back, so that the sign-in page works.
    const refused = bearer === 'none' ? false : outcome === 'refused'
    expect(answer.status).toBe(refused ? 401 : 200)
  })
})

describe('a bearer token that is presented twice', () => {
  it('is refused, be it the same one', async () => {
    for (const kind of kinds) {
      const token = bearers[kind].valid as string
      const socket = await TestSocket.openByToken(url, token, { authorization: `Bearer ${token}` })
      expect((await socket.closed()).code).toBe(4401)
      const offered = ['plinth', `plinth.bearer.${token}`, `plinth.bearer.${bearers[kind].other}`]
      const twice = await TestSocket.open(url, { origin: publicUrl }, '/trpc', offered)
      expect((await twice.closed()).code).toBe(4401)
    }
  })

  it('is as good as any on the way of a socket alone', async () => {
    const offered = { 'sec-websocket-protocol': `plinth, plinth.bearer.${bearers['our own'].valid}` }
    const call = await fetch(`${url}/me`, {
      headers: { ...offered, authorization: `Bearer ${bearers['our own'].valid}` },
    })
    expect(call.status).toBe(401)
  })
})

describe('a refresh token in its cookie', () => {
  it('opens nothing, whatever is beside it', async () => {
    const { refreshToken } = await openProgram(app, { id: ids.me })
    const cookie = `plinth_refresh=${refreshToken}`
    const codeOf = async (headers: Record<string, string>) => {
      const { error } = (await (await fetch(`${url}/me`, { headers })).json()) as { error?: { code: string } }
      return error?.code
    }
    expect(await codeOf({ cookie })).toBe('ACCESS_TOKEN_MISSING')
    expect(await codeOf({ cookie: `${cookie}; ${cookies.expired}` })).toBe('SESSION_ENDED')
    expect(await codeOf({ cookie, authorization: `Bearer ${bearers['our own'].forged}` })).toBe('INVALID_CREDENTIAL')
    const socket = await TestSocket.open(url, { cookie, origin: publicUrl })
    expect(await socket.closed()).toEqual({ code: 4401, reason: 'token-missing' })
  })
})
