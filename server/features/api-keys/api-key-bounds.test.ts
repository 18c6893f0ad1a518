/** An API key is a bearer credential and nothing else, it ends with its user's account, and administrators can revoke any. */
import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { auditLogs } from '../../platform/audit/table.ts'
import { hashApiKey } from '../../platform/identity/api-keys.ts'
import { operator } from '../../platform/identity/operator.ts'
import { sessions, users } from '../../platform/identity/table.ts'
import { type Answer, codeOf, dataOf, keyOf } from '../../test/api-keys.ts'
import { buildTestApp } from '../../test/app.ts'
import { makeAdministrator, type Person, signInAgain } from '../../test/calls.ts'
import { signedIn } from '../../test/followers.ts'
import { anotherPassword, forgotten, givePassword } from '../../test/passwords.ts'
import { mutateBy } from '../../test/programs.ts'

const app = await buildTestApp()
const { db } = app.database
/** The response to a request with a key. */
const by = (bearer: Record<string, string>, url = '/me') => app.root.inject({ url, headers: bearer })
const statusOf = async (bearer: Record<string, string>, url?: string) => (await by(bearer, url)).statusCode

describe('an API key', () => {
  it('is accepted only as a bearer token, not as a cookie, query parameter, other header or refresh token', async () => {
    const { key } = await keyOf(app, await signedIn(app))
    for (const name of ['plinth_session', 'plinth_refresh']) {
      const answer = await by({ cookie: `${name}=${key}` })
      expect([name, answer.statusCode]).toEqual([name, 401])
    }
    for (const name of ['key', 'api_key', 'apiKey', 'token', 'access_token', 'authorization']) {
      expect(codeOf(await by({}, `/me?${name}=${key}`))).toBe('UNAUTHENTICATED')
    }
    expect(codeOf(await by({ 'x-api-key': key }))).toBe('UNAUTHENTICATED')
    expect(codeOf(await by({ authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` }))).toBe(
      'INVALID_CREDENTIAL',
    )
    expect(codeOf(await mutateBy(app, 'auth.refresh', { refreshToken: key }))).toBe('INVALID_CREDENTIAL')
  })

  it('cannot be replaced by a session token, its hash, its id or a changed spelling', async () => {
    const me = await signedIn(app)
    const { key, id } = await keyOf(app, me)
    for (const token of [
      me.browser.sessionToken,
      `plinth_key_${me.browser.sessionToken}`,
      hashApiKey(key),
      `plinth_key_${hashApiKey(key)}`,
      `plinth_key_${id}`,
      'plinth_key_',
      key.slice(0, -1),
      `${key}0`,
      key.toUpperCase(),
      key.replace('plinth_key_', 'plinth_'),
      key.replace('plinth_key_', ''),
    ]) {
      const answer = await by({ authorization: `Bearer ${token}` })
      expect([token, answer.statusCode]).toEqual([token, 401])
    }
  })

  it('with one changed character is refused without a database query', async () => {
    const { key } = await keyOf(app, await signedIn(app))
    for (let at = 'plinth_key_'.length; at < key.length; at++) {
      const changed = key.slice(0, at) + (key[at] === '0' ? '1' : '0') + key.slice(at + 1)
      expect([at, hashApiKey(changed)]).toEqual([at, null])
    }
    expect(codeOf(await by({ authorization: `Bearer ${key.slice(0, -1)}g` }))).toBe('API_KEY_INVALID')
  })

  it('cannot sign out, and stays valid', async () => {
    const me = await signedIn(app)
    const { bearer } = await keyOf(app, me)
    const headers = { ...bearer, cookie: me.browser.cookieHeader, origin: app.publicUrl }
    for (const url of ['/auth/logout', '/api/v1/auth/logout']) {
      const answer = await app.root.inject({ method: 'POST', url, headers })
      expect([url, answer.statusCode, codeOf(answer)]).toEqual([url, 403, 'API_KEY_REFUSED'])
    }
    const forged = { authorization: 'Bearer plinth_key_0' }
    expect((await app.root.inject({ method: 'POST', url: '/auth/logout', headers: forged })).statusCode).toBe(401)
    expect(await statusOf(bearer)).toBe(200)
    expect((await me.browser.get('/me')).statusCode).toBe(200)
  })

  it('cannot be listed or revoked as a device, nor a device as a key', async () => {
    const me = await signedIn(app)
    const { id: keyId, bearer } = await keyOf(app, me)
    const devices = dataOf(await me.browser.query('account.sessions.list')).items
    expect(devices).toMatchObject([{ current: true }])
    expect(codeOf(await me.browser.mutate('account.sessions.revoke', { sessionId: keyId }))).toBe('NOT_FOUND')
    expect(codeOf(await me.browser.mutate('apiKeys.revoke', { keyId: devices[0].id }))).toBe('NOT_FOUND')
    await makeAdministrator(app, me)
    expect(codeOf(await me.browser.mutate('apiKeys.revokeAny', { keyId: devices[0].id }))).toBe('NOT_FOUND')
    expect(await statusOf(bearer)).toBe(200)
  })
})

describe('the API key of a user', () => {
  const admin = async () => {
    const one = await signedIn(app)
    await makeAdministrator(app, one)
    return one.browser
  }
  const done = async (answer: Promise<Answer>) => expect((await answer).statusCode).toBe(200)
  const emailOf = async ({ browser }: Person) => (await browser.get('/me')).json().email

  it.each<[string, (me: Person) => Promise<void>]>([
    ['signing out', async ({ browser }) => void (await browser.send({ method: 'POST', url: '/auth/logout' }))],
    ['signing out elsewhere', async (me) => done((await signInAgain(app, me)).mutate('account.sessions.revokeOthers'))],
    ['being signed out', async (me) => done((await admin()).mutate('people.endSessions', { personId: me.id }))],
    [
      'changing the password',
      async (me) => {
        const { password: currentPassword } = await givePassword(app, me)
        await done(me.browser.mutate('account.changePassword', { currentPassword, newPassword: anotherPassword() }))
      },
    ],
  ])('stays valid after %s', async (_, act) => {
    const me = await signedIn(app)
    const { bearer } = await keyOf(app, me)
    expect(await statusOf(bearer)).toBe(200)
    await act(me)
    expect(await statusOf(bearer)).toBe(200)
  })

  it.each<[string, (me: Person) => Promise<void>]>([
    [
      'a password set by mail',
      async (me) => {
        const token = await forgotten(app, await emailOf(me))
        await done(app.browser().mutate('auth.resetPassword', { token, newPassword: anotherPassword() }))
      },
    ],
    ['disabling the user', async (me) => done((await admin()).mutate('people.disable', { personId: me.id }))],
    [
      'disabling the user and enabling them again',
      async (me) => {
        const browser = await admin()
        await done(browser.mutate('people.disable', { personId: me.id }))
        await done(browser.mutate('people.enable', { personId: me.id }))
      },
    ],
    [
      'a first proof of the address by another user',
      async (me) => {
        await db.update(users).set({ emailVerified: false }).where(eq(users.id, me.id))
        const [user] = await db.select().from(users).where(eq(users.id, me.id))
        await app.signIn({ email: user?.email, sub: randomUUID() })
      },
    ],
  ])('ends after %s', async (_, act) => {
    const me = await signedIn(app)
    const { bearer, id } = await keyOf(app, me)
    expect(await statusOf(bearer)).toBe(200)
    await act(me)
    expect(codeOf(await by(bearer))).toBe('API_KEY_INVALID')
    const [row] = await db.select().from(sessions).where(eq(sessions.id, id))
    expect(row?.endReason).toBe('account-changed')
  })

  it('is deleted with the user', async () => {
    const { id } = (await db.insert(users).values({ displayName: 'Ada' }).returning())[0] as { id: string }
    const { bearer } = await keyOf(app, { id })
    await db.delete(users).where(eq(users.id, id))
    expect(codeOf(await by(bearer))).toBe('API_KEY_INVALID')
  })
})

describe('an administrator', () => {
  it('lists the keys of all users or of one, page by page, and revokes any', async () => {
    const [admin, me, other] = [await signedIn(app), await signedIn(app), await signedIn(app)]
    await makeAdministrator(app, admin)
    const [one, two] = [await keyOf(app, me), await keyOf(app, other)]
    const list = async (input: object) => dataOf(await admin.browser.query('apiKeys.listAll', input))
    const both = await list({ limit: 2 })
    expect(both.items).toMatchObject([{ id: two.id, person: { id: other.id } }, { id: one.id }])
    expect(JSON.stringify(both)).not.toMatch(/hash|plinth_key/i)
    const ofMe = await list({ personId: me.id })
    expect(ofMe.items.map(({ id }: { id: string }) => id)).toEqual([one.id])
    expect((await list({ limit: 1, cursor: two.id })).items).toMatchObject([{ id: one.id }])
    const revoked = await admin.browser.mutate('apiKeys.revokeAny', { keyId: one.id })
    expect(revoked.statusCode).toBe(200)
    expect(await statusOf(one.bearer)).toBe(401)
    expect(await statusOf(two.bearer)).toBe(200)
    const [record] = await db
      .select()
      .from(auditLogs)
      .where(eq(auditLogs.target, `api-key:${one.id}`))
    expect(record).toMatchObject({ actorId: admin.id, action: 'apiKeys.revokeAny', before: { userId: me.id } })
  })

  it('whose role was lowered revokes none', async () => {
    const [admin, other] = [await signedIn(app), await signedIn(app)]
    const { id: keyId, bearer } = await keyOf(app, other)
    await makeAdministrator(app, admin)
    // The session is cached for some seconds with the old role; the row decides.
    expect((await admin.browser.query('people.list')).statusCode).toBe(200)
    await db.update(users).set({ role: 'user' }).where(eq(users.id, admin.id))
    expect(codeOf(await admin.browser.mutate('apiKeys.revokeAny', { keyId }))).toBe('FORBIDDEN')
    expect(await statusOf(bearer)).toBe(200)
  })
})

it('the operator creates no key for a user who does not exist, is disabled or lacks the capability', async () => {
  const { createApiKeyFor } = await import('./service.ts')
  const me = await signedIn(app)
  const origin = { ip: 'cli', requestId: 'r' }
  const make = (personId: string, scopes: ('draft:read' | 'person:manage')[]) =>
    createApiKeyFor(db, operator, origin, { personId, name: 'x', scopes, expiresInDays: 1 })
  await expect(make(randomUUID(), ['draft:read'])).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(make(me.id, ['person:manage'])).rejects.toMatchObject({ code: 'FORBIDDEN' })
  const { key } = await make(me.id, ['draft:read'])
  expect((await by({ authorization: `Bearer ${key}` })).json().id).toBe(me.id)
  await db.update(users).set({ isActive: false }).where(eq(users.id, me.id))
  await expect(make(me.id, ['draft:read'])).rejects.toMatchObject({ code: 'ACCOUNT_DISABLED' })
})
