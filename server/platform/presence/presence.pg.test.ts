/** Several instances on one Postgres: who is here does not depend on where. */
import { setTimeout as delay } from 'node:timers/promises'
import { gt, isNotNull, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { afterAll, afterEach, expect, it } from 'vitest'
import { buildTestApp, type TestApp, testEnvironment } from '../../test/app.ts'
import { Attendance } from '../../test/attendance.ts'
import { draftOf, signedIn } from '../../test/followers.ts'
import { PostgresServer } from '../../test/postgres-server.ts'
import { ServerProcess } from '../../test/server-process.ts'
import { until } from '../../test/until.ts'
import { defaultPresenceTimes } from './presence.ts'
import { presenceLeases, presenceServers } from './table.ts'

const server = await PostgresServer.create()
afterAll(() => server.close())
const environment = { DATABASE_URL: server.url() }
const instance = async (presence?: object) => {
  const app = await buildTestApp({ environment, ...(presence && { times: { presence } }) })
  return { app, url: await app.listen() }
}

const attendances: Attendance[] = []
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const attendance of attendances.splice(0)) await attendance.leave()
  for (const end of ends.splice(0)) await end()
})

/** Ada and Ben in a draft of Ada's. */
async function setUp(app: Awaited<ReturnType<typeof buildTestApp>>) {
  const [ada, ben] = [await signedIn(app), await signedIn(app)]
  const draft = await draftOf(app, ada)
  const added = await ada.browser.mutate('drafts.addCollaborator', { draftId: draft.id, person: ben.id })
  expect(added.statusCode).toBe(200)
  const attend = (url: string, person: typeof ada) => {
    const attendance = new Attendance(url, person, draft.id)
    attendances.push(attendance)
    return attendance
  }
  return { ada, ben, draft, attend }
}

/** Longer than any test; what a test needs to be over, it ages. */
const graceMs = 600_000
const agedBy = (column: AnyPgColumn) => sql`${column} - ${2 * graceMs} * interval '1 millisecond'`
const someLooks = () => delay(300)

/** The grace of everybody who has left is over. */
const endGrace = ({ inside }: TestApp) =>
  until('a lease that was left', async () => {
    const left = inside.database.db
      .update(presenceLeases)
      .set({ leftAt: agedBy(presenceLeases.leftAt) })
      .where(isNotNull(presenceLeases.leftAt))
    return (await left.returning()).length > 0
  })

it('people and their writing cross at once, by notices', async () => {
  const [here, there] = [await instance({ lookEveryMs: 60_000 }), await instance({ lookEveryMs: 60_000 })]
  const { ada, ben, draft, attend } = await setUp(here.app)
  const mine = attend(here.url, ada)
  await until('myself', () => mine.sees(ada))
  const theirs = attend(there.url, ben)
  await until('both', () => mine.sees(ada, ben) && theirs.sees(ada, ben))
  await ben.browser.mutate('drafts.writing', { draftId: draft.id, writing: true })
  await until('the word', () => theirs.writing[0] === ben.id && mine.writing[0] === ben.id)
})

it('people are seen soon also when every notice is lost', async () => {
  const [here, there] = [await instance({ lookEveryMs: 100 }), await instance({ lookEveryMs: 100 })]
  const { ada, ben, attend } = await setUp(here.app)
  const mine = attend(here.url, ada)
  await until('myself', () => mine.sees(ada))
  there.app.inside.notices.tellOthers = async () => {}
  attend(there.url, ben)
  await until('both', () => mine.sees(ada, ben))
})

it('nobody blinks who goes on at another instance, is at two, or whose instance closes', async () => {
  const times = { graceMs, lookEveryMs: 50 }
  const [here, there, third] = [await instance(times), await instance(times), await instance(times)]
  const { ada, ben, attend } = await setUp(here.app)
  const mine = attend(here.url, ada)
  const theirs = [attend(here.url, ben), attend(there.url, ben)]
  await until('both', () => mine.sees(ada, ben))
  theirs[0]?.leave()
  await endGrace(here.app)
  await someLooks()
  await there.app.root.close()
  await someLooks()
  theirs[1]?.leave()
  theirs[2] = attend(third.url, ben)
  await until('the third', () => theirs[2]?.sees(ada, ben))
  await endGrace(here.app)
  await someLooks()
  expect([mine.sees(ada, ben), mine.blinks(ben)]).toEqual([true, 0])
  expect(Math.max(...mine.lists.map((list) => list.length))).toBe(2)
})

it('people of an instance that closed, and came back nowhere, are gone after the grace', async () => {
  const times = { graceMs, lookEveryMs: 50 }
  const [here, there] = [await instance(times), await instance(times)]
  const { ada, ben, attend } = await setUp(here.app)
  const mine = attend(here.url, ada)
  attend(there.url, ben)
  await until('both', () => mine.sees(ada, ben))
  await there.app.root.close()
  await someLooks()
  expect(mine.sees(ada, ben)).toBe(true)
  await endGrace(here.app)
  await until('the leaving', () => mine.sees(ada))
})

it('people of an instance that was killed are gone after its expiry and the grace, and not before', async () => {
  const here = await instance({ beatEveryMs: 100, expireMs: graceMs, graceMs, lookEveryMs: 50 })
  const there = new ServerProcess(testEnvironment({ PORT: '0', DATABASE_URL: server.url(), LOG_LEVEL: 'info' }))
  await there.ready()
  const { ada, ben, attend } = await setUp(here.app)
  const mine = attend(here.url, ada)
  attend(await there.origin(), ben)
  await until('both', () => mine.sees(ada, ben))
  await there.kill('SIGKILL')
  await someLooks()
  expect(mine.sees(ada, ben)).toBe(true)
  // Both beat last then; who lives beats again.
  await here.app.database.db.update(presenceServers).set({ beatAt: agedBy(presenceServers.beatAt) })
  await until('the end of the ghost', () => mine.sees(ada))
})

it('the default times take nobody for dead who misses a beat or two, and show a ghost for less than 25 seconds', () => {
  const { beatEveryMs, expireMs, graceMs, lookEveryMs } = defaultPresenceTimes
  expect(expireMs).toBeGreaterThan(3 * beatEveryMs)
  expect(graceMs).toBeGreaterThanOrEqual(10_000)
  expect(expireMs + graceMs + lookEveryMs).toBeLessThan(25_000)
  // Without a notice, somebody who comes is seen by the next look.
  expect(lookEveryMs).toBeLessThanOrEqual(2000)
})

it('no user is reported absent because the database was unavailable', async () => {
  const times = { beatEveryMs: 500, expireMs: 1500, graceMs: 1000, lookEveryMs: 100 }
  const slowBeatMs = 1000
  // The one that beats first after the return, and the one that lets it wait.
  const [here, there] = [await instance({ ...times, beatEveryMs: slowBeatMs }), await instance(times)]
  const { ada, ben, attend } = await setUp(here.app)
  const [mine, theirs] = [attend(here.url, ada), attend(there.url, ben)]
  await until('both', () => mine.sees(ada, ben) && theirs.sees(ada, ben))
  await server.stopImmediately()
  const stopped = performance.now()
  await until('an absence longer than all', () => performance.now() - stopped > 5000)
  await server.start()
  // Each trusts the other's beats again two beats after its own first.
  const trusting = new Date(Date.now() + 3 * slowBeatMs + 500)
  await until(
    'beats of both while they trust each other',
    async () => (await here.app.database.db.$count(presenceServers, gt(presenceServers.beatAt, trusting))) === 2,
  )
  expect([mine.blinks(ben), theirs.blinks(ada), mine.errors, theirs.errors]).toEqual([0, 0, [], []])
  theirs.leave()
  await until('the leaving', () => mine.sees(ada))
})
