import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { createContext } from '../../context.ts'
import { buildTestApp, type TestApp } from '../../test/app.ts'
import { signedIn } from '../../test/followers.ts'
import { withTransaction } from '../db/transaction.ts'
import { readRefreshToken } from './refresh-token.ts'
import { sessions, type User, users } from './table.ts'

const page = async (scope: import('fastify').FastifyInstance) => {
  scope.post('/open/:holder', (request, reply) => {
    const { holder } = request.params as { holder: 'browser' | 'program' }
    const { openSession } = createContext(scope, request, reply)
    const { userId, fails } = request.body as { userId: string; fails?: true }
    return withTransaction(scope.database.db, async (tx) => {
      const [user] = await tx.select().from(users).where(eq(users.id, userId))
      const opened = await openSession(
        tx,
        user as User,
        { provider: 'password', issuer: null, subject: userId },
        holder,
      )
      if (fails) throw new Error('the sign-in fails after all')
      return opened
    })
  })
}
const inCookies = await buildTestApp({ page })
const inJwt = await buildTestApp({ page, environment: { AUTH_SESSION_MODE: 'jwt' } })

async function open(app: TestApp, holder: 'browser' | 'program', body: object, browser = app.browser()) {
  const answer = await browser.send({ method: 'POST', url: `/open/${holder}`, payload: body })
  return { browser, answer, opened: answer.json() }
}

async function somebody(app: TestApp): Promise<string> {
  const [user] = await app.database.db.insert(users).values({ displayName: 'Ada' }).returning({ id: users.id })
  return (user as { id: string }).id
}

const rowOf = async (app: TestApp, id: string) =>
  (await app.database.db.select().from(sessions).where(eq(sessions.id, id)))[0]

describe.each([
  ['cookies', inCookies],
  ['jwt', inJwt],
] as const)('a session opened in the mode %s', (mode, app) => {
  it('is held by a program with both tokens and no cookie', async () => {
    const userId = await somebody(app)
    const { answer, opened } = await open(app, 'program', { userId })
    expect(answer.headers['set-cookie']).toBeUndefined()
    expect(await app.inside.accessTokens.verify(opened.accessToken)).toMatchObject({
      userId,
      sessionId: opened.sessionId,
      role: 'user',
      refreshCounter: 0,
    })
    expect(readRefreshToken(app.inside.config, opened.refreshToken)).toEqual({
      sessionId: opened.sessionId,
      counter: 0,
    })
    expect(await rowOf(app, opened.sessionId)).toMatchObject({ userId, tokenHash: null, endedAt: null })
  })

  it('is held by a browser with one HttpOnly cookie', async () => {
    const { answer, opened, browser } = await open(app, 'browser', { userId: await somebody(app) })
    const [name] = [...browser.cookies.keys()]
    expect(name).toBe(mode === 'jwt' ? 'plinth_refresh' : 'plinth_session')
    expect(answer.cookies).toEqual([
      expect.objectContaining({ httpOnly: true, sameSite: 'Lax', path: '/', maxAge: 30 * 86_400 }),
    ])
    expect(opened.refreshToken).toBeNull()
    expect(opened.accessToken === null).toBe(mode === 'cookies')
  })

  it('takes the place of what the browser presented', async () => {
    const { browser, opened } = await open(app, 'browser', { userId: await somebody(app) })
    const second = await open(app, 'browser', { userId: await somebody(app) }, browser)
    expect(await rowOf(app, opened.sessionId)).toMatchObject({ endReason: 'replaced' })
    expect(await rowOf(app, second.opened.sessionId)).toMatchObject({ endedAt: null })
    expect(browser.cookies.size).toBe(1)
  })

  it('gives no cookie, and ends nothing, where the sign-in fails after all', async () => {
    const { browser, opened } = await open(app, 'browser', { userId: await somebody(app) })
    const before = browser.cookieHeader
    app.expectErrorLog(/fails after all/)
    const failed = await open(app, 'browser', { userId: await somebody(app), fails: true }, browser)
    expect(failed.answer.statusCode).toBe(500)
    expect(browser.cookieHeader).toBe(before)
    expect(await rowOf(app, opened.sessionId)).toMatchObject({ endedAt: null })
  })

  it('is for no browser whose answer can set no cookie', async () => {
    const { browser, opened } = await open(app, 'browser', { userId: await somebody(app) })
    browser.headers['trpc-accept'] = 'application/jsonl'
    const streamed = await open(app, 'browser', { userId: await somebody(app) }, browser)
    expect(streamed.answer.json().error.code).toBe('VALIDATION_ERROR')
    expect(await rowOf(app, opened.sessionId)).toMatchObject({ endedAt: null })
  })
})

it('the cookie of the other mode is taken back', async () => {
  const { browser } = await signedIn(inCookies)
  const { value } = { value: browser.sessionToken as string }
  const other = inJwt.browser()
  other.cookies.set('plinth_session', value)
  await open(inJwt, 'browser', { userId: await somebody(inJwt) }, other)
  expect([...other.cookies.keys()]).toEqual(['plinth_refresh'])
})
