/** A session that an outside token opened: listed, watched and ended like any other. */
import { randomUUID } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { buildTestApp, newPerson, quickChecks, type TestApp } from '../../test/app.ts'
import { makeAdministrator } from '../../test/calls.ts'
import { signedIn } from '../../test/followers.ts'
import { TestSocket } from '../../test/socket.ts'
import { nowS, sign, TestIssuer } from '../../test/token-issuer.ts'
import { rowsOf } from '../db/rows.ts'
import { defaultIdentityTimes } from './plugin.ts'
import { identities, sessions, users } from './table.ts'

const clerk = await TestIssuer.start()
afterAll(() => clerk.close())
const party = 'https://app.example.org'
const secret = 'a shared secret of an older set-up, long enough'
const app = await buildTestApp({
  times: quickChecks,
  environment: { CLERK_ISSUER: clerk.url, CLERK_AUTHORIZED_PARTIES: party, BETTER_AUTH_SECRET: secret },
})
const away = await buildTestApp({
  environment: { CLERK_ISSUER: 'http://127.0.0.1:9', CLERK_AUTHORIZED_PARTIES: party },
})
const { db } = app.database
const url = await app.listen()
/** An app that caches the refusals of tokens for so long. */
const cachingFor = (outsideRefusalMs: number) =>
  buildTestApp({
    times: { identity: { outsideRefusalMs } },
    environment: { CLERK_ISSUER: clerk.url, CLERK_AUTHORIZED_PARTIES: party },
  })
const [caching, uncaching] = [await cachingFor(3_600_000), await cachingFor(1)]

function visitor(claims: Record<string, unknown> = {}) {
  const who = { azp: party, sub: `user_${randomUUID()}`, sid: `sess_${randomUUID()}`, ...claims }
  const token = (more = {}) => clerk.token({ ...who, ...more })
  const get = async (path: string, more = {}) =>
    app.browser().get(path, { authorization: `Bearer ${await token(more)}` })
  return { who, token, get, me: async (more = {}) => (await get('/me', more)).json() }
}

describe('a session of an outside token', () => {
  it('is one for all tokens of the issuer’s session, and is in the list', async () => {
    const { get, me } = visitor()
    const { id } = await me()
    for (let i = 1; i < 4; i++) expect((await me({ iat: nowS() - i })).id).toBe(id)
    expect(await db.$count(sessions, eq(sessions.userId, id))).toBe(1)
    const { items } = (await get('/trpc/account.sessions.list')).json().result.data
    expect(items).toMatchObject([{ current: true, ip: '127.0.0.1' }])
  })

  it('is opened once by ten first calls at once', async () => {
    const { me } = visitor()
    const people = await Promise.all(Array.from({ length: 10 }, () => me()))
    expect(new Set(people.map(({ id }) => id)).size).toBe(1)
    expect(people[0].id).toBeTruthy()
    expect(await db.$count(sessions, eq(sessions.userId, people[0].id))).toBe(1)
  })

  it('lives as long as the newest token', async () => {
    const { me } = visitor()
    const { id } = await me({ exp: nowS() + 60 })
    await me({ exp: nowS() + 600 })
    await expect
      .poll(async () => {
        const [row] = await db.select().from(sessions).where(eq(sessions.userId, id))
        return (row?.expiresAt.getTime() ?? 0) > Date.now() + 500_000
      })
      .toBe(true)
  })

  it('ended here stays ended, whatever tokens its issuer goes on to hand out', async () => {
    const { me, get } = visitor()
    const { id } = await me()
    const admin = await signedIn(app)
    await makeAdministrator(app, admin)
    await admin.browser.mutate('people.endSessions', { personId: id })
    const answer = await get('/me', { iat: nowS() + 3, exp: nowS() + 900 })
    expect([answer.statusCode, answer.json().error.code]).toEqual([401, 'INVALID_CREDENTIAL'])
    // Another session of the same person is another one.
    expect((await me({ sid: 'another' })).id).toBe(id)
  })

  it('that is refused writes nothing', async () => {
    const { me, get } = visitor({ picture: 'https://img.example/old.png' })
    const { id } = await me()
    const [row] = await db.select().from(sessions).where(eq(sessions.userId, id))
    await db.update(sessions).set({ endedAt: sql`now()` }).where(eq(sessions.userId, id))
    app.sessions.announceEnded([row?.id ?? ''], 'revoked')
    const before = await db.select().from(users).where(eq(users.id, id))
    expect((await get('/me', { picture: 'https://img.example/new.png' })).statusCode).toBe(401)
    expect(await db.select().from(users).where(eq(users.id, id))).toEqual(before)
  })

  it('is of one person, also where an issuer uses the name of a session twice', async () => {
    const { me } = visitor({ sid: 'the same' })
    expect((await visitor({ sid: 'the same' }).me()).id).not.toBe((await me()).id)
  })

  it('takes a token that is over by less than clocks may differ, once', async () => {
    const { me } = visitor()
    const late = { iat: nowS() - 60, exp: nowS() - 2 }
    const { id } = await me(late)
    expect((await me(late)).id).toBe(id)
    const signIns = await db.execute(sql`select 1 from audit_logs where actor_id = ${id} and action = 'auth.signIn'`)
    expect(rowsOf(signIns)).toHaveLength(1)
  })

  it('stays ended a month later, while its token is good', async () => {
    const { me, get } = visitor()
    const year = { exp: nowS() + 365 * 24 * 3600 }
    const { id } = await me(year)
    const [row] = await db.select().from(sessions).where(eq(sessions.userId, id))
    await db.update(sessions).set({ endedAt: sql`now() - interval '40 days'` }).where(eq(sessions.userId, id))
    app.sessions.announceEnded([row?.id ?? ''], 'revoked')
    await app.sessions.deleteOld()
    expect((await get('/me', year)).statusCode).toBe(401)
  })

  it('of an issuer that names none is opened anew by a token made after its end', async () => {
    const sub = `user_${randomUUID()}`
    const ask = async (claims = {}) =>
      app.browser().get('/me', {
        authorization: `Bearer ${await sign({ sub, ...claims }, { alg: 'HS256' }, new TextEncoder().encode(secret))}`,
      })
    const { id } = (await ask()).json()
    const [row] = await db.select().from(sessions).where(eq(sessions.userId, id))
    const ended = { endedAt: sql`now() - interval '10 seconds'`, authenticatedAt: new Date(0) }
    await db.update(sessions).set(ended).where(eq(sessions.userId, id))
    app.sessions.announceEnded([row?.id ?? ''], 'revoked')
    expect((await ask({ iat: nowS() - 20 })).statusCode).toBe(401)
    expect((await ask()).json().id).toBe(id)
    // Which proves nothing anew: only what the token says of the sign-in does.
    const [reopened] = await db.select().from(sessions).where(eq(sessions.userId, id))
    expect(reopened?.authenticatedAt).toEqual(new Date(0))
  })

  it('closes its socket when the token is over', async () => {
    const { token } = visitor()
    const exp = nowS() + 600
    const socket = await TestSocket.open(url, { authorization: `Bearer ${await token({ exp })}` })
    const { id } = (await socket.call('query', 'account.me')).result?.data ?? {}
    const own = eq(sessions.userId, id)
    const [row] = await db.select().from(sessions).where(own)
    const endsAtS = Number(row?.expiresAt) / 1000
    expect([endsAtS >= exp, endsAtS <= exp + 5]).toEqual([true, true])
    // As much time passes.
    await db
      .update(sessions)
      .set({ expiresAt: sql`${sessions.expiresAt} - interval '605 seconds'` })
      .where(own)
    expect((await socket.closed()).code).toBe(4401)
  })

  it('is refused where the person is disabled', async () => {
    const { me, get } = visitor()
    const { id } = await me()
    await db.update(users).set({ isActive: false }).where(eq(users.id, id))
    app.sessions.announceChanged(id)
    expect((await get('/me')).json().error.code).toBe('INVALID_CREDENTIAL')
  })

  it('goes with its way in', async () => {
    const claims = newPerson()
    const { me, get, who } = visitor({ email: claims.email, email_verified: true })
    const browser = await app.signIn(claims)
    const { id } = (await browser.get('/me')).json()
    expect((await me()).id).toBe(id)
    const [identity] = await db
      .select()
      .from(identities)
      .where(eq(identities.subject, String(who.sub)))
    await browser.mutate('account.identities.unlink', { identityId: identity?.id })
    // The very same token, and every other of that session.
    expect((await get('/me')).statusCode).toBe(401)
    expect((await get('/me', { iat: nowS() + 2, exp: nowS() + 900 })).statusCode).toBe(401)
    expect((await browser.get('/me')).statusCode).toBe(200)
  })

  it('joins a person by address only where the issuer says that it is verified, with the JSON value true', async () => {
    const claims = newPerson()
    const browser = await app.signIn(claims)
    const { id } = (await browser.get('/me')).json()
    for (const email_verified of [undefined, false, 'true', 1])
      expect((await visitor({ email: claims.email, email_verified }).me()).id).not.toBe(id)
    expect((await visitor({ email: claims.email, email_verified: true }).me()).id).toBe(id)
  })

  it('joins no second identity of the issuer by address, and nothing to an administrator', async () => {
    const claims = newPerson()
    const browser = await app.signIn(claims)
    const { id } = (await browser.get('/me')).json()
    const named = { email: claims.email, email_verified: true }
    const joined = visitor(named)
    expect((await joined.me()).id).toBe(id)
    const second = await visitor(named).get('/me')
    expect([second.statusCode, second.json().error.code]).toEqual([403, 'SIGN_IN_METHOD_NOT_ADDED'])
    await makeAdministrator(app, { browser, id })
    expect((await joined.me()).id).toBe(id)
    const better = await sign({ sub: randomUUID(), ...named, exp: nowS() + 60 }, { alg: 'HS256' }, Buffer.from(secret))
    const answer = await app.browser().get('/me', { authorization: `Bearer ${better}` })
    expect([answer.statusCode, answer.json().error.code]).toEqual([403, 'SIGN_IN_METHOD_NOT_ADDED'])
    expect(await db.$count(identities, eq(identities.userId, id))).toBe(2)
  })
})

describe('a token that is refused', () => {
  /** A user with a verified address, and a Clerk token with this address. */
  async function userWithToken(on: TestApp) {
    const claims = newPerson()
    const browser = await on.signIn(claims)
    const { id } = (await browser.get('/me')).json()
    const { token } = visitor({ email: claims.email, email_verified: true })
    let tokens = 0
    // Each is another token of the same session.
    const ask = async (more = {}) => {
      const authorization = `Bearer ${await token({ iat: nowS() - (tokens++ % 60), ...more })}`
      return (await on.browser().get('/me', { authorization })).statusCode
    }
    return { user: { id, browser }, ask }
  }
  type Refused = Awaited<ReturnType<typeof userWithToken>>

  const causes: [what: string, status: number, refuse: (on: TestApp, refused: Refused) => Promise<unknown>][] = [
    ['because an address joins nothing to an administrator', 403, (on, { user }) => makeAdministrator(on, user)],
    [
      'because its session has ended',
      401,
      async (on, { user: { id }, ask }) => {
        expect(await ask()).toBe(200)
        const own = eq(sessions.userId, id)
        const rows = await on.database.db.update(sessions).set({ endedAt: sql`now()` }).where(own).returning()
        on.sessions.announceEnded(
          rows.map((row) => row.id),
          'revoked',
        )
      },
    ],
    [
      'because its user is disabled',
      401,
      async (on, { user: { id }, ask }) => {
        expect(await ask()).toBe(200)
        await on.database.db.update(users).set({ isActive: false }).where(eq(users.id, id))
        on.sessions.announceChanged(id)
      },
    ],
  ]
  it.each(causes)('%s costs one transaction, however often it is sent', async (_, status, refuse) => {
    const refused = await userWithToken(caching)
    await refuse(caching, refused)
    const transaction = vi.spyOn(caching.database.db, 'transaction')
    const atOnce = await Promise.all(Array.from({ length: 20 }, () => refused.ask()))
    const later: number[] = []
    for (let n = 0; n < 20; n++) later.push(await refused.ask())
    expect(new Set([...atOnce, ...later])).toEqual(new Set([status]))
    // Jobs may add some.
    expect(transaction.mock.calls.length).toBeLessThan(5)
    transaction.mockRestore()
  })

  it('is checked again five seconds later, and a token with other claims at once', async () => {
    expect(defaultIdentityTimes.outsideRefusalMs).toBe(5000)
    for (const [on, outcome] of [
      [caching, 403],
      [uncaching, 200],
    ] as const) {
      const { user, ask } = await userWithToken(on)
      await makeAdministrator(on, user)
      expect(await ask()).toBe(403)
      await on.database.db.update(users).set({ email: newPerson().email }).where(eq(users.id, user.id))
      expect([await ask(), await ask({ email: newPerson().email })]).toEqual([outcome, 200])
    }
  })
})

describe('a change that asks for a fresh sign-in, with an outside token', () => {
  const makeKey = async (token: string) => {
    const answer = await app.browser({ authorization: `Bearer ${token}` }).mutate('apiKeys.create', {
      name: 'Nightly',
      scopes: ['draft:read'],
    })
    return answer.statusCode === 200 ? 'done' : answer.json().error.data.code
  }

  it.each([
    ['whose factor was verified three minutes ago', { fva: [3, -1] }, 'done'],
    ['whose factor was verified a month ago', { fva: [43_200, -1] }, 'REAUTHENTICATION_REQUIRED'],
    ['whose second factor alone was', { fva: [-1, 0] }, 'REAUTHENTICATION_REQUIRED'],
    ['that does not say when', {}, 'REAUTHENTICATION_REQUIRED'],
    ['that says it in a form of its own', { fva: '0' }, 'REAUTHENTICATION_REQUIRED'],
    ['that says that it was just now', { auth_time: nowS() - 60 }, 'done'],
    ['that says that it was an hour ago', { auth_time: nowS() - 3600 }, 'REAUTHENTICATION_REQUIRED'],
    ['that says that it is to come', { auth_time: nowS() + 3600 }, 'REAUTHENTICATION_REQUIRED'],
  ])('%s', async (_, claims, outcome) => {
    const { token } = visitor(claims)
    expect(await makeKey(await token())).toBe(outcome)
  })

  it('is allowed once a later token of the session says that its user was verified anew, and not by ones that do not', async () => {
    const { token } = visitor()
    expect(await makeKey(await token({ fva: [600, -1] }))).toBe('REAUTHENTICATION_REQUIRED')
    expect(await makeKey(await token({ fva: [601, -1] }))).toBe('REAUTHENTICATION_REQUIRED')
    expect(await makeKey(await token({ fva: [0, -1] }))).toBe('done')
    expect(await makeKey(await token({ fva: [601, -1] }))).toBe('done')
  })

  it('is refused after signing out, though the next token opens the session anew', async () => {
    const sub = `user_${randomUUID()}`
    const token = (claims = {}) => sign({ sub, ...claims }, { alg: 'HS256' }, new TextEncoder().encode(secret))
    const authorization = `Bearer ${await token({ iat: nowS() - 5 })}`
    const { id } = (await app.browser({ authorization }).get('/me')).json()
    const ended = await db
      .update(sessions)
      .set({ endedAt: sql`now() - interval '3 seconds'` })
      .where(eq(sessions.userId, id))
      .returning({ id: sessions.id })
    app.sessions.announceEnded(
      ended.map(({ id }) => id),
      'signed-out',
    )
    expect(await makeKey(await token())).toBe('REAUTHENTICATION_REQUIRED')
    expect(await makeKey(await token({ auth_time: nowS() }))).toBe('done')
  })
})

describe('while the issuer’s keys cannot be had', () => {
  it('nobody is called a forger, and a cookie goes on', async () => {
    const token = await clerk.token({ iss: 'http://127.0.0.1:9', azp: party, sub: 'x' })
    const answer = await away.browser().get('/me', { authorization: `Bearer ${token}` })
    expect([answer.statusCode, answer.json().error.code]).toEqual([503, 'PROVIDER_UNAVAILABLE'])
    expect((await (await away.signIn()).get('/me')).statusCode).toBe(200)
  })
})
