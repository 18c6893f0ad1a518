/** Creating, listing and revoking API keys, and what a key may do until it ends. What it may call is in the role matrix. */
import { randomUUID } from 'node:crypto'
import { and, eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { auditLogs } from '../../platform/audit/table.ts'
import { hashApiKey } from '../../platform/identity/api-keys.ts'
import { isApiKey } from '../../platform/identity/sessions.ts'
import { sessions, users } from '../../platform/identity/table.ts'
import { codeOf, dataOf, keyOf } from '../../test/api-keys.ts'
import { buildTestApp } from '../../test/app.ts'
import { makeAdministrator, type Person } from '../../test/calls.ts'
import { draftOf, signedIn } from '../../test/followers.ts'
import { givePassword, mailsTo, registered } from '../../test/passwords.ts'
import { mutateBy, openProgram } from '../../test/programs.ts'
import { until } from '../../test/until.ts'

const app = await buildTestApp()
const limited = await buildTestApp({ environment: { RATE_LIMIT_SIGNED_IN: '6' } })
const { db } = app.database
const day = 24 * 3_600_000

const asked = (more = {}) => ({ name: 'Nightly report', scopes: ['draft:read'], ...more })
const create = ({ browser }: Person, more = {}) => browser.mutate('apiKeys.create', asked(more))
const listOf = async ({ browser }: Person) => dataOf(await browser.query('apiKeys.list')).items
/** The response to a request with a key. */
const by = (bearer: Record<string, string>, url = '/me') => app.root.inject({ url, headers: bearer })
const statusOf = async (bearer: Record<string, string>, url?: string) => (await by(bearer, url)).statusCode
const setRole = async ({ id }: Person, role: 'viewer' | 'user' | 'admin') => {
  await db.update(users).set({ role }).where(eq(users.id, id))
  app.sessions.announceChanged(id)
}

describe('an API key', () => {
  it('is shown in the answer to its making and nowhere else', async () => {
    const me = await signedIn(app)
    const made = dataOf(await create(me))
    expect(made.key).toMatch(/^plinth_key_[0-9a-f]{72}$/)
    const { key, ...shown } = made
    expect(await listOf(me)).toEqual([shown])
    expect(shown).toEqual({
      id: expect.any(String),
      name: 'Nightly report',
      scopes: ['draft:read'],
      createdAt: expect.any(String),
      lastUsedAt: null,
      expiresAt: expect.any(String),
    })
    const [row] = await db.select().from(sessions).where(eq(sessions.id, made.id))
    expect(row?.tokenHash).toBe(hashApiKey(key))
    const [record] = await db
      .select()
      .from(auditLogs)
      .where(eq(auditLogs.target, `api-key:${made.id}`))
    expect(record).toMatchObject({ actorId: me.id, after: { userId: me.id, name: shown.name, scopes: shown.scopes } })
    expect(JSON.stringify([row, record])).not.toContain(key)
  })

  it('is listed page by page, the newest first', async () => {
    const me = await signedIn(app)
    const [one, two] = [await keyOf(app, me), await keyOf(app, me)]
    const page = async (input: object) => dataOf(await me.browser.query('apiKeys.list', { limit: 1, ...input }))
    const first = await page({})
    const pagination = { limit: 1, total: 2, totalPages: 2 }
    expect(first).toMatchObject({ items: [{ id: two.id }], pagination: { ...pagination, page: 1 } })
    for (const [asked, at] of [
      [{ cursor: first.pagination.nextCursor }, null],
      [{ page: 2 }, 2],
    ] as const) {
      const second = await page(asked)
      expect(second).toMatchObject({
        items: [{ id: one.id }],
        pagination: { ...pagination, page: at, nextCursor: null },
      })
    }
  })

  it('ends after ninety days unless told otherwise, or by itself never', async () => {
    const me = await signedIn(app)
    for (const [more, days] of [
      [{}, 90],
      [{ expiresInDays: 1 }, 1],
      [{ expiresInDays: 366 }, 366],
    ] as const) {
      const { createdAt, expiresAt } = dataOf(await create(me, more))
      expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBe(days * day)
    }
    const { key, expiresAt } = dataOf(await create(me, { expiresInDays: null }))
    expect(expiresAt).toBeNull()
    expect(await statusOf({ authorization: `Bearer ${key}` })).toBe(200)
    for (const expiresInDays of [0, 367, -1, 1.5, '90']) {
      expect(codeOf(await create(me, { expiresInDays }))).toBe('VALIDATION_ERROR')
    }
  })

  it('does as its person what its scopes name, and says which one it lacks', async () => {
    const me = await signedIn(app)
    const { bearer } = await keyOf(app, me, { scopes: ['draft:read'] })
    expect((await by(bearer)).json().id).toBe(me.id)
    const { id: draftId } = await draftOf(app, me)
    expect((await by(bearer, `/v1/collab/drafts/${draftId}`)).json()).toMatchObject({ ownerId: me.id })
    const refused = await mutateBy(app, 'drafts.rename', { draftId, title: 'x' }, bearer)
    expect([refused.statusCode, codeOf(refused)]).toEqual([403, 'SCOPE_MISSING'])
    expect(refused.json().error.message).toContain('draft:write')
    const writing = await keyOf(app, me, { scopes: ['draft:write'] })
    expect((await mutateBy(app, 'drafts.rename', { draftId, title: 'x' }, writing.bearer)).statusCode).toBe(200)
    expect(codeOf(await by(writing.bearer, `/v1/collab/drafts/${draftId}`))).toBe('SCOPE_MISSING')
  })

  it('may no more than its person may now', async () => {
    const me = await signedIn(app)
    const { bearer } = await keyOf(app, me)
    const write = async () => codeOf(await mutateBy(app, 'drafts.create', { title: 'x' }, bearer)) ?? 'ok'
    expect(await write()).toBe('ok')
    expect(await statusOf(bearer, '/trpc/people.list')).toBe(403)
    await setRole(me, 'viewer')
    expect(await write()).toBe('FORBIDDEN')
    await setRole(me, 'admin')
    expect(await write()).toBe('ok')
    expect(await statusOf(bearer, '/trpc/people.list')).toBe(200)
  })

  it('tells when it was last used, and is no sign that its person is there', async () => {
    const me = await signedIn(app)
    const long = new Date('2020-01-01T00:00:00Z')
    await db.update(users).set({ lastActiveAt: long }).where(eq(users.id, me.id))
    const { id, bearer } = await keyOf(app, me)
    expect(await statusOf(bearer)).toBe(200)
    const used = () => db.select().from(sessions).where(eq(sessions.id, id))
    await until('its use', async () => ((await used())[0]?.lastUsedAt.getTime() ?? 0) > 0)
    const [{ lastActiveAt } = { lastActiveAt: null }] = await db.select().from(users).where(eq(users.id, me.id))
    expect(lastActiveAt).toEqual(long)
    const [listed] = await listOf(me)
    expect(Date.parse(listed.lastUsedAt)).toBeGreaterThanOrEqual(Date.parse(listed.createdAt))
  })

  it('is not over for being unused', async () => {
    const { bearer, id } = await keyOf(app, await signedIn(app), { expiresInDays: null })
    await db.update(sessions).set({ lastUsedAt: sql`now() - interval '400 days'` }).where(eq(sessions.id, id))
    expect(await statusOf(bearer)).toBe(200)
    await app.sessions.deleteOld()
    expect(await db.$count(sessions, eq(sessions.id, id))).toBe(1)
  })

  it('is worth nothing once it has expired, and stays listed for a month', async () => {
    const me = await signedIn(app)
    const { bearer, id } = await keyOf(app, me)
    const expired = (ago: string) =>
      db
        .update(sessions)
        .set({ expiresAt: sql`now() - ${ago}::interval` })
        .where(eq(sessions.id, id))
    await expired('1 second')
    expect(codeOf(await by(bearer))).toBe('API_KEY_INVALID')
    expect(await listOf(me)).toMatchObject([{ id }])
    await expired('31 days')
    await app.sessions.deleteOld()
    expect(await listOf(me)).toEqual([])
  })

  it('is deleted a month after it was revoked, however long it would have lasted', async () => {
    const me = await signedIn(app)
    const [lately, long] = [
      await keyOf(app, me, { expiresInDays: null }),
      await keyOf(app, me, { expiresInDays: null }),
    ]
    for (const [{ id }, ago] of [
      [lately, '29 days'],
      [long, '31 days'],
    ] as const) {
      const ended = { endedAt: sql`now() - ${ago}::interval`, endReason: 'revoked' as const }
      await db.update(sessions).set(ended).where(eq(sessions.id, id))
    }
    await app.sessions.deleteOld()
    const left = await db
      .select({ id: sessions.id })
      .from(sessions)
      .where(and(eq(sessions.userId, me.id), isApiKey))
    expect(left).toEqual([{ id: lately.id }])
  })

  it('counts against its person, whose budget is one', async () => {
    const me = await signedIn(limited)
    const [one, two] = [await keyOf(limited, me), await keyOf(limited, me)]
    const left = async (headers: Record<string, string>) =>
      Number((await limited.root.inject({ url: '/me', headers })).headers['ratelimit-remaining'])
    const first = await left(one.bearer)
    expect(await left(two.bearer)).toBe(first - 1)
    expect(await left({ cookie: me.browser.cookieHeader })).toBe(first - 2)
    for (let n = first - 2; n > 0; n--) await left(one.bearer)
    expect((await limited.root.inject({ url: '/me', headers: two.bearer })).statusCode).toBe(429)
  })
})

it('what was done by a key is told from what its person did, also where a change writes its own record', async () => {
  const [admin, me] = [await signedIn(app), await signedIn(app)]
  await makeAdministrator(app, admin)
  const { id: draftId } = await draftOf(app, me)
  const { id: apiKeyId, bearer } = await keyOf(app, me)
  const append = { draftId, segmentId: randomUUID(), text: 'x' }
  for (const [path, input] of [
    ['drafts.rename', { draftId, title: 'By a key' }],
    ['drafts.append', append],
  ] as const) {
    expect((await mutateBy(app, path, input, bearer)).statusCode).toBe(200)
  }
  await me.browser.mutate('drafts.append', { ...append, segmentId: randomUUID() })
  const read = async (input: object) => dataOf(await admin.browser.query('auditLog.list', input)).items
  const byKey = await read({ apiKeyId })
  expect(byKey.map(({ action }: { action: string }) => action)).toEqual(['drafts.append', 'drafts.rename'])
  expect(byKey).toMatchObject([{ actorId: me.id }, { actorId: me.id }])
  const all = await read({ target: `draft:${draftId}` })
  expect(all.map(({ apiKeyId }: { apiKeyId: string | null }) => apiKeyId)).toEqual([null, apiKeyId, apiKeyId, null])
})

describe('over REST, a key', () => {
  it('is made with 201, listed, and revoked with 204', async () => {
    const me = await signedIn(app)
    const url = '/api/v1/api-keys'
    const made = await me.browser.send({ method: 'POST', url, payload: asked() })
    expect(made.statusCode, made.body).toBe(201)
    expect(made.headers['cache-control']).toBe('no-store')
    const { key, id } = made.json().data
    expect((await me.browser.get(`${url}?limit=1`)).json()).toMatchObject({
      data: [{ id }],
      meta: { pagination: { page: 1, limit: 1, total: 1, totalPages: 1, nextCursor: null } },
    })
    // Found a moment ago, and so trusted for some seconds but for the word that it has ended.
    expect(await statusOf({ authorization: `Bearer ${key}` })).toBe(200)
    const revoked = await me.browser.send({ method: 'DELETE', url: `${url}/${id}` })
    expect([revoked.statusCode, revoked.body]).toEqual([204, ''])
    expect(await statusOf({ authorization: `Bearer ${key}` })).toBe(401)
    expect((await me.browser.send({ method: 'DELETE', url: `${url}/${id}` })).statusCode).toBe(404)
  })

  it('is not asked for in an address, which logs keep', async () => {
    const { browser } = await signedIn(app)
    const answer = await browser.send({ method: 'POST', url: '/api/v1/api-keys?name=x&scopes=draft:read', payload: {} })
    expect([answer.statusCode, codeOf(answer)]).toEqual([400, 'VALIDATION_ERROR'])
  })
})

describe('whoever makes a key', () => {
  it('has shown a moment ago that it is them', async () => {
    const me = await signedIn(app)
    const { password } = await givePassword(app, me)
    const long = sql`now() - interval '11 minutes'`
    await db.update(sessions).set({ authenticatedAt: long }).where(eq(sessions.userId, me.id))
    expect(codeOf(await create(me))).toBe('REAUTHENTICATION_REQUIRED')
    await me.browser.mutate('account.confirmPassword', { password })
    expect((await create(me)).statusCode).toBe(200)
  })

  it('gives it nothing that they have not, also where what they come by is worth less than who they are', async () => {
    const me = await signedIn(app)
    const refused = await create(me, { scopes: ['draft:read', 'person:manage', 'audit-log:read'] })
    expect([refused.statusCode, codeOf(refused)]).toEqual([403, 'FORBIDDEN'])
    expect(refused.json().error.message).toMatch(/person:manage, audit-log:read/)
    const program = await openProgram(app, me)
    await makeAdministrator(app, me)
    expect((await create(me, { scopes: ['person:manage'] })).statusCode).toBe(200)
    const byOldToken = await mutateBy(app, 'apiKeys.create', asked({ scopes: ['person:manage'] }), program.bearer)
    expect(codeOf(byOldToken)).toBe('FORBIDDEN')
    await setRole(me, 'viewer')
    expect(codeOf(await create(me, { scopes: ['draft:write'] }))).toBe('FORBIDDEN')
  })

  it('names it and says what it may', async () => {
    const me = await signedIn(app)
    for (const more of [
      { name: '' },
      { name: ' ' },
      { name: 'x'.repeat(61) },
      { name: 'a\u0000b' },
      { name: 'a\nb' },
      { scopes: [] },
      { scopes: ['everything'] },
      { scopes: 'draft:read' },
      { scopes: [null] },
    ]) {
      expect([more, codeOf(await create(me, more))]).toEqual([more, 'VALIDATION_ERROR'])
    }
    const twice = dataOf(await create(me, { name: ' 🦫'.repeat(30), scopes: ['draft:read', 'draft:read'] }))
    expect(twice).toMatchObject({ name: ' 🦫'.repeat(30).trim(), scopes: ['draft:read'] })
  })

  it('has at most fifty that are good for anything', async () => {
    const me = await signedIn(app)
    const made: { id: string }[] = []
    for (let n = 0; n < 50; n++) made.push(await keyOf(app, me))
    const full = await create(me)
    expect([full.statusCode, codeOf(full)]).toEqual([422, 'API_KEY_LIMIT_REACHED'])
    await me.browser.mutate('apiKeys.revoke', { keyId: made[0]?.id })
    expect((await create(me)).statusCode).toBe(200)
    expect(codeOf(await create(me))).toBe('API_KEY_LIMIT_REACHED')
    await db
      .update(sessions)
      .set({ expiresAt: sql`now()` })
      .where(eq(sessions.id, made[1]?.id ?? ''))
    expect((await create(me)).statusCode).toBe(200)
  })

  it('is told by mail, where the address is theirs', async () => {
    const me = await signedIn(app)
    const { email } = (await me.browser.get('/me')).json()
    await create(me)
    expect(await mailsTo(app, email)).toEqual(['api-key-created'])
    const unproven = await registered(app)
    expect((await create(unproven)).statusCode).toBe(200)
    expect(await mailsTo(app, unproven.email)).toEqual(['verify-email'])
  })
})
