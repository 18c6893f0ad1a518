/** What ends a session ends its sockets, whoever ended it and however it is found out. */
import { eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { buildTestApp, newPerson, quickChecks } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { TestSocket } from '../../test/socket.ts'
import { sessions, users } from './table.ts'

const app = await buildTestApp({ times: quickChecks })
const url = await app.listen()
const idOf = async (browser: TestBrowser): Promise<string> =>
  (await browser.query('account.sessions.list'))
    .json()
    .result.data.items.find((session: { current: boolean }) => session.current).id

describe('a socket', () => {
  it('hears why its session ended, closes with 4401, and its requests are refused', async () => {
    const claims = newPerson()
    const [here, there] = [await app.signIn(claims), await app.signIn(claims)]
    const socket = await TestSocket.openAs(url, there)
    const id = await socket.subscribe('account.onSessionEnded')
    await here.mutate('account.sessions.revoke', { sessionId: await idOf(there) })
    expect(await socket.closed()).toEqual({ code: 4401, reason: 'revoked' })
    expect(
      socket.answers.filter((answer) => answer.id === id).map(({ result }) => result?.data ?? result?.type),
    ).toEqual(['started', { reason: 'revoked' }, 'stopped'])
    expect((await there.get('/me')).statusCode).toBe(401)
  })

  it('of its own sign-out hears that it was signed out', async () => {
    const browser = await app.signIn()
    const socket = await TestSocket.openAs(url, browser)
    await browser.send({ method: 'POST', url: '/auth/logout' })
    expect(await socket.closed()).toEqual({ code: 4401, reason: 'signed-out' })
  })

  it('of the session that a new sign-in replaces closes', async () => {
    const claims = newPerson()
    const browser = await app.signIn(claims)
    const socket = await TestSocket.openAs(url, browser)
    await app.signIn(claims, browser)
    expect(await socket.closed()).toEqual({ code: 4401, reason: 'replaced' })
  })

  it.each([
    ['expires', 'expired', (id: string) => sql`update ${sessions} set expires_at = now() where id = ${id}`],
    [
      'is not used for long',
      'expired',
      (id: string) => sql`update ${sessions} set last_used_at = now() - interval '8 days' where id = ${id}`,
    ],
    ['is deleted', 'expired', (id: string) => sql`delete from ${sessions} where id = ${id}`],
    [
      'is ended behind our back',
      'account-changed',
      (id: string) => sql`update ${sessions} set ended_at = now(), end_reason = 'account-changed' where id = ${id}`,
    ],
    [
      'is of somebody who is disabled',
      'account-changed',
      (id: string) =>
        sql`update ${users} set is_active = false from ${sessions} where ${sessions.userId} = ${users.id} and ${sessions.id} = ${id}`,
    ],
  ])('closes after the next check when its session %s', async (_, reason, statement) => {
    const browser = await app.signIn()
    const id = await idOf(browser)
    const socket = await TestSocket.openAs(url, browser)
    await socket.call('query', 'account.me')
    await app.database.db.execute(statement(id))
    expect(await socket.closed()).toEqual({ code: 4401, reason })
  })

  it('stays while its session and person only change', async () => {
    const browser = await app.signIn()
    const socket = await TestSocket.openAs(url, browser)
    const { id } = (await browser.get('/me')).json()
    await app.database.db.update(users).set({ role: 'viewer' }).where(eq(users.id, id))
    app.sessions.announceChanged(id)
    await app.sessions.checkWatched()
    expect((await socket.call('query', 'account.me')).result?.data.role).toBe('viewer')
    expect(socket.close).toBeNull()
    socket.ws.close()
  })

  it('keeps its calls from working between the end of the session and its own', async () => {
    const claims = newPerson()
    const [here, there] = [await app.signIn(claims), await app.signIn(claims)]
    const socket = await TestSocket.openAs(url, there)
    await socket.call('query', 'account.me')
    await here.mutate('account.sessions.revokeOthers')
    const late = await socket.call('mutation', 'account.updateProfile', { displayName: 'Late' })
    expect(late.error?.data.code).toBe('SESSION_ENDED')
    await expect(socket.subscribe('account.onSessionEnded')).rejects.toThrow('SESSION_ENDED')
    expect(await socket.closed()).toMatchObject({ code: 4401 })
  })
})

it('a thousand sockets of one session close, and others stay', async () => {
  const claims = newPerson()
  const [here, there] = [await app.signIn(claims), await app.signIn(claims)]
  const other = await TestSocket.openAs(url, here)
  const sockets: TestSocket[] = []
  for (let n = 0; n < 1000; n += 100) {
    sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => TestSocket.openAs(url, there)))))
  }
  await Promise.all(sockets.map((socket) => socket.subscribe('account.onSessionEnded')))
  await here.mutate('account.sessions.revokeOthers')
  const ends = await Promise.all(sockets.map((socket) => socket.closed()))
  expect(new Set(ends.map(({ code }) => code))).toEqual(new Set([4401]))
  expect((await other.call('query', 'account.me')).result?.data.email).toBe(claims.email)
  expect(app.sessions.watch.size).toBe(1)
  other.ws.close()
})
