import { setTimeout as delay } from 'node:timers/promises'
import { and, eq, isNotNull, sql } from 'drizzle-orm'
import { afterEach, describe, expect, it } from 'vitest'
import { buildTestApp, quickChecks } from '../../test/app.ts'
import { Attendance, type Stream } from '../../test/attendance.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { draftOf, signedIn } from '../../test/followers.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'
import { newId } from '../db/columns.ts'
import { presenceLeases, presenceServers } from './table.ts'

/** Minutes, which are over when a test says so: the time of leases is in their rows. */
const times = { beatEveryMs: 100, expireMs: 60_000, graceMs: 60_000, lookEveryMs: 50, writingMs: 1000 }
const app = await buildTestApp({ times: { ...quickChecks, presence: times } })
const url = await app.listen()
const { presence, live } = app.inside
const { db } = app.database

const here: Attendance[] = []
afterEach(async () => {
  for (const attendance of here.splice(0)) await attendance.leave()
  await until('nothing leaked', () => presence.seats === 0 && live.access.size === 0)
})

function attend(person: { browser: TestBrowser }, draftId: string, stream?: Stream) {
  const attendance = new Attendance(url, person, draftId, stream)
  here.push(attendance)
  return attendance
}

async function setUp() {
  const [ada, ben] = [await signedIn(app), await signedIn(app)]
  const draft = await draftOf(app, ada)
  const change = async (path: string, more: object, { browser } = ada) => {
    const answer = await browser.mutate(`drafts.${path}`, { draftId: draft.id, ...more })
    return answer.statusCode === 200 ? null : answer.json().error.data.code
  }
  expect(await change('addCollaborator', { person: ben.id })).toBeNull()
  const room = draft.channel
  /** Ages the leases of users who left past their grace. */
  const endGrace = () =>
    until('a lease that was left', async () => {
      const leftAt = sql`${presenceLeases.leftAt} - ${times.graceMs} * interval '1 millisecond'`
      const left = and(eq(presenceLeases.room, room), isNotNull(presenceLeases.leftAt))
      return (await db.update(presenceLeases).set({ leftAt }).where(left).returning()).length > 0
    })
  return { ada, ben, draft, change, room, endGrace }
}

const someLooks = () => delay(3 * times.lookEveryMs)

describe('who is here', () => {
  it.for(['websocket', 'sse'] as const)('is told over %s, and the leaving after a grace', async (stream) => {
    const { ada, ben, draft, endGrace } = await setUp()
    const mine = attend(ada, draft.id, stream)
    await until('myself', () => mine.sees(ada))
    expect(mine.lists[0]).toEqual([
      { person: { id: ada.id, displayName: expect.any(String), avatarUrl: null }, writing: false },
    ])
    const theirs = attend(ben, draft.id, stream)
    await until('both', () => mine.sees(ada, ben) && theirs.sees(ada, ben))
    expect(mine.present).toEqual([ada.id, ben.id])
    theirs.leave()
    await until('nobody but me', () => presence.seats === 1)
    await someLooks()
    expect(mine.sees(ada, ben)).toBe(true)
    await endGrace()
    await until('the leaving', () => mine.sees(ada))
    expect([mine.lists.length, mine.errors]).toEqual([3, []])
  })

  it('does not blink when somebody reloads, and knows nothing of how many tabs they have', async () => {
    const { ada, ben, draft, room, endGrace } = await setUp()
    const mine = attend(ada, draft.id)
    const theirs = [attend(ben, draft.id), attend(ben, draft.id, 'sse')]
    await until('both', () => mine.sees(ada, ben))
    for (const tab of theirs) tab.leave()
    await until('nobody but me', () => presence.seats === 1)
    await someLooks()
    const again = [attend(ben, draft.id), attend(ben, draft.id)]
    await until('the tabs', () => again.every((tab) => tab.sees(ada, ben)))
    again[0]?.leave()
    await until('one tab and me', () => presence.seats === 2)
    await someLooks()
    const leases = await db
      .select({ leftAt: presenceLeases.leftAt })
      .from(presenceLeases)
      .where(eq(presenceLeases.room, room))
    expect(leases).toEqual([{ leftAt: null }, { leftAt: null }])
    expect([mine.sees(ada, ben), mine.blinks(ben)]).toEqual([true, 0])
    again[1]?.leave()
    await endGrace()
    await until('the leaving', () => mine.sees(ada))
  })

  it('notices a connection that breaks without a word', async () => {
    const { ada, ben, draft, endGrace } = await setUp()
    const mine = attend(ada, draft.id)
    const socket = await TestSocket.openAs(url, ben.browser)
    await socket.subscribe('drafts.onPresence', { draftId: draft.id })
    await until('both', () => mine.sees(ada, ben))
    socket.ws.terminate()
    await endGrace()
    await until('the leaving', () => mine.sees(ada))
  })

  it('is nobody else’s business', async () => {
    const { draft } = await setUp()
    const stranger = await signedIn(app)
    const theirs = attend(stranger, draft.id)
    await until('the refusal', () => theirs.errors.length)
    expect(theirs.errors).toMatchObject([{ data: { code: 'NOT_FOUND' } }])
    const answer = await stranger.browser.mutate('drafts.writing', { draftId: draft.id, writing: true })
    expect(answer.json().error.data.code).toBe('NOT_FOUND')
    expect([theirs.lists, presence.seats]).toEqual([[], 0])
  })

  it.for(['websocket', 'sse'] as const)('ends over %s for who is removed, who is gone at once', async (stream) => {
    const { ada, ben, draft, change } = await setUp()
    const mine = attend(ada, draft.id)
    const theirs = attend(ben, draft.id, stream)
    await until('both', () => mine.sees(ada, ben))
    await change('removeCollaborator', { userId: ben.id })
    await until('the end of theirs', () => presence.seats === 1)
    // Long before the grace is over.
    await until('the leaving', () => mine.sees(ada))
    await until('the reason', () => theirs.errors.length)
    if (stream === 'websocket') expect(theirs.errors).toMatchObject([{ data: { code: 'NOT_FOUND' } }])
  })
})

describe('leases', () => {
  const leasesIn = (room: string) => db.select().from(presenceLeases).where(eq(presenceLeases.room, room))

  it('of an instance that died end by themselves, and their rows with it', async () => {
    const { ada, ben, draft, room } = await setUp()
    const serverId = newId()
    const ago = (ms: number) => sql`now() - ${ms} * interval '1 millisecond'`
    const deadAfterMs = times.expireMs + times.graceMs
    await db.insert(presenceServers).values({ id: serverId, beatAt: ago(deadAfterMs - 30_000) })
    await db.insert(presenceLeases).values({ room, userId: ben.id, serverId })
    const mine = attend(ada, draft.id)
    await until('the ghost', () => mine.sees(ada, ben))
    await db
      .update(presenceServers)
      .set({ beatAt: ago(deadAfterMs) })
      .where(eq(presenceServers.id, serverId))
    await until('its end', () => mine.sees(ada))
    await until('its rows’ end', async () => (await leasesIn(room)).length === 1)
  })

  it('are made again where the table lost them', async () => {
    const { ada, ben, draft, room } = await setUp()
    const mine = attend(ada, draft.id)
    attend(ben, draft.id)
    await until('both', () => mine.sees(ada, ben))
    await db.delete(presenceServers)
    await until('their return', async () => (await leasesIn(room)).length === 2)
    await until('both', () => mine.sees(ada, ben))
  })

  it('leave no rows behind', async () => {
    const { ada, draft, room, endGrace } = await setUp()
    const mine = attend(ada, draft.id)
    await until('myself', () => mine.sees(ada))
    mine.leave()
    await endGrace()
    await until('no rows', async () => (await leasesIn(room)).length === 0)
  })
})

describe('writing', () => {
  it('is told of who is here, until they say otherwise or nothing for some seconds', async () => {
    const { ada, ben, draft, change } = await setUp()
    const write = (writing: boolean) => change('writing', { writing }, ben)
    const mine = attend(ada, draft.id)
    await until('myself', () => mine.sees(ada))
    expect(await write(true)).toBeNull()
    const theirs = attend(ben, draft.id, 'sse')
    await until('the word', () => mine.writing[0] === ben.id && theirs.writing[0] === ben.id)
    await write(false)
    await until('the end', () => mine.sees(ada, ben) && mine.writing.length === 0)
    const said = performance.now()
    await write(true)
    await until('the word', () => mine.writing[0] === ben.id)
    await until('silence', () => mine.writing.length === 0)
    expect(performance.now() - said).toBeGreaterThan(times.writingMs)
  })

  it('is told at most ten times a second, however often it is said', async () => {
    const { ada, ben, draft, room } = await setUp()
    const mine = attend(ada, draft.id)
    attend(ben, draft.id)
    await until('both', () => mine.sees(ada, ben))
    const before = mine.lists.length
    for (let n = 0; n <= 500; n++) {
      presence.tellWriting(room, ben.id, n % 2 === 0)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await until('the last', () => mine.writing[0] === ben.id)
    expect(mine.lists.length - before).toBeLessThan(50)
  })

  it('is refused in a closed draft', async () => {
    const { change, ben } = await setUp()
    expect(await change('close', {})).toBeNull()
    expect(await change('writing', { writing: true }, ben)).toBe('DRAFT_CLOSED')
  })
})
