/** Refresh tokens: one of them is worth something, the one before for a little while, and an older one ends it for everybody. */
import { and, eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { buildTestApp, publicUrl, type TestApp } from '../../test/app.ts'
import { codeOf, mutateBy, openProgram, refreshBy, TestProgram } from '../../test/programs.ts'
import { until } from '../../test/until.ts'
import { auditLogs } from '../audit/table.ts'
import { mails } from '../mail/table.ts'
import { makeRefreshToken, readRefreshToken } from './refresh-token.ts'
import { sessions, users } from './table.ts'

const app = await buildTestApp()
const { db } = app.database

const rowOf = async ({ sessionId }: TestProgram) =>
  (await db.select().from(sessions).where(eq(sessions.id, sessionId)))[0] ?? expect.unreachable()
const counterOf = (token: string) => readRefreshToken(app.inside.config, token)?.counter
/** As if the last rotation had been so long ago. */
const ago = ({ sessionId }: TestProgram, seconds: number) =>
  db
    .update(sessions)
    .set({ refreshRotatedAt: sql`now() - make_interval(secs => ${seconds})` })
    .where(eq(sessions.id, sessionId))
const seen = (program: TestProgram, counter: number) =>
  until('the arrival', async () => (await rowOf(program)).refreshSeen === counter)
const tokensOf = (answer: { json(): { result: { data: { refreshToken: string; accessToken: string } } } }) =>
  answer.json().result.data

describe('a refresh', () => {
  it('answers with the next token, and moves the end of an idle session', async () => {
    const program = await openProgram(app)
    await db
      .update(sessions)
      .set({ lastUsedAt: sql`now() - interval '6 days'` })
      .where(eq(sessions.id, program.sessionId))
    const first = program.refreshToken
    expect((await program.refresh(app)).statusCode).toBe(200)
    expect([counterOf(first), counterOf(program.refreshToken)]).toEqual([0, 1])
    expect((await program.get(app, '/me')).statusCode).toBe(200)
    const row = await rowOf(program)
    expect(Date.now() - row.lastUsedAt.getTime()).toBeLessThan(60_000)
    // The end that no use moves.
    expect(row.expiresAt.getTime() - row.createdAt.getTime()).toBe(30 * 86_400_000)
  })

  it('needs no bearer, and takes no harm from one that has run out', async () => {
    const program = await openProgram(app)
    const answer = await refreshBy(app, program.refreshToken, { authorization: 'Bearer x' })
    expect(answer.statusCode).toBe(200)
  })

  it('of the token before is answered with the same newest one for 10 s, whoever used that', async () => {
    const program = await openProgram(app)
    const first = program.refreshToken
    await program.refresh(app)
    await program.get(app, '/me')
    await seen(program, 1)
    await ago(program, 8)
    const again = await refreshBy(app, first)
    expect([again.statusCode, tokensOf(again).refreshToken]).toEqual([200, program.refreshToken])
    expect((await rowOf(program)).refreshCounter).toBe(1)
  })

  it('whose answer was lost is answered again for a minute, and the session goes on', async () => {
    const program = await openProgram(app)
    await ago(program, 3600)
    await refreshBy(app, program.refreshToken)
    await ago(program, 55)
    expect((await program.refresh(app)).statusCode).toBe(200)
    expect(counterOf(program.refreshToken)).toBe(1)
    expect((await program.get(app, '/me')).statusCode).toBe(200)
    expect((await program.refresh(app)).statusCode).toBe(200)
    expect(counterOf(program.refreshToken)).toBe(2)
  })

  it.each([
    ['whose successor was used, 11 s later', 11, true],
    ['whose successor was not used, 61 s later', 61, false],
  ])('of the token before, %s, ends the session', async (_what, seconds, used) => {
    const program = await openProgram(app)
    const first = program.refreshToken
    await program.refresh(app)
    if (used) {
      await program.get(app, '/me')
      await seen(program, 1)
    }
    await ago(program, seconds)
    await expectStolen(first, program)
  })

  it('of an older token ends the session, however soon', async () => {
    const program = await openProgram(app)
    const first = program.refreshToken
    await program.refresh(app)
    await program.refresh(app)
    await expectStolen(first, program)
  })

  it('by a thief who is one token behind is found, and both lose the session', async () => {
    const victim = await openProgram(app)
    await victim.refresh(app)
    const stolen = victim.refreshToken
    await ago(victim, 900)
    await victim.refresh(app)
    await victim.get(app, '/me')
    await seen(victim, 2)
    await ago(victim, 300)
    await expectStolen(stolen, victim)
    expect(codeOf(await victim.refresh(app))).toBe('SESSION_ENDED')
  })

  it('by a thief who was first is found by the refresh of whom it was stolen from', async () => {
    const victim = await openProgram(app)
    const thief = new TestProgram(victim)
    await thief.refresh(app)
    await thief.get(app, '/me')
    await seen(victim, 1)
    await ago(victim, 300)
    await expectStolen(victim.refreshToken, thief)
  })

  it('of a token of our making that a restored database does not know goes on from there', async () => {
    const program = await openProgram(app)
    for (let n = 0; n < 3; n++) await program.refresh(app)
    await db.update(sessions).set({ refreshCounter: 1, refreshSeen: 1 }).where(eq(sessions.id, program.sessionId))
    expect((await program.refresh(app)).statusCode).toBe(200)
    expect([counterOf(program.refreshToken), (await rowOf(program)).refreshCounter]).toEqual([4, 4])
  })

  it('of a forged token ends nothing, and looks at nothing', async () => {
    const program = await openProgram(app)
    const [id, counter, mac] = program.refreshToken.split('.') as [string, string, string]
    const other = await openProgram(app)
    const forged = [
      `${id}.1.${mac}`,
      `${id}.00.${mac}`,
      `${id}.0.${'A'.repeat(43)}`,
      `${id}.0.${mac}A`,
      `${other.sessionId}.${counter}.${mac}`,
      `${id.toUpperCase()}.0.${mac}`,
      `${id}.-1.${mac}`,
      `${id}.1e9.${mac}`,
      `${id}.0`,
      ' ',
      program.accessToken,
      `${program.refreshToken}\0`,
      'x'.repeat(1024),
    ]
    for (const token of forged) {
      expect(codeOf(await refreshBy(app, token)), token).toMatch(/^(INVALID_CREDENTIAL|VALIDATION_ERROR)$/)
    }
    expect(await rowOf(program)).toMatchObject({ endedAt: null, refreshCounter: 0 })
    expect((await program.refresh(app)).statusCode).toBe(200)
  })

  it('of which any bit is another is refused', async () => {
    const { refreshToken } = await openProgram(app)
    for (let at = 0; at < refreshToken.length - 1; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = Buffer.from(refreshToken)
        flipped[at] = (flipped[at] as number) ^ (1 << bit)
        expect(readRefreshToken(app.inside.config, flipped.toString('latin1')), flipped.toString()).toBeNull()
      }
    }
  })

  it.each([
    ['ended', { endedAt: sql`now()`, endReason: 'revoked' as const }],
    ['idle for 7 days', { lastUsedAt: sql`now() - interval '7 days'` }],
    ['30 days old', { expiresAt: sql`now()` }],
  ])('of a session that is %s is refused, and is no theft', async (_what, change) => {
    const program = await openProgram(app)
    await db.update(sessions).set(change).where(eq(sessions.id, program.sessionId))
    const before = await rowOf(program)
    expect(codeOf(await refreshBy(app, program.refreshToken))).toBe('SESSION_ENDED')
    expect(await rowOf(program)).toEqual(before)
  })

  it('of a disabled person, and of nobody, is refused', async () => {
    const program = await openProgram(app)
    const { userId } = await rowOf(program)
    await db.update(users).set({ isActive: false }).where(eq(users.id, userId))
    expect(codeOf(await refreshBy(app, program.refreshToken))).toBe('SESSION_ENDED')
    await db.delete(users).where(eq(users.id, userId))
    expect(codeOf(await refreshBy(app, program.refreshToken))).toBe('SESSION_ENDED')
    expect(codeOf(await mutateBy(app, 'auth.refresh', {}))).toBe('UNAUTHENTICATED')
  })

  it('with an idempotency key is no different, and no answer of it is kept', async () => {
    const program = await openProgram(app)
    const key = { 'idempotency-key': 'the same key for all' }
    const first = tokensOf(await refreshBy(app, program.refreshToken, { ...key, ...program.bearer }))
    const second = tokensOf(await refreshBy(app, first.refreshToken, { ...key, ...program.bearer }))
    expect(counterOf(second.refreshToken)).toBe(2)
  })
})

/** That `token` is refused as stolen, and its session over, recorded and told of by mail. */
async function expectStolen(token: string, program: TestProgram) {
  const { userId } = await rowOf(program)
  const { sessionId } = program
  const email = `${sessionId}@example.org`
  await db.update(users).set({ email, emailVerified: true }).where(eq(users.id, userId))
  const ended = Promise.withResolvers<string>()
  app.sessions.watch.watch(sessionId, ended.resolve)
  const answer = await refreshBy(app, token)
  expect([answer.statusCode, codeOf(answer)]).toEqual([401, 'REFRESH_REUSED'])
  expect(await rowOf(program)).toMatchObject({ endReason: 'stolen', endedAt: expect.any(Date) })
  expect(await ended.promise).toBe('stolen')
  expect(codeOf(await program.get(app, '/me'))).toBe('SESSION_ENDED')
  expect(codeOf(await refreshBy(app, program.refreshToken))).toBe('SESSION_ENDED')
  const record = and(eq(auditLogs.target, `session:${sessionId}`), sql`${auditLogs.after}->>'reason' = 'stolen'`)
  expect(await db.select().from(auditLogs).where(record)).toMatchObject([{ actorId: userId, action: 'auth.refresh' }])
  const sent = await db.select().from(mails).where(eq(mails.recipient, email))
  expect(sent).toMatchObject([{ template: 'session-stolen', values: { device: 'curl' } }])
}

describe('in a browser', () => {
  const cookieName = 'plinth_refresh'
  async function inBrowser(to: TestApp = app) {
    const program = await openProgram(to)
    const browser = to.browser()
    browser.cookies.set(cookieName, program.refreshToken)
    return { program, browser }
  }

  it('the token goes from cookie to cookie, and no script sees it', async () => {
    const { browser, program } = await inBrowser()
    const answer = await browser.mutate('auth.refresh')
    expect(tokensOf(answer)).toEqual({ accessToken: expect.any(String), refreshToken: null })
    expect(answer.cookies).toEqual([
      expect.objectContaining({ name: cookieName, httpOnly: true, sameSite: 'Lax', path: '/', maxAge: 30 * 86_400 }),
    ])
    expect(counterOf(browser.cookies.get(cookieName) ?? '')).toBe(1)
    expect(answer.headers['cache-control']).toBe('no-store')
    const token = tokensOf(answer).accessToken
    const me = await app.root.inject({ url: '/me', headers: { authorization: `Bearer ${token}` } })
    expect(me.json().id).toBe((await rowOf(program)).userId)
  })

  it('is refused to other sites, and so is signing out', async () => {
    const { browser, program } = await inBrowser()
    const elsewhere: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: '', 'sec-fetch-site': 'cross-site' },
    ]
    for (const headers of elsewhere) {
      for (const path of ['auth.refresh', 'auth.logout', 'auth.exchange']) {
        expect(codeOf(await browser.mutate(path, {}, headers))).toBe('ORIGIN_NOT_ALLOWED')
      }
    }
    expect(await rowOf(program)).toMatchObject({ endedAt: null, refreshCounter: 0 })
  })

  it('of two cookies of that name neither is taken', async () => {
    const { program } = await inBrowser()
    const { program: tossed } = await inBrowser()
    const cookie = `${cookieName}=${tossed.refreshToken}; ${cookieName}=${program.refreshToken}`
    expect(codeOf(await mutateBy(app, 'auth.refresh', {}, { cookie, origin: publicUrl }))).toBe('INVALID_CREDENTIAL')
  })

  it('the cookie opens nothing else, and a call says that a token is missing', async () => {
    const { browser } = await inBrowser()
    expect(codeOf(await browser.query('account.me'))).toBe('ACCESS_TOKEN_MISSING')
    expect(codeOf(await browser.query('account.current'))).toBe('ACCESS_TOKEN_MISSING')
    expect((await browser.query('account.methods')).statusCode).toBe(200)
    expect(codeOf(await browser.get('/trpc/account.me', { cookie: '' }))).toBe('UNAUTHENTICATED')
  })

  it('is not for an answer that can set no cookie', async () => {
    const { browser, program } = await inBrowser()
    const answer = await browser.mutate('auth.refresh', {}, { 'trpc-accept': 'application/jsonl' })
    expect(answer.body).toContain('VALIDATION_ERROR')
    expect((await rowOf(program)).refreshCounter).toBe(0)
  })
})

describe('signing out', () => {
  it.each([
    ['its bearer', (program: TestProgram) => mutateBy(app, 'auth.logout', {}, program.bearer)],
    ['its refresh token', ({ refreshToken }: TestProgram) => mutateBy(app, 'auth.logout', { refreshToken })],
    [
      'its cookie',
      ({ refreshToken }: TestProgram) =>
        mutateBy(app, 'auth.logout', {}, { cookie: `plinth_refresh=${refreshToken}`, origin: publicUrl }),
    ],
    [
      'its bearer, at the route of old',
      ({ bearer }: TestProgram) => app.root.inject({ method: 'POST', url: '/auth/logout', headers: bearer }),
    ],
  ])('by %s ends the session, and twice is fine', async (_what, signOut) => {
    const program = await openProgram(app)
    for (let n = 0; n < 2; n++) expect((await signOut(program)).statusCode).toBeLessThan(300)
    expect(await rowOf(program)).toMatchObject({ endReason: 'signed-out' })
    expect(codeOf(await program.get(app, '/me'))).toBe('SESSION_ENDED')
    expect(codeOf(await refreshBy(app, program.refreshToken))).toBe('SESSION_ENDED')
    const ends = eq(auditLogs.target, `session:${program.sessionId}`)
    expect(await db.select().from(auditLogs).where(ends)).toMatchObject([
      { action: expect.stringMatching(/^auth\.(logout|signOut)$/), after: { reason: 'signed-out' } },
    ])
  })

  it('by a bad token ends nothing, and says so', async () => {
    const program = await openProgram(app)
    const forged = makeRefreshToken(app.inside.config, { sessionId: program.sessionId, counter: 0 }).replace(/.$/, '!')
    const refused = [
      await mutateBy(app, 'auth.logout', { refreshToken: forged }),
      await mutateBy(app, 'auth.logout', {}, { authorization: `Bearer ${program.accessToken.slice(0, -4)}` }),
      await mutateBy(app, 'auth.logout', {}, { authorization: 'Basic eDp5' }),
    ]
    expect(refused.map(codeOf)).toEqual(refused.map(() => 'INVALID_CREDENTIAL'))
    expect((await rowOf(program)).endedAt).toBeNull()
  })
})

describe('over REST', () => {
  const post = (path: string, payload: object, headers = {}) =>
    app.root.inject({ method: 'POST', url: `/api/v1/auth/${path}`, payload, headers })

  it('tokens are renewed and taken back, by body or by cookie', async () => {
    const program = await openProgram(app)
    const answer = await post('refresh', { refreshToken: program.refreshToken })
    const { accessToken, refreshToken } = answer.json().data
    expect([answer.statusCode, counterOf(refreshToken)]).toEqual([200, 1])
    const cookie = { cookie: `plinth_refresh=${refreshToken}`, origin: publicUrl }
    const byCookie = await post('refresh', {}, cookie)
    expect(byCookie.json().data).toEqual({ accessToken: expect.any(String), refreshToken: null })
    expect(counterOf(byCookie.cookies[0]?.value ?? '')).toBe(2)
    for (let n = 0; n < 2; n++) {
      expect((await post('logout', {}, { authorization: `Bearer ${accessToken}` })).statusCode).toBe(204)
    }
    const over = await post('refresh', { refreshToken })
    expect([over.statusCode, over.json().success, over.json().error.code]).toEqual([401, false, 'SESSION_ENDED'])
  })
})

it('a refresh that the database cannot answer is no refusal', async () => {
  const away = await buildTestApp({ environment: { DATABASE_URL: 'postgres://127.0.0.1:9/none' }, ready: false })
  const token = makeRefreshToken(away.inside.config, { sessionId: '01a1f8b5-1c8b-7611-ad4b-aa7da4b91540', counter: 0 })
  const answer = await refreshBy(away, token)
  expect([answer.statusCode, codeOf(answer)]).toEqual([503, 'DATABASE_UNAVAILABLE'])
})
