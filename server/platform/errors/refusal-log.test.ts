/** What the log contains about calls that are refused with 403, and how few lines a flood leaves. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { keyOf } from '../../test/api-keys.ts'
import { buildTestApp } from '../../test/app.ts'
import { signedIn } from '../../test/followers.ts'
import { TestSocket } from '../../test/socket.ts'
import { AppError } from './app-error.ts'

const app = await buildTestApp({ environment: { MCP: 'on' } })
const url = await app.listen()
const refusals = () =>
  app.logs.flatMap(({ msg, level, userId, apiKeyId, asked, code, leftOut, reqId }) =>
    msg === 'refused' ? [{ level, userId, apiKeyId, asked, code, leftOut, reqId }] : [],
  )

let nowMs = performance.now()
beforeEach(() => {
  nowMs += 120_000
})
afterEach(() => void vi.restoreAllMocks())
const stopClock = () => void vi.spyOn(performance, 'now').mockImplementation(() => nowMs)

describe('a call that is refused with 403 leaves one line that names the user, the procedure and the code', () => {
  it('over tRPC', async () => {
    const { browser, id } = await signedIn(app)
    const answer = await browser.query('people.list')
    expect(answer.statusCode).toBe(403)
    expect(refusals()).toMatchObject([{ level: 40, userId: id, asked: 'people.list', code: 'FORBIDDEN' }])
    expect(refusals()[0]?.reqId).toBe(answer.headers['x-request-id'])
  })

  it('over REST', async () => {
    const { browser, id } = await signedIn(app)
    const url = '/api/v1/drifts/unknown/approve'
    expect((await browser.send({ method: 'POST', url })).statusCode).toBe(403)
    expect(refusals()).toMatchObject([{ userId: id, asked: 'drifts.approve', code: 'FORBIDDEN' }])
  })

  it('on a socket', async () => {
    const { browser, id } = await signedIn(app)
    const socket = await TestSocket.openAs(url, browser)
    await socket.call('query', 'people.list')
    expect(refusals()).toMatchObject([{ userId: id, asked: 'people.list', code: 'FORBIDDEN' }])
    socket.ws.close()
  })

  it('by an API key, which it names too', async () => {
    const user = await signedIn(app)
    const { bearer, id: apiKeyId } = await keyOf(app, user, { scopes: ['task:read'] })
    expect((await app.browser().get('/api/v1/api-keys', bearer)).statusCode).toBe(403)
    expect(refusals()).toMatchObject([{ userId: user.id, apiKeyId, asked: 'apiKeys.list', code: 'API_KEY_REFUSED' }])
  })

  it('from another site, before the caller is identified', async () => {
    const { browser } = await signedIn(app)
    const answer = await browser.mutate('tasks.create', {}, { origin: 'https://elsewhere.example' })
    expect(answer.statusCode).toBe(403)
    expect(refusals()).toMatchObject([{ userId: null, asked: '/trpc/*', code: 'ORIGIN_NOT_ALLOWED' }])
  })

  it('and nothing about a user but the id', async () => {
    const { browser } = await signedIn(app)
    const { email, displayName } = (await browser.get('/me')).json()
    await browser.query('people.list')
    expect(refusals()).toHaveLength(1)
    expect(JSON.stringify(app.logs)).not.toContain(email)
    expect(JSON.stringify(app.logs)).not.toContain(displayName)
  })
})

const refused = (userId: string, n: number) => ({ userId, asked: `procedure ${n}` })

describe('a flood of refusals', () => {
  it('of one user leaves a line a minute, which says how many were left out', async () => {
    const { browser, id } = await signedIn(app)
    stopClock()
    for (let n = 0; n < 5; n++) await browser.query('people.list')
    expect(refusals()).toHaveLength(1)
    nowMs += 60_000
    await browser.query('people.list')
    expect(refusals()).toMatchObject([{ userId: id }, { userId: id, leftOut: 4 }])
  })

  it('of one user for many procedures leaves three lines a second, and does not suppress the line of another user', async () => {
    const [flooder, other] = [await signedIn(app), await signedIn(app)]
    stopClock()
    for (let n = 0; n < 30; n++)
      app.inside.refusals.add(app.inside.log, new AppError('FORBIDDEN'), refused(flooder.id, n))
    await other.browser.query('people.list')
    expect(refusals().map(({ userId }) => userId)).toEqual([flooder.id, flooder.id, flooder.id, other.id])
    nowMs += 1000
    app.inside.refusals.add(app.inside.log, new AppError('FORBIDDEN'), refused(flooder.id, 30))
    expect(refusals().at(-1)).toMatchObject({ userId: flooder.id, leftOut: 27 })
  })

  it('of many users leaves ten lines a second', async () => {
    const users = await Promise.all(Array.from({ length: 15 }, () => signedIn(app)))
    stopClock()
    for (const { browser } of users) await browser.query('people.list')
    expect(refusals()).toHaveLength(10)
    nowMs += 1000
    await users[14]?.browser.query('people.list')
    expect(refusals().at(-1)).toMatchObject({ userId: users[14]?.id, leftOut: 5 })
  })
})
