/** A refused call says why the session ended to the holder of a credential of that session, and to no other caller. */
import { randomBytes } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { SessionEndReason } from '../../../shared/account.ts'
import { buildTestApp, publicUrl, quickChecks } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { draftOf } from '../../test/followers.ts'
import { openProgram } from '../../test/programs.ts'
import { TestSocket } from '../../test/socket.ts'
import { sessions, users } from './table.ts'

const cookies = await buildTestApp({ times: quickChecks })
const jwt = await buildTestApp({ times: quickChecks, environment: { AUTH_SESSION_MODE: 'jwt' } })
const urls = { cookies: await cookies.listen(), jwt: await jwt.listen() }

type App = typeof cookies
type Answer = Awaited<ReturnType<TestBrowser['get']>>

const signedIn = async (app: App) => {
  const browser = await app.signIn()
  return { browser, id: String((await browser.get('/me')).json().id) }
}

async function end(app: App, id: string, endReason: SessionEndReason) {
  const which = eq(sessions.userId, id)
  const { db } = app.database
  const rows = await db.update(sessions).set({ endedAt: sql`now()`, endReason }).where(which).returning()
  app.sessions.announceEnded(
    rows.map((row) => row.id),
    endReason,
  )
}

const overTrpc = (answer: Answer) => {
  const { code, endReason } = answer.json().error.data
  return [answer.statusCode, code, endReason]
}
const overRest = (answer: Answer) => {
  const { code, endReason } = answer.json().error
  return [answer.statusCode, code, endReason]
}
const ended = (endReason?: SessionEndReason) => [401, 'SESSION_ENDED', endReason]

const reasons = ['signed-out', 'revoked', 'replaced', 'account-changed', 'stolen', 'expired'] as const

describe.each(reasons)('a session that ended as %s', (reason) => {
  it('is refused with the reason for its cookie, over tRPC, REST and sockets', async () => {
    const { browser, id } = await signedIn(cookies)
    const draft = await draftOf(cookies, { browser, id })
    await end(cookies, id, reason)
    expect(overTrpc(await browser.query('account.me'))).toEqual(ended(reason))
    if (reason !== 'expired') expect(overTrpc(await browser.query('account.current'))).toEqual(ended(reason))
    expect(overTrpc(await browser.mutate('account.updateProfile', { displayName: 'Ada' }))).toEqual(ended(reason))
    expect(overRest(await browser.get('/me'))).toEqual(ended(reason))
    expect(overRest(await browser.get('/api/v1/tasks'))).toEqual(ended(reason))
    const socket = await TestSocket.openAs(urls.cookies, browser)
    expect(await socket.closed()).toEqual({ code: 4401, reason })
    const plain = await TestSocket.openAs(urls.cookies, browser, `/v1/ws/drafts/${draft.id}`)
    expect(await plain.closed()).toEqual({ code: 4401, reason: 'SESSION_ENDED' })
    expect(plain.answers).toMatchObject([{ type: 'error', code: 'SESSION_ENDED', endReason: reason }])
  })

  it('is refused with the reason for its access token, its refresh cookie and its refresh token', async () => {
    const { browser, id } = await signedIn(jwt)
    const program = await openProgram(jwt, { id })
    await end(jwt, id, reason)
    expect(overTrpc(await browser.query('account.me'))).toEqual(ended(reason))
    const socket = await TestSocket.openByToken(urls.jwt, String(browser.accessToken))
    expect(await socket.closed()).toEqual({ code: 4401, reason })
    browser.accessToken = null
    expect(overTrpc(await browser.mutate('auth.refresh'))).toEqual(ended(reason))
    const { refreshToken } = program
    expect(overTrpc(await jwt.browser().mutate('auth.refresh', { refreshToken }))).toEqual(ended(reason))
    const request = { method: 'POST', url: '/api/v1/auth/refresh', payload: { refreshToken } } as const
    expect(overRest(await jwt.browser().send(request))).toEqual(ended(reason))
  })
})

it('says that a disabled user’s account was changed, and that a session that went unused has expired', async () => {
  const [disabled, idle] = [await signedIn(cookies), await signedIn(cookies)]
  const { db } = cookies.database
  await db.update(users).set({ isActive: false }).where(eq(users.id, disabled.id))
  cookies.sessions.announceChanged(disabled.id)
  expect(overRest(await disabled.browser.get('/me'))).toEqual(ended('account-changed'))
  await db.update(sessions).set({ expiresAt: sql`now()` }).where(eq(sessions.userId, idle.id))
  await expect.poll(async () => overRest(await idle.browser.get('/me'))).toEqual(ended('expired'))
})

it('says that a refresh token was stolen when it comes again', async () => {
  const { refreshToken } = await openProgram(jwt)
  const refresh = (token: string) => jwt.browser().mutate('auth.refresh', { refreshToken: token })
  const second = (await refresh(refreshToken)).json().result.data.refreshToken
  await refresh(second)
  expect(overTrpc(await refresh(refreshToken))).toEqual([401, 'REFRESH_REUSED', 'stolen'])
  expect(overTrpc(await refresh(second))).toEqual(ended('stolen'))
})

it('counts an expired session as none for a page that is opened, and deletes its cookie', async () => {
  const { browser, id } = await signedIn(cookies)
  await end(cookies, id, 'expired')
  const opened = await browser.query('account.current')
  expect([opened.statusCode, opened.json().result.data]).toEqual([200, null])
  expect(opened.headers['set-cookie']).toContain('plinth_session=;')
})

describe('without a credential of the session', () => {
  it.each(['', 'x'.repeat(43), randomBytes(32).toString('base64url')])('says no reason: cookie %j', async (token) => {
    const browser = cookies.browser({ cookie: `plinth_session=${token}` })
    expect(overRest(await browser.get('/me'))).toEqual(ended())
    const socket = await TestSocket.open(urls.cookies, { origin: publicUrl, cookie: `plinth_session=${token}` })
    expect((await socket.closed()).reason).toBe('sign in first')
  })

  it('says no reason for the id of a session in a forged refresh token or access token', async () => {
    const { browser, id } = await signedIn(jwt)
    const { refreshToken } = await openProgram(jwt, { id })
    await end(jwt, id, 'revoked')
    const forged = refreshToken.replace(/.{8}$/, 'AAAAAAAA')
    const answer = await jwt.browser().mutate('auth.refresh', { refreshToken: forged })
    expect(overTrpc(answer)).toEqual([401, 'INVALID_CREDENTIAL', undefined])
    const authorization = `Bearer ${String(browser.accessToken).replace(/.{8}$/, 'AAAAAAAA')}`
    expect(overRest(await jwt.browser({ authorization }).get('/me'))).toEqual([401, 'INVALID_CREDENTIAL', undefined])
  })
})

it('leaves the cookie of an ended session to the other tabs, which learn the reason from it', async () => {
  const { browser, id } = await signedIn(cookies)
  await end(cookies, id, 'revoked')
  expect((await browser.query('account.methods')).statusCode).toBe(200)
  expect(overRest(await browser.get('/me'))).toEqual(ended('revoked'))
})
