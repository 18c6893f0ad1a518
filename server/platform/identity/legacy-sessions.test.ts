import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { and, eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildTestApp, publicUrl, type TestApp } from '../../test/app.ts'
import { makeAdministrator, type Person } from '../../test/calls.ts'
import { draftOf, signedIn } from '../../test/followers.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'
import { auditLogs } from '../audit/table.ts'
import { identities, sessions, users } from './table.ts'

const secret = 'kept between the proxy and Plinth: cVq8Zw4nT1yL6rEo'
const bridge = { AUTH_LEGACY_HEADER: 'on', LEGACY_HEADER_TRUSTED_CIDRS: '10.0.0.0/8', LEGACY_HEADER_SECRET: secret }
const app = await buildTestApp({ environment: bridge })
const { db } = app.database
const url = await app.listen()
let admin: Person
beforeAll(async () => {
  admin = await signedIn(app)
  await makeAdministrator(app, admin)
})

const newLegacyId = () => `legacy-${randomUUID()}`
/** As the proxy of the old product sends it. */
const proxied = (legacyId: string, given: TestApp = app) => given.browser({ 'x-user-id': legacyId })
const codeOf = (answer: { json(): { error?: { code?: string; data?: { code: string } } } }) => {
  const { error } = answer.json()
  return error?.data?.code ?? error?.code
}
const personOf = async (legacyId: string) => (await proxied(legacyId).get('/me')).json() as { id: string }
const usesOf = (legacyId: string) =>
  db
    .select()
    .from(auditLogs)
    .where(and(eq(auditLogs.action, 'auth.legacyHeader'), eq(auditLogs.target, `legacy:${legacyId}`)))
const linkTo = (userId: string, provider: 'google' | 'password') =>
  db.insert(identities).values({ userId, provider, subject: randomUUID() })

describe('where it is switched off', async () => {
  const without = await buildTestApp()

  it('the header says nothing', async () => {
    const browser = proxied(newLegacyId(), without)
    expect(codeOf(await browser.get('/me'))).toBe('UNAUTHENTICATED')
    const answer = await browser.query('account.methods')
    expect(answer.statusCode).toBe(200)
    expect(answer.headers).not.toHaveProperty('sunset')
  })
})

describe('a vouched-for id', () => {
  it('makes its person once, however many come first at once, and is that person ever after', async () => {
    const legacyId = newLegacyId()
    const people = await Promise.all(Array.from({ length: 5 }, () => personOf(legacyId)))
    expect(new Set(people.map(({ id }) => id)).size).toBe(1)
    expect(people[0]).toMatchObject({ displayName: `Person ${legacyId}`, role: 'user', email: null })
    const [person] = await db
      .select({ provider: identities.provider })
      .from(identities)
      .where(eq(identities.userId, String(people[0]?.id)))
    expect(person).toEqual({ provider: 'legacy' })
  })

  it('is recorded at each request, and says that it is going', async () => {
    const legacyId = newLegacyId()
    const browser = proxied(legacyId)
    const answer = await browser.get('/me')
    expect(answer.headers).toMatchObject({ deprecation: '@1767225600', sunset: 'Wed, 30 Jun 2027 00:00:00 GMT' })
    const created = await browser.mutate('drafts.create', { title: 'From before' })
    expect(created.statusCode).toBe(200)
    expect(created.headers).toHaveProperty('sunset')
    const { id: actorId } = answer.json()
    expect(await usesOf(legacyId)).toMatchObject([
      { actorId, ip: '127.0.0.1', requestId: answer.headers['x-request-id'] },
      { actorId, requestId: created.headers['x-request-id'] },
    ])
    expect((await admin.browser.get('/me')).headers).not.toHaveProperty('deprecation')
    expect(await app.inside.metrics.text()).toMatch(/legacy_header_uses_total\{outcome="accepted"\} \d+/)
  })

  it('may do what a user may and no more, or less where its person is less', async () => {
    const legacyId = newLegacyId()
    const person = await personOf(legacyId)
    const browser = proxied(legacyId)
    await db.update(users).set({ role: 'admin' }).where(eq(users.id, person.id))
    expect(codeOf(await browser.query('people.list'))).toBe('FORBIDDEN')
    expect((await browser.mutate('drafts.create', { title: 'x' })).statusCode).toBe(200)
    await db.update(users).set({ role: 'viewer' }).where(eq(users.id, person.id))
    expect(codeOf(await browser.mutate('drafts.create', { title: 'x' }))).toBe('FORBIDDEN')
  })

  it('opens one session, which is listed, is no cookie, and was never fresh', async () => {
    const legacyId = newLegacyId()
    const { id } = await personOf(legacyId)
    const { items } = (await proxied(legacyId).query('account.sessions.list')).json().result.data
    expect(items).toMatchObject([{ current: true, ip: '127.0.0.1' }])
    const [row] = await db.select().from(sessions).where(eq(sessions.userId, id))
    expect(row?.authenticatedAt).toEqual(new Date(0))
    for (const text of [row?.tokenHash, JSON.stringify(['legacy', legacyId])]) {
      const answer = await app.browser({ cookie: `plinth_session=${text}` }).get('/me')
      expect(codeOf(answer)).toBe('SESSION_ENDED')
    }
  })

  it('is a session anew after it has gone unused for long', async () => {
    const legacyId = newLegacyId()
    const { id } = await personOf(legacyId)
    const longAgo = new Date('2020-01-01')
    await db.update(sessions).set({ lastUsedAt: longAgo }).where(eq(sessions.userId, id))
    app.sessions.announceChanged(id)
    expect(await personOf(legacyId)).toMatchObject({ id })
    const [row] = await db.select().from(sessions).where(eq(sessions.userId, id))
    expect(row?.lastUsedAt.getTime()).toBeGreaterThan(longAgo.getTime())
  })

  it('holds on a socket and a stream, each one use, and ends with its session', async () => {
    const legacyId = newLegacyId()
    const { id: personId } = await personOf(legacyId)
    const draft = await draftOf(app, { browser: proxied(legacyId), id: personId })
    const before = (await usesOf(legacyId)).length
    const headers = { 'x-user-id': legacyId, origin: publicUrl }
    const socket = await TestSocket.open(url, headers)
    for (let call = 0; call < 3; call++) {
      expect((await socket.call('query', 'account.me')).result?.data.id).toBe(personId)
    }
    const input = encodeURIComponent(JSON.stringify({ draftId: draft.id }))
    const stream = await fetch(`${url}/trpc/drafts.onEvent?input=${input}`, { headers })
    expect(stream.headers.get('sunset')).toBe('Wed, 30 Jun 2027 00:00:00 GMT')
    await until('both recorded', async () => (await usesOf(legacyId)).length === before + 2)
    await admin.browser.mutate('people.endSessions', { personId })
    expect((await socket.closed()).code).toBe(4401)
    await stream.text().catch(() => 'cut')
    await expect(TestSocket.open(url, headers).then((again) => again.closed())).resolves.toMatchObject({ code: 4401 })
  })
})

describe('the header is refused, never ignored,', () => {
  it.each<[string, Record<string, string | string[]>, string?]>([
    ['from a peer that is not trusted', { 'x-user-id': 'ada', 'x-legacy-secret': secret }, '203.0.113.9'],
    ['without the secret', { 'x-user-id': 'ada' }, '10.0.0.1'],
    ['with another secret', { 'x-user-id': 'ada', 'x-legacy-secret': `${secret}.` }, '10.0.0.1'],
    ['empty', { 'x-user-id': '' }],
    ['as a list', { 'x-user-id': 'ada, grace' }],
    ['too long', { 'x-user-id': 'a'.repeat(200) }],
  ])('%s', async (_how, headers, remoteAddress) => {
    const people = await db.$count(users)
    for (const url of ['/me', '/trpc/account.methods']) {
      const answer = await app.root.inject({ url, headers, ...(remoteAddress && { remoteAddress }) })
      expect(answer.statusCode).toBe(401)
      expect(codeOf(answer)).toBe('INVALID_CREDENTIAL')
    }
    expect(await db.$count(users)).toBe(people)
  })

  it('doubled on the wire', async () => {
    const asked = request(`${url}/me`, { headers: ['host', 'localhost', 'x-user-id', 'ada', 'x-user-id', 'ada'] }).end()
    const [answer] = await once(asked, 'response')
    answer.resume()
    expect(answer.statusCode).toBe(401)
  })

  it('from a page of another site, though the proxy vouch for it', async () => {
    const legacyId = newLegacyId()
    const answer = await proxied(legacyId).mutate('drafts.create', { title: 'x' }, { origin: 'https://evil.example' })
    expect(codeOf(answer)).toBe('ORIGIN_NOT_ALLOWED')
    expect(await usesOf(legacyId)).toEqual([])
  })

  it('once its person can prove who they are', async () => {
    for (const provider of ['google', 'password'] as const) {
      const legacyId = newLegacyId()
      const { id } = await personOf(legacyId)
      await linkTo(id, provider)
      if (provider === 'password') {
        // A password beside an address that nobody has proved says nothing.
        expect((await proxied(legacyId).get('/me')).statusCode).toBe(200)
        await db.update(users).set({ emailVerified: true }).where(eq(users.id, id))
      }
      const uses = await usesOf(legacyId)
      expect(codeOf(await proxied(legacyId).get('/me'))).toBe('INVALID_CREDENTIAL')
      expect(await usesOf(legacyId)).toEqual(uses)
    }
  })

  it('while its person is disabled, and taken again once they are enabled', async () => {
    const legacyId = newLegacyId()
    const { id: personId } = await personOf(legacyId)
    await admin.browser.mutate('people.disable', { personId })
    expect(codeOf(await proxied(legacyId).get('/me'))).toBe('INVALID_CREDENTIAL')
    await admin.browser.mutate('people.enable', { personId })
    expect(await personOf(legacyId)).toMatchObject({ id: personId })
  })

  it('after its session was ended, by the person or an administrator, until an administrator enables them', async () => {
    const legacyId = newLegacyId()
    const { id: personId } = await personOf(legacyId)
    const mySession = async () => {
      const [row] = await db.select().from(sessions).where(eq(sessions.userId, personId)).orderBy(sessions.id)
      return row?.id
    }
    const ends = [
      () => admin.browser.mutate('people.endSessions', { personId }),
      async () => {
        const { items } = (await proxied(legacyId).query('account.sessions.list')).json().result.data
        return proxied(legacyId).mutate('account.sessions.revoke', { sessionId: items[0].id })
      },
    ]
    const first = await mySession()
    for (const end of ends) {
      expect((await end()).statusCode).toBe(200)
      expect(codeOf(await proxied(legacyId).get('/me'))).toBe('INVALID_CREDENTIAL')
      await admin.browser.mutate('people.enable', { personId })
      expect(await personOf(legacyId)).toMatchObject({ id: personId })
    }
    const rows = await db.select().from(sessions).where(eq(sessions.userId, personId))
    expect(rows).toHaveLength(3)
    expect(rows.find(({ id }) => id === first)?.endedAt).not.toBeNull()
  })

  it('when it was unlinked, and makes no other person', async () => {
    const legacyId = newLegacyId()
    const { id } = await personOf(legacyId)
    await app.sessions.end(db, id, 'all', 'account-changed')
    await db.delete(identities).where(eq(identities.userId, id))
    app.sessions.announceChanged(id)
    const people = await db.$count(users)
    expect(codeOf(await proxied(legacyId).get('/me'))).toBe('INVALID_CREDENTIAL')
    expect(await db.$count(users)).toBe(people)
  })
})

it('who still uses it is reported, the most recent first, until nobody does', async () => {
  const [one, two] = [newLegacyId(), newLegacyId()]
  for (const legacyId of [one, two, one]) await personOf(legacyId)
  const { id } = await personOf(two)
  await linkTo(id, 'google')
  const report = async (input: object) => (await admin.browser.query('people.legacyReport', input)).json().result.data
  const first = await report({ limit: 1 })
  expect(first.items).toMatchObject([
    { legacyId: two, uses: 2, claimed: true, person: { id, displayName: `Person ${two}` }, lastIp: '127.0.0.1' },
  ])
  const { items } = await report({ limit: 1, cursor: first.nextCursor })
  expect(items).toMatchObject([{ legacyId: one, uses: 2, claimed: false }])
  expect(items[0].firstUsedAt < items[0].lastUsedAt).toBe(true)
  await db.delete(identities).where(eq(identities.subject, one))
  expect((await report({})).items[1]).toMatchObject({ legacyId: one, person: null, claimed: false })
})

it('a collaborator is named by legacy id, unless a username is the same: then its user is meant', async () => {
  const [me, legacyId] = [await signedIn(app), `u${randomUUID().slice(0, 8)}`]
  const { id } = await personOf(legacyId)
  const draft = await draftOf(app, me)
  const add = () => me.browser.mutate('drafts.addCollaborator', { draftId: draft.id, person: legacyId })
  const other = await signedIn(app)
  await db.update(users).set({ username: legacyId }).where(eq(users.id, other.id))
  expect((await add()).json().result.data).toMatchObject({ id: other.id })
  await db.update(users).set({ username: null }).where(eq(users.id, other.id))
  expect((await add()).json().result.data).toMatchObject({ id })
})
