import { randomUUID } from 'node:crypto'
import { and, eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { auditLogs } from '../../platform/audit/table.ts'
import { rowsOf } from '../../platform/db/rows.ts'
import { identities, sessions, users } from '../../platform/identity/table.ts'
import { buildTestApp, newPerson } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { draftOf, driftOf, engineer, signedIn } from '../../test/followers.ts'
import { until } from '../../test/until.ts'
import { alertReads } from '../alerts/table.ts'
import { conversations } from '../conversations/table.ts'
import { drafts } from '../drafts/table.ts'
import { drifts } from '../drifts/table.ts'
import { taskLists, tasks } from '../tasks/table.ts'
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
    const invited = { draftId: shared.id, email: `${randomUUID()}@example.org` }
    expect((await old.browser.mutate('drafts.addCollaborator', invited)).statusCode).toBe(200)

    const { cursor: lastEventId } = await get(other.browser, theirs.id)
    // Anywhere else the two are two people in one request.
    expect(codeOf(await me.browser.get('/me', { 'x-user-id': legacyId }))).toBe('INVALID_CREDENTIAL')
    expect((await claim(me.browser, legacyId)).json().result?.data).toEqual({ legacyId })

    expect(await get(me.browser, own.id)).toMatchObject({ ownerId: me.id, state: 'closed' })
    const { collaborators } = await get(me.browser, shared.id)
    expect(collaborators.map(({ id }: { id: string }) => id)).toEqual([me.id])
    await app.signIn({ ...newPerson(), email: invited.email })
    await until('the invitation is accepted', async () => (await get(me.browser, shared.id)).collaborators.length === 2)
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

  it('with the drafts that they left, to which the claiming user is not added by name either', async () => {
    const legacyId = newLegacyId()
    const old = { browser: proxied(legacyId), id: await personOf(proxied(legacyId)) }
    const [me, other] = [await signedIn(app), await signedIn(app)]
    const [left, held] = [await draftOf(app, other), await draftOf(app, other)]
    const add = (draftId: string, userId: string) => other.browser.mutate('drafts.addCollaborator', { draftId, userId })
    for (const { id } of [left, held]) await add(id, old.id)
    await old.browser.mutate('drafts.removeCollaborator', { draftId: left.id, userId: old.id })
    await add(held.id, me.id)
    await me.browser.mutate('drafts.leave', { draftId: held.id })
    expect((await claim(me.browser, legacyId)).statusCode).toBe(200)
    expect(codeOf(await add(left.id, me.id))).toBe('USER_LEFT_DRAFT')
    // They take part in the other one by the account that they claimed, so the owner can remove and add them.
    await other.browser.mutate('drafts.removeCollaborator', { draftId: held.id, userId: me.id })
    expect((await add(held.id, me.id)).statusCode).toBe(200)
  })

  it('with their tasks, which come after one’s own in the order they had', async () => {
    const legacyId = newLegacyId()
    const [old, me] = [proxied(legacyId), await signedIn(app)]
    const create = async (browser: TestBrowser, title: string): Promise<string> =>
      (await browser.mutate('tasks.create', { title })).json().result.data.id
    const listed = async (input = {}) => {
      const { items, pagination, cursor } = (await me.browser.query('tasks.list', input)).json().result.data
      return { titles: items.map(({ title }: { title: string }) => title), total: pagination.total, cursor }
    }
    const done = await create(old, 'done')
    const gone = await create(old, 'gone')
    for (const title of ['third', 'second']) await create(old, title)
    await create(me.browser, 'mine')
    await old.mutate('tasks.complete', { taskId: done })
    await old.mutate('tasks.delete', { taskId: gone })
    const { cursor: lastEventId } = await listed()
    expect(codeOf(await claim(me.browser, legacyId))).toBe(undefined)

    expect(await listed()).toMatchObject({ titles: ['mine', 'second', 'third', 'done'], total: 4 })
    expect(await listed({ completed: true })).toMatchObject({ titles: ['done'], total: 1 })
    const missed = (await me.browser.query('tasks.events', { lastEventId })).json().result.data
    expect(missed).toMatchObject({ events: [], resync: true })
    await me.browser.mutate('tasks.restore', { taskId: gone })
    expect(await listed()).toMatchObject({ titles: ['mine', 'second', 'third', 'gone', 'done'], total: 5 })
    const told = (await me.browser.query('tasks.events', { lastEventId: missed.cursor })).json().result.data
    expect(told.events).toMatchObject([{ type: 'task.restored', task: { id: gone, version: 4 } }])
  })

  it('with what they decided on drifts, and the alerts that they have read', async () => {
    const legacyId = newLegacyId()
    const old = { browser: proxied(legacyId), id: await personOf(proxied(legacyId)) }
    const [me, other] = [await signedIn(app), await engineer(app)]
    const { id: driftId } = await driftOf(other, { severity: 'high' })
    await driftOf(other, { severity: 'high' })
    await other.browser.mutate('drifts.reject', { driftId, reason: 'Nobody asked for it' })
    await db.update(drifts).set({ decidedBy: old.id }).where(eq(drifts.id, driftId))
    const [newest, before] = (await me.browser.query('alerts.list')).json().result.data.items
    for (const { browser } of [old, me]) await browser.mutate('alerts.read', { alertId: newest.id })
    await old.browser.mutate('alerts.read', { alertId: before.id })
    expect((await claim(me.browser, legacyId)).statusCode).toBe(200)
    const { decidedBy } = (await me.browser.query('drifts.decision', { driftId })).json().result.data
    expect(decidedBy).toMatchObject({ id: me.id })
    const { items, pagination } = (await me.browser.query('alerts.list')).json().result.data
    expect(items.slice(0, 2).map(({ isRead }: { isRead: boolean }) => isRead)).toEqual([true, true])
    const { unread } = (await me.browser.query('alerts.unread')).json().result.data
    expect(unread).toBe(pagination.total - 2)
    expect(await db.$count(alertReads, eq(alertReads.userId, old.id))).toBe(0)
  })

  it('with their conversations, which those who follow the list hear of', async () => {
    const [legacyId, me] = [newLegacyId(), await signedIn(app)]
    const old = proxied(legacyId)
    const made = await old.mutate('conversations.create', { title: 'Plans' })
    const { id: conversationId } = made.json().result.data
    await old.mutate('conversations.messages.append', { conversationId, content: 'Said before' })
    const { cursor: lastEventId } = (await me.browser.query('conversations.list')).json().result.data
    expect((await claim(me.browser, legacyId)).statusCode).toBe(200)
    const told = (await me.browser.query('conversations.listEvents', { lastEventId })).json().result.data
    expect(told.events).toMatchObject([
      { type: 'conversation.created', conversation: { id: conversationId, messageCount: 1 } },
    ])
    const read = await me.browser.query('conversations.messages.list', { conversationId })
    expect(read.json().result.data.items).toMatchObject([{ content: 'Said before' }])
  })

  it('again, with what an instance of an earlier release left with the former holder', async () => {
    const [legacyId, me] = [newLegacyId(), await signedIn(app)]
    const old = proxied(legacyId)
    const formerId = await personOf(old)
    const { id: taskId } = (await old.mutate('tasks.create', { title: 'left' })).json().result.data
    const made = await old.mutate('conversations.create', { title: 'left too' })
    const { id: conversationId } = made.json().result.data
    expect((await claim(me.browser, legacyId)).statusCode).toBe(200)
    // As a release without these two tables leaves it.
    await db.update(tasks).set({ userId: formerId }).where(eq(tasks.id, taskId))
    await db.update(taskLists).set({ openCount: 0 }).where(eq(taskLists.userId, me.id))
    await db.insert(taskLists).values({ userId: formerId, openCount: 1, doneCount: 0 })
    await db.update(conversations).set({ userId: formerId }).where(eq(conversations.id, conversationId))

    expect((await claim(me.browser, legacyId, '')).statusCode).toBe(200)
    const { items, pagination } = (await me.browser.query('tasks.list', {})).json().result.data
    expect({ items, total: pagination.total }).toMatchObject({ items: [{ id: taskId }], total: 1 })
    const listed = (await me.browser.query('conversations.list')).json().result.data.items
    expect(listed).toMatchObject([{ id: conversationId }])
    expect((await claim(me.browser, legacyId)).statusCode).toBe(200)
  })

  it('again, without what a former holder has who was enabled since', async () => {
    const [legacyId, me] = [newLegacyId(), await signedIn(app)]
    const formerId = await personOf(proxied(legacyId))
    expect((await claim(me.browser, legacyId)).statusCode).toBe(200)
    await db.update(users).set({ isActive: true }).where(eq(users.id, formerId))
    const [draft] = await db
      .insert(drafts)
      .values({ title: 'theirs', ownerId: formerId, ringHolderId: formerId })
      .returning()
    expect((await claim(me.browser, legacyId)).statusCode).toBe(200)
    const [unchanged] = await db
      .select()
      .from(drafts)
      .where(eq(drafts.id, String(draft?.id)))
    expect(unchanged?.ownerId).toBe(formerId)
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
