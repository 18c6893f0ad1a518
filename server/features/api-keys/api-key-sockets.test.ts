/** What is open by an API key ends with it, and lets through what the key may and no more. */
import { eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { sessions, users } from '../../platform/identity/table.ts'
import { keyOf } from '../../test/api-keys.ts'
import { buildTestApp, quickChecks } from '../../test/app.ts'
import { draftOf, signedIn } from '../../test/followers.ts'
import { TestSocket } from '../../test/socket.ts'

const app = await buildTestApp({ times: quickChecks })
const { db } = app.database
const url = await app.listen()

describe('a socket that is open by an API key', () => {
  it.each<[string, string, (ids: { keyId: string; personId: string }) => Promise<unknown>]>([
    [
      'expires',
      'expired',
      ({ keyId }) => db.update(sessions).set({ expiresAt: sql`now()` }).where(eq(sessions.id, keyId)),
    ],
    [
      'is of somebody who is disabled',
      'account-changed',
      ({ personId }) => db.update(users).set({ isActive: false }).where(eq(users.id, personId)),
    ],
    ['is gone', 'expired', ({ keyId }) => db.delete(sessions).where(eq(sessions.id, keyId))],
  ])('closes after the next check when its key %s', async (_, reason, end) => {
    const me = await signedIn(app)
    const { id: keyId, bearer } = await keyOf(app, me)
    const socket = await TestSocket.open(url, bearer)
    expect((await socket.call('query', 'account.me')).result?.data.id).toBe(me.id)
    await end({ keyId, personId: me.id })
    expect(await socket.closed()).toEqual({ code: 4401, reason })
  })

  it('closes when its key is revoked, and so do plain sockets and streams; what its person has open stays', async () => {
    const me = await signedIn(app)
    const { id: draftId } = await draftOf(app, me)
    const { id: keyId, key, bearer } = await keyOf(app, me)
    const sockets = [
      await TestSocket.open(url, bearer),
      await TestSocket.openByToken(url, key),
      await TestSocket.open(url, bearer, `/v1/ws/drafts/${draftId}`),
    ]
    const input = encodeURIComponent(JSON.stringify({ draftId }))
    const stream = await fetch(`${url}/trpc/drafts.onEvent?input=${input}`, { headers: bearer })
    const own = await TestSocket.openAs(url, me.browser)
    await sockets[0]?.subscribe('drafts.onEvent', { draftId })
    expect((await me.browser.mutate('apiKeys.revoke', { keyId })).statusCode).toBe(200)
    for (const socket of sockets) expect(await socket.closed()).toEqual({ code: 4401, reason: 'revoked' })
    await expect(stream.text()).rejects.toThrow()
    expect((await own.call('query', 'account.me')).result?.data.id).toBe(me.id)
    own.ws.close()
  })

  it('does what the key may and no more', async () => {
    const me = await signedIn(app)
    const { id: draftId } = await draftOf(app, me)
    const { bearer } = await keyOf(app, me, { scopes: ['draft:read'] })
    const socket = await TestSocket.open(url, bearer)
    const codeOf = async (type: 'query' | 'mutation', path: string, given?: object) =>
      (await socket.call(type, path, given)).error?.data.code
    expect(await codeOf('query', 'drafts.get', { draftId })).toBeUndefined()
    expect(await codeOf('mutation', 'drafts.rename', { draftId, title: 'x' })).toBe('SCOPE_MISSING')
    expect(await codeOf('query', 'account.sessions.list')).toBe('API_KEY_REFUSED')
    await expect(socket.subscribe('account.onSessionEnded')).rejects.toThrow('API_KEY_REFUSED')
    socket.ws.close()
  })

  it('is not opened by a key that is not whole', async () => {
    const { key } = await keyOf(app, await signedIn(app))
    const socket = await TestSocket.openByToken(url, key.slice(0, -1))
    expect((await socket.closed()).code).toBe(4401)
  })
})
