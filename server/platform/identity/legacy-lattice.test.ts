/**
 * `X-User-Id` beside every combination of bearer and cookie: it decides where it stands alone, agrees with a stronger one or has
 * the request refused, and is never what a bad one falls through to.
 */
import { randomUUID } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildTestApp, newPerson, publicUrl } from '../../test/app.ts'
import { draftOf } from '../../test/followers.ts'
import { TestSocket } from '../../test/socket.ts'
import { nowS, sign } from '../../test/token-issuer.ts'
import { until } from '../../test/until.ts'
import { identities, sessions } from './table.ts'

const secret = 'a shared secret of an older set-up, long enough'
const bytes = (text: string) => new TextEncoder().encode(text)
const app = await buildTestApp({
  environment: {
    BETTER_AUTH_SECRET: secret,
    AUTH_LEGACY_HEADER: 'on',
    LEGACY_HEADER_SECRET: 'kept between the proxy and Plinth: cVq8Zw4nT1yL6rEo',
    // Each combination is asked as often as there are transports.
    RATE_LIMIT_ANONYMOUS: '100000',
    RATE_LIMIT_SIGNED_IN: '100000',
  },
})
const url = await app.listen()

const states = ['none', 'valid', 'expired', 'forged', 'other'] as const
/** `unclaimed` names a person who has no other way in, or nobody yet; `valid` the same person as the others do. */
const words = ['none', 'valid', 'other', 'unclaimed', 'nobody', 'listed', 'forged secret'] as const
type State = (typeof states)[number]
type Word = (typeof words)[number]
type Outcome = 'me' | 'other' | 'unclaimed' | 'new' | 'nobody' | 'refused'

const cookies: Partial<Record<State, string>> = {}
const bearers: Partial<Record<State, string>> = {}
const legacyIds = { valid: '', other: '', unclaimed: '' }
const ids = { me: '', other: '', unclaimed: '' }
const drafts = { me: '', other: '', unclaimed: '' }

beforeAll(async () => {
  for (const [who, valid] of [
    ['me', 'valid'],
    ['other', 'other'],
  ] as const) {
    const claims = newPerson()
    const browser = await app.signIn(claims)
    ids[who] = (await browser.get('/me')).json().id
    drafts[who] = (await draftOf(app, { browser, id: ids[who] })).id
    cookies[valid] = browser.cookieHeader
    legacyIds[valid] = `legacy-${randomUUID()}`
    // Claimed: their Google sign-in proves who they are.
    await app.database.db.insert(identities).values({ userId: ids[who], provider: 'legacy', subject: legacyIds[valid] })
    const named = { sub: randomUUID(), iat: nowS(), exp: nowS() + 900, email: claims.email, email_verified: true }
    bearers[valid] = await sign(named, { alg: 'HS256' }, bytes(secret))
    if (who === 'other') continue
    bearers.expired = await sign({ ...named, exp: nowS() - 50 }, { alg: 'HS256' }, bytes(secret))
    bearers.forged = await sign(named, { alg: 'HS256' }, bytes(`${secret}!`))
    cookies.expired = (await app.signIn(claims)).cookieHeader
    const newest = sql`id = (select max(id::text)::uuid from sessions where user_id = ${ids.me})`
    await app.database.db.update(sessions).set({ expiresAt: sql`now() - interval '1 second'` }).where(newest)
  }
  cookies.forged = `plinth_session=${'A'.repeat(43)}`
  legacyIds.unclaimed = `legacy-${randomUUID()}`
  const browser = app.browser({ 'x-user-id': legacyIds.unclaimed })
  ids.unclaimed = (await browser.get('/me')).json().id
  drafts.unclaimed = (await draftOf(app, { browser, id: ids.unclaimed })).id
  expect(await app.database.db.$count(sessions, eq(sessions.userId, ids.unclaimed))).toBe(1)
})

/** What bearer and cookie say without the header, once more and in other words than the code's. */
function withoutHeader(bearer: State, cookie: State): 'me' | 'other' | 'nobody' | 'refused' {
  if (bearer === 'expired' || bearer === 'forged') return 'refused'
  if (bearer === 'none') {
    return ({ none: 'nobody', valid: 'me', other: 'other', expired: 'refused', forged: 'refused' } as const)[cookie]
  }
  const mixed = (bearer === 'valid' && cookie === 'other') || (bearer === 'other' && cookie === 'valid')
  return mixed ? 'refused' : bearer === 'valid' ? 'me' : 'other'
}

function expected(bearer: State, cookie: State, word: Word): Outcome {
  const stronger = withoutHeader(bearer, cookie)
  if (word === 'none' || stronger === 'refused') return stronger
  const vouched = word !== 'listed' && word !== 'forged secret'
  if (stronger !== 'nobody') {
    const named = word === 'valid' ? 'me' : word
    return vouched && named !== stronger ? 'refused' : stronger
  }
  // Alone, and claimed or not vouched for.
  if (word === 'unclaimed') return 'unclaimed'
  return word === 'nobody' ? 'new' : 'refused'
}

function headersOf(bearer: State, cookie: State, word: Word): Record<string, string> {
  const [token, jar] = [bearers[bearer], cookies[cookie]]
  const headers: Record<string, string> = { origin: publicUrl }
  if (token) headers.authorization = `Bearer ${token}`
  if (jar) headers.cookie = jar
  if (word === 'valid' || word === 'other' || word === 'unclaimed') headers['x-user-id'] = legacyIds[word]
  if (word === 'nobody') headers['x-user-id'] = `legacy-${randomUUID()}`
  if (word === 'listed') headers['x-user-id'] = `${legacyIds.valid}, ${legacyIds.unclaimed}`
  if (word === 'forged secret') {
    Object.assign(headers, { 'x-user-id': legacyIds.unclaimed, 'x-legacy-secret': 'guessed' })
  }
  return headers
}

const people = ['me', 'other', 'unclaimed'] as const
const isPerson = (outcome: Outcome): outcome is (typeof people)[number] => people.some((who) => who === outcome)
const combinations = states.flatMap((bearer) => states.map((cookie) => ({ bearer, cookie })))

describe.each(combinations)('bearer $bearer, cookie $cookie', ({ bearer, cookie }) => {
  it.each(words)('and the header %s', async (word) => {
    const outcome = expected(bearer, cookie, word)
    const headers = () => headersOf(bearer, cookie, word)

    const call = await app.root.inject({ url: '/me', headers: headers() })
    const { id, error } = call.json()
    if (isPerson(outcome)) expect(id).toBe(ids[outcome])
    else if (outcome === 'new') expect(Object.values(ids)).not.toContain(id)
    else expect([call.statusCode, error.code === 'UNAUTHENTICATED']).toEqual([401, outcome === 'nobody'])

    // A stale cookie alone is taken back, so that the sign-in page works; whatever the header says, nobody is signed in by that.
    const open = await app.root.inject({ url: '/trpc/account.methods', headers: headers() })
    const softened = bearer === 'none' && (cookie === 'expired' || cookie === 'forged')
    expect(open.statusCode).toBe(outcome === 'refused' && !softened ? 401 : 200)
  })
})

it.each(['A'.repeat(43), ''])('a refresh token in its cookie, %j, is not fallen through either', async (token) => {
  const headers = { cookie: `plinth_refresh=${token}`, 'x-user-id': legacyIds.unclaimed }
  expect((await app.root.inject({ url: '/me', headers })).statusCode).toBe(401)
  expect((await app.root.inject({ url: '/me', headers: { 'x-user-id': legacyIds.unclaimed } })).statusCode).toBe(200)
})

// On sockets and streams, where nothing stronger decides, or what is stronger is over.
const alone = (['none', 'expired', 'valid'] as const).flatMap((cookie) => words.map((word) => ({ cookie, word })))

it.each(alone)('on a socket and a stream: cookie $cookie, header $word', async ({ cookie, word }) => {
  const outcome = expected('none', cookie, word)
  const socket = await TestSocket.open(url, headersOf('none', cookie, word))
  if (isPerson(outcome) || outcome === 'new') {
    const { id } = (await socket.call('query', 'account.me')).result?.data ?? {}
    expect(outcome === 'new' ? !Object.values(ids).includes(id) : id === ids[outcome]).toBe(true)
    socket.ws.close()
  } else expect((await socket.closed()).code).toBe(4401)

  const reached: string[] = []
  const reachedPlain: string[] = []
  for (const who of people) {
    const plain = await TestSocket.open(url, headersOf('none', cookie, word), `/v1/ws/drafts/${drafts[who]}`)
    const frame = await until('the first frame', () => plain.answers[0] as unknown as { type: string })
    if (frame.type === 'ready') reachedPlain.push(who)
    plain.ws.terminate()
    const leaving = new AbortController()
    const input = encodeURIComponent(JSON.stringify({ draftId: drafts[who] }))
    const answer = await fetch(`${url}/trpc/drafts.onEvent?input=${input}`, {
      headers: headersOf('none', cookie, word),
      signal: leaving.signal,
    })
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
  expect([reached, reachedPlain]).toEqual(isPerson(outcome) ? [[outcome], [outcome]] : [[], []])
})
