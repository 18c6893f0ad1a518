import { randomUUID } from 'node:crypto'
import { and, eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { auditLogs } from '../../platform/audit/table.ts'
import { rowsOf } from '../../platform/db/rows.ts'
import { identities, sessions, users } from '../../platform/identity/table.ts'
import { buildTestApp } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { draftOf, signedIn } from '../../test/followers.ts'
import { claimedColumns } from './legacy-claim.ts'

const app = await buildTestApp({ environment: { AUTH_LEGACY_HEADER: 'on' } })
const { db } = app.database
const newLegacyId = () => `legacy-${randomUUID()}`
const proxied = (legacyId: string) => app.browser({ 'x-user-id': legacyId })
const personOf = async (browser: TestBrowser): Promise<string> => (await browser.get('/me')).json().id
const claim = (browser: TestBrowser, legacyId: string, header: string = legacyId) =>
  browser.mutate('account.identities.claimLegacyId', { legacyId }, header ? { 'x-user-id': header } : {})
type Answer = Awaited<ReturnType<typeof claim>>
const codeOf = (answer: Answer) => answer.json().error?.data?.code ?? answer.json().error?.code
const get = async (browser: TestBrowser, draftId: string) =>
  (await browser.query('drafts.get', { draftId })).json().result?.data

describe('a legacy id is claimed by whoever signs in and is vouched for', () => {
  it('with all that its person had in drafts, and alone it opens nothing any more', async () => {
    const legacyId = newLegacyId()
    const old = { browser: proxied(legacyId), id: await personOf(proxied(legacyId)) }
    const [me, other] = [await signedIn(app), await signedIn(app)]
    const [own, shared, theirs] = [await draftOf(app, old), await draftOf(app, old), await draftOf(app, other)]
    await old.browser.mutate('drafts.addCollaborator', { draftId: shared.id, person: me.id })
    await other.browser.mutate('drafts.addCollaborator', { draftId: theirs.id, person: legacyId })
    await other.browser.mutate('drafts.passRing', { draftId: theirs.id, to: old.id })
    const segment = { draftId: theirs.id, segmentId: randomUUID(), text: 'Said before' }
    expect((await old.browser.mutate('drafts.append', segment)).statusCode).toBe(200)
    await old.browser.mutate('drafts.close', { draftId: own.id })

    const { cursor: lastEventId } = await get(other.browser, theirs.id)
    // Anywhere else the two are two people in one request.
    expect(codeOf(await me.browser.get('/me', { 'x-user-id': legacyId }))).toBe('INVALID_CREDENTIAL')
    expect((await claim(me.browser, legacyId)).json().result?.data).toEqual({ legacyId })

    expect(await get(me.browser, own.id)).toMatchObject({ ownerId: me.id, state: 'closed' })
    const { collaborators } = await get(me.browser, shared.id)
    expect(collaborators.map(({ id }: { id: string }) => id)).toEqual([me.id])
    const seen = await get(other.browser, theirs.id)
    expect(seen).toMatchObject({ ownerId: other.id, ringHolderId: me.id })
    expect(seen.segments).toMatchObject([{ text: 'Said before', author: { id: me.id } }])
    const missed = await other.browser.query('drafts.events', { draftId: theirs.id, lastEventId })
    expect(missed.json().result.data.events).toMatchObject([
      { type: 'collaborator.added', person: { id: me.id } },
      { type: 'collaborator.removed', userId: old.id, ringHolderId: me.id },
    ])
    expect(codeOf(await proxied(legacyId).get('/me'))).toBe('INVALID_CREDENTIAL')
    expect((await me.browser.get('/me', { 'x-user-id': legacyId })).json().id).toBe(me.id)
    expect((await claim(me.browser, legacyId)).statusCode).toBe(200)
    const [left] = await db.select().from(users).where(eq(users.id, old.id))
    expect(left?.isActive).toBe(false)
    expect(await db.$count(sessions, and(eq(sessions.userId, old.id), sql`ended_at is null`))).toBe(0)
    const [record] = await db
      .select()
      .from(auditLogs)
      .where(and(eq(auditLogs.target, `legacy:${legacyId}`), eq(auditLogs.actorId, me.id)))
    expect(record).toMatchObject({ before: { userId: old.id }, after: { userId: me.id } })
  })

  it('before it was ever used, too', async () => {
    const [legacyId, me] = [newLegacyId(), await signedIn(app)]
    expect((await claim(me.browser, legacyId)).statusCode).toBe(200)
    expect(codeOf(await proxied(legacyId).get('/me'))).toBe('INVALID_CREDENTIAL')
  })

  it('by one of two who claim it at once', async () => {
    const legacyId = newLegacyId()
    await personOf(proxied(legacyId))
    const people = [await signedIn(app), await signedIn(app)]
    const codes = (await Promise.all(people.map(({ browser }) => claim(browser, legacyId)))).map(codeOf)
    expect(codes.sort()).toEqual(['LEGACY_ID_CLAIMED', undefined])
    expect(await db.$count(identities, eq(identities.subject, legacyId))).toBe(1)
  })
})

describe('a claim is refused', () => {
  it('without a header that is vouched for, or for another id than that', async () => {
    const [legacyId, me] = [newLegacyId(), await signedIn(app)]
    const person = await personOf(proxied(legacyId))
    expect(codeOf(await claim(me.browser, legacyId, ''))).toBe('LEGACY_ID_NOT_VOUCHED')
    expect(codeOf(await claim(me.browser, legacyId, newLegacyId()))).toBe('LEGACY_ID_NOT_VOUCHED')
    expect(codeOf(await claim(me.browser, legacyId, `${legacyId}, ${legacyId}`))).toBe('LEGACY_ID_NOT_VOUCHED')
    expect(await personOf(proxied(legacyId))).toBe(person)
  })

  it('to whoever comes by a legacy id alone, or by nothing', async () => {
    const [one, two] = [newLegacyId(), newLegacyId()]
    expect(codeOf(await claim(proxied(one), two, one))).toBe('LEGACY_ID_NOT_VOUCHED')
    const ended = await signedIn(app)
    await app.sessions.end(db, ended.id, 'all', 'revoked')
    app.sessions.announceChanged(ended.id)
    expect(codeOf(await claim(ended.browser, one))).toBe('SESSION_ENDED')
  })

  it('where its person proves who they are, or is disabled', async () => {
    const me = await signedIn(app)
    const [proven, disabled] = [newLegacyId(), newLegacyId()]
    await db
      .insert(identities)
      .values({ userId: await personOf(proxied(proven)), provider: 'google', subject: randomUUID() })
    expect(codeOf(await claim(me.browser, proven))).toBe('LEGACY_ID_CLAIMED')
    await db
      .update(users)
      .set({ isActive: false })
      .where(eq(users.id, await personOf(proxied(disabled))))
    expect(codeOf(await claim(me.browser, disabled))).toBe('ACCOUNT_DISABLED')
  })

  it('to whoever has proved no address: whoever proves it later would have it all', async () => {
    const [legacyId, me] = [newLegacyId(), await signedIn(app)]
    await db.update(identities).set({ provider: 'password', subject: me.id }).where(eq(identities.userId, me.id))
    await db.update(users).set({ emailVerified: false }).where(eq(users.id, me.id))
    expect(codeOf(await claim(me.browser, legacyId))).toBe('ADDRESS_NOT_CONFIRMED')
    await db.update(users).set({ emailVerified: true }).where(eq(users.id, me.id))
    expect((await claim(me.browser, legacyId)).statusCode).toBe(200)
  })
})

it('each column that names a person is thought of', async () => {
  const found = await db.execute(sql`select k.conrelid::regclass::text as "table", a.attname as "column"
    from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attnum = any(k.conkey)
    where k.contype = 'f' and k.confrelid = 'users'::regclass`)
  const columns = rowsOf<{ table: string; column: string }>(found).map(({ table, column }) => `${table}.${column}`)
  expect(columns.sort()).toEqual(Object.keys(claimedColumns).sort())
})
