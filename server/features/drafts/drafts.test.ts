import { eq, sql } from 'drizzle-orm'
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import type { Role } from '../../../shared/account.ts'
import { type Draft, type DraftEvent, type DraftSummary, draftLimits, type Segment } from '../../../shared/drafts.ts'
import { errorTable } from '../../../shared/errors.ts'
import { users } from '../../platform/identity/table.ts'
import { buildTestApp, newPerson } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { draftDepartures } from './table.ts'

const app = await buildTestApp()

describe('drafts', () => {
  it('belong to who made them, who holds the ring and may append', async () => {
    const owner = await signIn()
    const draft = await create(owner, 'Spring plan')
    expect(draft).toMatchObject({
      title: 'Spring plan',
      state: 'open',
      ownerId: owner.id,
      ringHolderId: owner.id,
      segmentCount: 0,
    })
    const first = await append(owner, draft.id, 'One\n\ttwo')
    const second = await append(owner, draft.id, 'Three')
    expect([first.position, second.position]).toEqual([1, 2])
    const read = await get(owner, draft.id)
    expect(read.segments).toEqual([first, second])
    expect(read.collaborators).toMatchObject([{ id: owner.id }])
    expect((await ok<{ items: DraftSummary[] }>(owner.browser.query('drafts.list'))).items).toMatchObject([
      { id: draft.id, segmentCount: 2, ringHolder: { id: owner.id, displayName: expect.any(String), avatarUrl: null } },
    ])
  })

  it('are as if they were not there for everybody else', async () => {
    const [owner, stranger] = [await signIn(), await signIn()]
    const draft = await create(owner)
    const draftId = draft.id
    const missing = v7()
    for (const [path, input] of [
      ['rename', { title: 'Mine' }],
      ['append', { segmentId: v7(), text: 'x' }],
      ['passRing', { to: stranger.id }],
      ['addCollaborator', { person: stranger.id }],
      ['removeCollaborator', { userId: owner.id }],
      ['close', {}],
    ] as const) {
      const theirs = await stranger.browser.mutate(`drafts.${path}`, { draftId, ...input })
      const none = await stranger.browser.mutate(`drafts.${path}`, { draftId: missing, ...input })
      expect([theirs.statusCode, theirs.json().error.data.code], path).toEqual([404, 'NOT_FOUND'])
      expect(none.json().error.message, path).toBe(theirs.json().error.message)
    }
    for (const path of ['get', 'events'])
      expect((await stranger.browser.query(`drafts.${path}`, { draftId })).statusCode).toBe(404)
    expect((await ok<{ items: unknown[] }>(stranger.browser.query('drafts.list'))).items).toEqual([])
    expect((await get(owner, draftId)).segments).toEqual([])
  })

  it('are the same whatever case their ids are written in', async () => {
    const { owner, friend, draft } = await shared()
    const up = (id: string) => id.toUpperCase()
    await ok(owner.browser.mutate('drafts.passRing', { draftId: draft.id, to: friend.id }))
    await ok(owner.browser.mutate('drafts.removeCollaborator', { draftId: up(draft.id), userId: up(friend.id) }))
    expect(await refusal(append(friend, draft.id, 'still here'))).toBe('NOT_FOUND')
    expect(
      await refusal(ok(owner.browser.mutate('drafts.removeCollaborator', { draftId: draft.id, userId: up(owner.id) }))),
    ).toBe('NOT_DRAFT_OWNER')
    const segmentIds = [v7(), v7(), v7()].map(up)
    await Promise.all(
      segmentIds.map((segmentId, n) =>
        ok(owner.browser.mutate('drafts.append', { draftId: n % 2 ? up(draft.id) : draft.id, segmentId, text: 'x' })),
      ),
    )
    const told = await events(owner, up(draft.id), firstCursor((await get(owner, draft.id)).cursor))
    expect(told.map(({ seq }) => seq)).toEqual(told.map((_, n) => n + 1))
    expect(told.filter(({ type }) => type === 'segment.added')).toHaveLength(3)
  })

  it('pass the ring to a collaborator, who alone may then append', async () => {
    const { owner, friend, draft } = await shared()
    expect(await refusal(append(friend, draft.id, 'early'))).toBe('RING_NOT_HELD')
    const passed = await ok<DraftSummary>(owner.browser.mutate('drafts.passRing', { draftId: draft.id, to: friend.id }))
    expect(passed.ringHolderId).toBe(friend.id)
    expect(await refusal(append(owner, draft.id, 'late'))).toBe('RING_NOT_HELD')
    expect((await append(friend, draft.id, 'mine now')).author).toMatchObject({ id: friend.id })
    expect(await refusal(ok(owner.browser.mutate('drafts.passRing', { draftId: draft.id, to: owner.id })))).toBe(
      'RING_NOT_HELD',
    )
    const stranger = await signIn()
    expect(await refusal(ok(friend.browser.mutate('drafts.passRing', { draftId: draft.id, to: stranger.id })))).toBe(
      'NOT_A_COLLABORATOR',
    )
  })

  it('give the ring back to the owner when its holder goes', async () => {
    const { owner, friend, draft } = await shared()
    await ok(owner.browser.mutate('drafts.passRing', { draftId: draft.id, to: friend.id }))
    const left = await ok<DraftSummary>(
      friend.browser.mutate('drafts.removeCollaborator', { draftId: draft.id, userId: friend.id }),
    )
    expect(left.ringHolderId).toBe(owner.id)
    expect((await friend.browser.query('drafts.get', { draftId: draft.id })).statusCode).toBe(404)
    await append(owner, draft.id, 'still going')
    expect(
      await refusal(ok(owner.browser.mutate('drafts.removeCollaborator', { draftId: draft.id, userId: owner.id }))),
    ).toBe('NOT_DRAFT_OWNER')
  })

  it('pass the ring to no viewer, who could neither write nor pass it on', async () => {
    const { owner, friend, draft } = await shared()
    await setRole(friend, 'viewer')
    const passing = () => ok(owner.browser.mutate('drafts.passRing', { draftId: draft.id, to: friend.id }))
    expect(await refusal(passing())).toBe('COLLABORATOR_CANNOT_WRITE')
    expect((await get(owner, draft.id)).collaborators).toMatchObject([
      { id: owner.id, mayWrite: true },
      { id: friend.id, mayWrite: false },
    ])
    await append(owner, draft.id, 'still going')
    await setRole(friend, 'user')
    await passing()
    expect(await append(friend, draft.id, 'a writer again')).toMatchObject({ position: 2 })
  })

  it('give the ring back to their owner whenever the owner takes it', async () => {
    const { owner, friend, draft } = await shared()
    const { cursor } = await get(owner, draft.id)
    const take = ({ browser }: Someone) => ok<DraftSummary>(browser.mutate('drafts.takeRing', { draftId: draft.id }))
    expect((await take(owner)).ringHolderId).toBe(owner.id)
    await ok(owner.browser.mutate('drafts.passRing', { draftId: draft.id, to: friend.id }))
    expect(await refusal(take(friend))).toBe('NOT_DRAFT_OWNER')
    await setRole(friend, 'viewer')
    expect((await take(owner)).ringHolderId).toBe(owner.id)
    await append(owner, draft.id, 'mine again')
    expect(await events(owner, draft.id, cursor)).toMatchObject([
      { type: 'ring.passed', actorId: owner.id, from: owner.id, to: friend.id },
      { type: 'ring.passed', actorId: owner.id, from: friend.id, to: owner.id },
      { type: 'segment.added' },
    ])
  })

  it('pass the ring of a holder who leaves to a writer, where their owner may only read by now', async () => {
    const { owner, friend, draft } = await shared()
    const other = await signIn()
    await ok(owner.browser.mutate('drafts.addCollaborator', { draftId: draft.id, person: other.id }))
    await ok(owner.browser.mutate('drafts.passRing', { draftId: draft.id, to: friend.id }))
    await setRole(owner, 'viewer')
    const leave = { draftId: draft.id, userId: friend.id }
    const left = await ok<DraftSummary>(friend.browser.mutate('drafts.removeCollaborator', leave))
    expect(left.ringHolderId).toBe(other.id)
    await append(other, draft.id, 'the last who may')
  })

  it.each(['user', 'viewer'] as const)('are left by a %s, open or closed, but never by their owner', async (role) => {
    const { owner, friend, draft } = await shared()
    const other = await create(owner)
    await ok(owner.browser.mutate('drafts.addCollaborator', { draftId: other.id, person: friend.id }))
    await ok(owner.browser.mutate('drafts.close', { draftId: other.id }))
    await setRole(friend, role)
    const leave = ({ browser }: Someone, draftId: string) =>
      ok<DraftSummary>(browser.mutate('drafts.leave', { draftId }))
    for (const { id } of [draft, other]) {
      const { cursor } = await get(owner, id)
      await leave(friend, id)
      expect(await events(owner, id, cursor)).toMatchObject([
        { type: 'collaborator.removed', actorId: friend.id, userId: friend.id },
      ])
      expect(await refusal(get(friend, id))).toBe('NOT_FOUND')
      expect(await refusal(leave(friend, id))).toBe('NOT_FOUND')
      expect(await refusal(leave(owner, id))).toBe('OWNER_CANNOT_LEAVE')
    }
  })

  it.each([
    ['leaving', (friend: Someone, draftId: string) => friend.browser.mutate('drafts.leave', { draftId })],
    [
      'removing themselves',
      ({ browser, id: userId }: Someone, draftId: string) =>
        browser.mutate('drafts.removeCollaborator', { draftId, userId }),
    ],
  ])('do not get a user back for 30 days after %s, but at once after their owner removed them', async (_, leave) => {
    const { owner, friend, draft } = await shared()
    const { id: draftId } = draft
    const add = (names: object) => ok(owner.browser.mutate('drafts.addCollaborator', { draftId, ...names }))
    const { id: userId } = friend
    await ok(owner.browser.mutate('drafts.removeCollaborator', { draftId, userId }))
    await add({ userId })
    await ok(leave(friend, draftId))
    for (const names of [{ userId }, { person: userId }]) expect(await refusal(add(names))).toBe('USER_LEFT_DRAFT')
    expect((await get(owner, draftId)).collaborators).toMatchObject([{ id: owner.id }])
    const { db } = app.database
    const moveBack = (days: number) =>
      db.execute(sql`update draft_departures set left_at = left_at - make_interval(days => ${days}::int)
        where user_id = ${userId}`)
    await moveBack(draftLimits.awayForDays - 1)
    expect(await refusal(add({ userId }))).toBe('USER_LEFT_DRAFT')
    await moveBack(1)
    await add({ userId })
    expect(errorTable.USER_LEFT_DRAFT.message).toContain(`${draftLimits.awayForDays} days`)
    // Rows that no longer count are deleted with the next one.
    await ok(leave(friend, draftId))
    expect(await db.$count(draftDepartures, eq(draftDepartures.draftId, draftId))).toBe(1)
  })

  it('find a collaborator by id or username, and add each once', async () => {
    const [owner, friend] = [await signIn(), await signIn()]
    const draft = await create(owner)
    const username = `u_${friend.id.slice(-12)}`
    await ok(friend.browser.mutate('account.updateProfile', { username }))
    for (const names of [
      { person: friend.id },
      { userId: friend.id },
      { person: username.toUpperCase() },
      { username },
    ]) {
      const added = await ok(owner.browser.mutate('drafts.addCollaborator', { draftId: draft.id, ...names }))
      expect(added).toMatchObject({ id: friend.id })
    }
    expect((await get(friend, draft.id)).collaborators.map(({ id }) => id)).toEqual([owner.id, friend.id])
    expect(
      await refusal(
        ok(owner.browser.mutate('drafts.addCollaborator', { draftId: draft.id, person: `no_${username.slice(5)}` })),
      ),
    ).toBe('PERSON_NOT_FOUND')
    expect(
      await refusal(ok(friend.browser.mutate('drafts.addCollaborator', { draftId: draft.id, person: owner.id }))),
    ).toBe('NOT_DRAFT_OWNER')
  })

  it('are read only once closed', async () => {
    const { owner, friend, draft } = await shared()
    await ok(owner.browser.mutate('drafts.rename', { draftId: draft.id, title: 'Final' }))
    expect(await refusal(ok(friend.browser.mutate('drafts.close', { draftId: draft.id })))).toBe('NOT_DRAFT_OWNER')
    expect(await ok(owner.browser.mutate('drafts.close', { draftId: draft.id }))).toMatchObject({
      state: 'closed',
      title: 'Final',
    })
    expect(await refusal(append(owner, draft.id, 'x'))).toBe('DRAFT_CLOSED')
    const renamed = ok(owner.browser.mutate('drafts.rename', { draftId: draft.id, title: 'y' }))
    expect(await refusal(renamed)).toBe('DRAFT_CLOSED')
    expect((await get(friend, draft.id)).state).toBe('closed')
  })

  it('store a segment once however often it is sent', async () => {
    const owner = await signIn()
    const draft = await create(owner)
    const segmentId = v7()
    const answers = await Promise.all(Array.from({ length: 8 }, () => append(owner, draft.id, 'once', segmentId)))
    for (const answer of answers) expect(answer).toEqual(answers[0])
    expect((await get(owner, draft.id)).segments).toHaveLength(1)
    expect(await events(owner, draft.id, firstCursor((await get(owner, draft.id)).cursor))).toHaveLength(1)
    const other = await signIn()
    const theirs = await create(other)
    expect(await refusal(append(other, theirs.id, 'stolen id', segmentId))).toBe('CONFLICT')
  })

  it('tell everything that happens, in order, from any cursor on', async () => {
    const { owner, friend, draft } = await shared()
    const { cursor } = await get(owner, draft.id)
    const segment = await append(owner, draft.id, 'a')
    await ok(owner.browser.mutate('drafts.passRing', { draftId: draft.id, to: friend.id }))
    await ok(owner.browser.mutate('drafts.rename', { draftId: draft.id, title: 'Renamed' }))
    await ok(owner.browser.mutate('drafts.removeCollaborator', { draftId: draft.id, userId: friend.id }))
    const told = await events(owner, draft.id, cursor)
    expect(told).toMatchObject([
      { type: 'segment.added', actorId: owner.id, segment },
      { type: 'ring.passed', from: owner.id, to: friend.id },
      { type: 'draft.updated', title: 'Renamed', state: 'open' },
      { type: 'collaborator.removed', userId: friend.id, ringHolderId: owner.id },
    ])
    const [first = 0] = told.map(({ seq }) => seq)
    expect(told.map(({ seq }) => seq)).toEqual([first, first + 1, first + 2, first + 3])
  })

  it('say so when a cursor is of no use any more', async () => {
    const owner = await signIn()
    const draft = await create(owner)
    await append(owner, draft.id, 'a')
    for (const lastEventId of ['other:0', 'nonsense', `${(await get(owner, draft.id)).cursor.split(':')[0]}:99`]) {
      const poll = await ok<{ resync: boolean; cursor: string }>(
        owner.browser.query('drafts.events', { draftId: draft.id, lastEventId }),
      )
      expect(poll).toMatchObject({ resync: true, cursor: (await get(owner, draft.id)).cursor })
    }
  })

  it('are not written by viewers, who may read those they were added to', async () => {
    const claims = newPerson()
    const [owner, { id }] = [await signIn(), await signIn(claims)]
    const draft = await create(owner)
    await ok(owner.browser.mutate('drafts.addCollaborator', { draftId: draft.id, person: id }))
    await app.database.db.update(users).set({ role: 'viewer' }).where(eq(users.id, id))
    const viewer = await signIn(claims)
    expect((await get(viewer, draft.id)).id).toBe(draft.id)
    for (const path of ['create', 'append']) {
      expect(
        (await viewer.browser.mutate(`drafts.${path}`, { title: 'x', draftId: draft.id, segmentId: v7(), text: 'x' }))
          .statusCode,
      ).toBe(403)
    }
  })

  it.for([
    ['nothing', ''],
    ['blanks', ' \n '],
    ['NUL', 'a\0b'],
    ['a lone surrogate', '\ud800'],
    ['more than fits', 'x'.repeat(10_001)],
  ])('refuse a segment of %s', async ([, text]) => {
    const owner = await signIn()
    const draft = await create(owner)
    expect(await refusal(append(owner, draft.id, text as string))).toBe('VALIDATION_ERROR')
  })
})

interface Someone {
  id: string
  email: string
  browser: TestBrowser
}

async function signIn(claims: Record<string, unknown> = {}): Promise<Someone> {
  const person = { ...newPerson(), ...claims }
  const browser = await app.signIn(person)
  return { id: (await browser.get('/me')).json().id, email: person.email, browser }
}

const setRole = ({ id }: Someone, role: Role) => app.database.db.update(users).set({ role }).where(eq(users.id, id))

async function ok<T>(sent: ReturnType<TestBrowser['query']>): Promise<T> {
  const answer = (await sent).json()
  if (answer.error) throw Object.assign(new Error(answer.error.message), { code: answer.error.data.code })
  return answer.result.data
}

const refusal = (call: Promise<unknown>) =>
  call.then(
    () => 'not refused',
    (error) => error.code,
  )
const create = ({ browser }: Someone, title = 'A draft') => ok<DraftSummary>(browser.mutate('drafts.create', { title }))
const get = ({ browser }: Someone, draftId: string) => ok<Draft>(browser.query('drafts.get', { draftId }))
const append = ({ browser }: Someone, draftId: string, text: string, segmentId = v7()) =>
  ok<Segment>(browser.mutate('drafts.append', { draftId, segmentId, text }))
const events = async ({ browser }: Someone, draftId: string, lastEventId: string) =>
  (await ok<{ events: DraftEvent[] }>(browser.query('drafts.events', { draftId, lastEventId }))).events
const firstCursor = (cursor: string) => `${cursor.split(':')[0]}:0`

async function shared() {
  const [owner, friend] = [await signIn(), await signIn()]
  const draft = await create(owner)
  await ok(owner.browser.mutate('drafts.addCollaborator', { draftId: draft.id, person: friend.id }))
  return { owner, friend, draft }
}
