/** Two instances on one Postgres: who follows at one hears what is written at the other. */
import { afterAll, afterEach, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { draftOf, Log, plainEventsClient, plainSocketClient, range, signedIn } from '../../test/followers.ts'
import { until } from '../../test/until.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const environment = { DATABASE_URL: database.url }
const [here, there] = [await buildTestApp({ environment }), await buildTestApp({ environment })]
const url = await there.listen()

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await until('nothing leaked', () => there.inside.live.sinks === 0 && there.inside.live.access.size === 0)
})

async function follow() {
  const owner = await signedIn(here)
  const draft = await draftOf(here, owner)
  const [log, events] = [new Log(), new Log()]
  const { trpc, close } = plainSocketClient(url, owner.browser)
  ends.push(close)
  trpc.drafts.onEvent.subscribe({ draftId: draft.id }, log.handlers)
  ends.push(
    plainEventsClient(url, owner.browser).drafts.onEvent.subscribe({ draftId: draft.id }, events.handlers).unsubscribe,
  )
  await until('both', () => there.inside.live.sinks === 2)
  return { owner, draft, log, events, elsewhere: () => draft.tell('x', there) }
}

const median = (times: number[]) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)] as number

it('events of concurrent writers at both arrive contiguous and in order', async () => {
  const { draft, elsewhere, log, events } = await follow()
  const writers = Array.from({ length: 8 }, async (_, n) => {
    for (let i = 0; i < 50; i++) await (n % 2 ? draft.tell() : elsewhere())
  })
  await Promise.all(writers)
  await until('all', () => log.seqs.length >= 400 && events.seqs.length >= 400)
  expect([log.seqs, log.errors]).toEqual([range(1, 400), []])
  expect([events.seqs, events.errors]).toEqual([range(1, 400), []])
})

it('one crosses at once, by its notice', async () => {
  const { draft, log } = await follow()
  const times: number[] = []
  for (let n = 1; n <= 20; n++) {
    await draft.tell()
    const told = performance.now()
    await until('the event', () => log.seqs.length === n)
    times.push(performance.now() - told)
  }
  process.stdout.write(
    `crossed within ${Math.round(median(times))} ms (median), ${Math.round(Math.max(...times))} ms\n`,
  )
  // The look at the heads alone would take half a second.
  expect(median(times)).toBeLessThan(200)
})

it('one too long for a notice crosses as soon', async () => {
  const { draft, log } = await follow()
  const times: number[] = []
  for (let n = 1; n <= 10; n++) {
    await draft.tell('ü'.repeat(9000))
    const told = performance.now()
    await until('the event', () => log.seqs.length === n)
    times.push(performance.now() - told)
  }
  expect(median(times)).toBeLessThan(200)
})

it('one of which no notice was heard crosses within two seconds', async () => {
  const { draft, log, events } = await follow()
  const { notices } = here.inside
  const { tellOthers } = notices
  notices.tellOthers = async () => {}
  ends.push(() => {
    notices.tellOthers = tellOthers
  })
  for (let n = 1; n <= 3; n++) {
    await draft.tell()
    const told = performance.now()
    await until('the event', () => log.seqs.length === n && events.seqs.length === n)
    expect(performance.now() - told).toBeLessThan(2000)
  }
  expect(log.seqs).toEqual([1, 2, 3])
})
