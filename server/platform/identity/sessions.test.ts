import { createHash } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { buildTestApp, newPerson, quickChecks, type TestApp } from '../../test/app.ts'
import { until } from '../../test/until.ts'
import { Sessions } from './sessions.ts'
import { sessions, users } from './table.ts'

const app = await buildTestApp({ times: quickChecks })
const https = await buildTestApp({ environment: { PUBLIC_URL: 'https://plinth.example' } })

const codeOf = (answer: { json(): { error: { code: string } } }) => answer.json().error?.code
/** Some time passes, for one session, as far as the database can tell. */
const age = (of: TestApp, token: string, interval: string) =>
  of.database.db.execute(sql`update ${sessions} set last_used_at = last_used_at - ${interval}::interval,
    created_at = created_at - ${interval}::interval, expires_at = expires_at - ${interval}::interval
    where token_hash = ${hash(token)}`)
const hash = (token: string) => createHash('sha256').update(token).digest('base64url')
const tokenOf = (browser: { sessionToken: string | undefined }) => browser.sessionToken as string

describe('the session cookie', () => {
  it.each([
    [
      'on plain-http loopback',
      app,
      /^plinth_session=[A-Za-z0-9_-]{43}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/,
    ],
    [
      'under https',
      https,
      /^__Host-plinth_session=[A-Za-z0-9_-]{43}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    ],
  ])('has exactly its flags %s', async (_, app, form) => {
    const browser = app.browser()
    const callback = await app.finishSignIn(browser, await app.beginSignIn(browser), newPerson())
    const cookies = [callback.headers['set-cookie']].flat().filter((line) => line?.includes('plinth_session'))
    expect(cookies).toEqual([expect.stringMatching(form)])
  })

  it('is another one at every sign-in, and the one before is over', async () => {
    const claims = newPerson()
    const browser = await app.signIn(claims)
    const first = tokenOf(browser)
    await app.signIn(claims, browser)
    expect(browser.sessionToken).not.toBe(first)
    expect(codeOf(await app.browser({ cookie: `plinth_session=${first}` }).get('/me'))).toBe('SESSION_ENDED')
  })

  it('that a stranger planted is not the one that sign-in makes valid', async () => {
    const browser = app.browser()
    const planted = 'p'.repeat(43)
    browser.cookies.set('plinth_session', planted)
    await app.signIn(newPerson(), browser)
    expect(browser.sessionToken).not.toBe(planted)
    expect((await app.browser({ cookie: `plinth_session=${planted}` }).get('/me')).statusCode).toBe(401)
  })

  it('is found in the database and in the log as nothing but a hash', async () => {
    const browser = await app.signIn()
    await browser.get('/me')
    const dump = JSON.stringify([
      await app.database.db.select().from(sessions),
      await app.database.db.select().from(users),
      app.logs,
    ])
    expect(dump).toContain(hash(tokenOf(browser)))
    expect(dump).not.toContain(browser.sessionToken)
  })

  it('of plain http counts for nothing under https', async () => {
    const browser = await https.signIn()
    const cookie = `plinth_session=${browser.sessionToken}`
    expect((await https.browser({ cookie }).get('/me')).json().error.code).toBe('UNAUTHENTICATED')
  })
})

describe('what a request presents', () => {
  const unknown = 'x'.repeat(43)
  it.each([
    ['an unknown token', `plinth_session=${unknown}`],
    ['an empty one', 'plinth_session='],
    ['garbage', 'plinth_session=%00%ff"; a=b'],
    ['an encoded token', `plinth_session=%78${unknown.slice(1)}`],
    ['one character too many', `plinth_session=${unknown}x`],
    ['10 kB', `plinth_session=${'x'.repeat(10_000)}`],
    ['SQL', `plinth_session=' or 1=1 --`],
  ])('%s is refused, and taken back where nobody needs to be signed in', async (_, cookie) => {
    const refused = await app.browser({ cookie }).get('/me')
    expect([refused.statusCode, codeOf(refused)]).toEqual([401, 'SESSION_ENDED'])
    const anonymous = await app.browser({ cookie }).query('account.methods')
    expect(anonymous.statusCode).toBe(200)
    expect(anonymous.headers['set-cookie']).toMatch(
      /^plinth_session=; Max-Age=0; Path=\/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax$/,
    )
  })

  it('two different tokens are refused, in either order; one twice is one', async () => {
    const token = tokenOf(await app.signIn())
    const [a, b] = [`plinth_session=${token}`, `plinth_session=${unknown}`]
    for (const cookie of [`${a}; ${b}`, `${b}; ${a}`]) {
      expect(codeOf(await app.browser({ cookie }).get('/me'))).toBe('SESSION_ENDED')
    }
    expect((await app.browser({ cookie: `${a}; other=1; ${a}` }).get('/me')).statusCode).toBe(200)
  })

  it('a cookie whose name only ends or begins like ours is none', async () => {
    const token = tokenOf(await app.signIn())
    for (const name of ['xplinth_session', 'plinth_session2', '__Host-plinth_session', 'Plinth_Session']) {
      expect(codeOf(await app.browser({ cookie: `${name}=${token}` }).get('/me'))).toBe('UNAUTHENTICATED')
    }
  })

  it.each(['Bearer x', 'Bearer ', 'Basic dXNlcjpwYXNz', 'x', ''])(
    'an Authorization header (%j) decides, even beside a good cookie and where nobody needs to be signed in',
    async (authorization) => {
      const browser = await app.signIn()
      for (const url of ['/me', '/trpc/account.me', '/trpc/account.methods']) {
        const answer = await browser.get(url, { authorization })
        expect([url, answer.statusCode]).toEqual([url, 401])
        expect(answer.body).toContain('INVALID_CREDENTIAL')
        expect(answer.headers['set-cookie']).toBeUndefined()
      }
      expect((await browser.get('/me')).statusCode).toBe(200)
    },
  )

  it('X-User-Id is nobody, alone and beside anything', async () => {
    const [browser, other] = [await app.signIn(), await app.signIn()]
    const [me, them] = [(await browser.get('/me')).json(), (await other.get('/me')).json()]
    expect(codeOf(await app.browser({ 'x-user-id': me.id }).get('/me'))).toBe('UNAUTHENTICATED')
    expect((await browser.get('/me', { 'x-user-id': them.id })).json().id).toBe(me.id)
    const stale = app.browser({ 'x-user-id': me.id, cookie: `plinth_session=${unknown}` })
    expect(codeOf(await stale.get('/me'))).toBe('SESSION_ENDED')
    expect((await stale.query('account.methods')).statusCode).toBe(200)
  })
})

describe('a session', () => {
  it.each([
    ['after seven days without use', '8 days'],
    ['thirty days after sign-in', '31 days'],
  ])('ends %s', async (_, interval) => {
    const browser = await app.signIn()
    await age(app, tokenOf(browser), interval)
    expect(codeOf(await browser.get('/me'))).toBe('SESSION_ENDED')
    expect((await browser.query('account.methods')).statusCode).toBe(200)
    expect(browser.sessionToken).toBeUndefined()
  })

  it('ends thirty days after sign-in, however much it is used', async () => {
    const browser = await app.signIn()
    await age(app, tokenOf(browser), '31 days')
    await app.database.db.execute(
      sql`update ${sessions} set last_used_at = now() where token_hash = ${hash(tokenOf(browser))}`,
    )
    expect(codeOf(await browser.get('/me'))).toBe('SESSION_ENDED')
  })

  it('lives on within both limits', async () => {
    const browser = await app.signIn()
    await age(app, tokenOf(browser), '6 days')
    expect((await browser.get('/me')).statusCode).toBe(200)
  })

  it('of a disabled person is over when it was trusted for long enough, however often it is used, and back when they are enabled', async () => {
    const browser = await app.signIn()
    const { id } = (await browser.get('/me')).json()
    const enable = (isActive: boolean) =>
      app.database.db.execute(sql`update ${users} set is_active = ${isActive} where id = ${id}`)
    await enable(false)
    await until('the refusal', async () => (await browser.get('/me')).statusCode === 401)
    await enable(true)
    expect((await browser.get('/me')).statusCode).toBe(200)
  })

  it('notes its use and the activity of its person, once a minute at most', async () => {
    const browser = await app.signIn()
    const read = async () => {
      const [row] = await app.database.db
        .select({ used: sessions.lastUsedAt, active: users.lastActiveAt })
        .from(sessions)
        .innerJoin(users, eq(users.id, sessions.userId))
        .where(eq(sessions.tokenHash, hash(tokenOf(browser))))
      return { used: Number(row?.used), active: Number(row?.active) }
    }
    const first = await read()
    await age(app, tokenOf(browser), '2 minutes')
    await app.database.db.execute(sql`update ${users} set last_active_at = last_active_at - interval '2 minutes'`)
    const aged = await read()
    expect(aged.used < first.used).toBe(true)
    await freshSessions().find(tokenOf(browser))
    const noted = await until('the note', async () => {
      const now = await read()
      return now.used > aged.used && now.active > aged.active && now
    })
    await freshSessions().find(tokenOf(browser))
    await freshSessions().find(tokenOf(browser))
    expect(await read()).toEqual(noted)
  })

  it('that many calls come with at once is looked up for all of them, unless something has ended since', async () => {
    const token = tokenOf(await app.signIn())
    const fresh = freshSessions()
    const [first, second] = [fresh.find(token), fresh.find(token)]
    app.inside.notices.publish('people.changed', { personIds: ['nobody'] })
    const later = fresh.find(token)
    expect(await first).not.toBeNull()
    expect(await second).toBe(await first)
    expect(await later).not.toBe(await first)
    expect(await later).toEqual(await first)
  })

  /** As an instance has them that has just started. */
  const freshSessions = () => {
    const { database, notices, config, log } = app.inside
    return new Sessions(database.db, config.auth, notices, log)
  }
})

it('sessions that were over a month ago are deleted, and no others', async () => {
  const claims = newPerson()
  const [alive, ended, expired, lately, good] = await Promise.all(
    [1, 2, 3, 4, 5].map(() => app.signIn(claims).then(tokenOf)),
  )
  const { db } = app.database
  const end = (token: string, ago: string) =>
    db.execute(sql`update ${sessions} set ended_at = now() - ${ago}::interval where token_hash = ${hash(token)}`)
  await end(ended as string, '31 days')
  await age(app, ended as string, '61 days')
  // What opened it may be good for longer.
  await end(good as string, '31 days')
  await end(lately as string, '29 days')
  await age(app, expired as string, '61 days')
  await app.sessions.deleteOld()
  const left = await db.select({ hash: sessions.tokenHash }).from(sessions)
  const hashes = new Set(left.map((row) => row.hash))
  expect([alive, lately, good, ended, expired].map((token) => hashes.has(hash(token as string)))).toEqual([
    true,
    true,
    true,
    false,
    false,
  ])
})
