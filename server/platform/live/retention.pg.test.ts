/** Several instances on one Postgres that trim at once, while others write. */
import { asc, eq, sql } from 'drizzle-orm'
import { afterAll, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { draftOf, range, signedIn } from '../../test/followers.ts'
import { until } from '../../test/until.ts'
import { withTransaction } from '../db/transaction.ts'
import { publish } from './publish.ts'
import { trimEvents } from './retention.ts'
import { channels, events } from './table.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const environment = { DATABASE_URL: database.url }
const [here, there] = [await buildTestApp({ environment }), await buildTestApp({ environment })]
const { db } = here.database
const old = sql`now() - interval '8 days'`

it('leave no gap, and writers of several channels neither fail nor wait for long', async () => {
  const ids = range(1, 8).map((n) => `here:${n}`)
  await db.execute(sql`
    insert into channels (id, epoch, head) select 'here:' || n, 'e', 1500 from generate_series(1, 8) as n`)
  await db.execute(sql`
    insert into events (channel, seq, type, payload, created_at)
    select 'here:' || n, seq, 'x', '{}', ${old} from generate_series(1, 8) as n, generate_series(1, 1500) as seq`)
  let trimming = true
  let slowest = 0
  const write = async (app: typeof here, order: string[]) => {
    let written = 0
    for (; trimming; written++) {
      const began = performance.now()
      await withTransaction(app.database.db, async (tx) => {
        for (const id of order) await publish(tx, id, { type: 'x', actorId: null })
      })
      slowest = Math.max(slowest, performance.now() - began)
    }
    return written
  }
  const writers = [write(here, ids), write(there, ids.toReversed())]
  await Promise.all([here, there, here, there].map((app) => trimEvents(app.database.db)))
  trimming = false
  const written = (await Promise.all(writers)).reduce((sum, n) => sum + n)
  process.stdout.write(`slowest of ${written} writes beside the trimming: ${Math.round(slowest)} ms\n`)
  expect(slowest).toBeLessThan(2000)
  for (const id of ids) {
    const [channel] = await db.select().from(channels).where(eq(channels.id, id))
    const rows = await db
      .select({ seq: events.seq })
      .from(events)
      .where(eq(events.channel, id))
      .orderBy(asc(events.seq))
    expect(channel).toMatchObject({ floor: 1500, head: 1500 + written })
    expect(rows.map(({ seq }) => seq)).toEqual(range(1501, 1500 + written))
  }
})

it('do so by themselves soon after their start', async () => {
  const draft = await draftOf(here, await signedIn(here))
  for (let n = 0; n < 3; n++) await draft.tell()
  await db.update(events).set({ createdAt: old }).where(eq(events.channel, draft.channel))
  await buildTestApp({ environment })
  const floor = async () => (await db.select().from(channels).where(eq(channels.id, draft.channel)))[0]?.floor
  await until('trimmed', async () => (await floor()) === 3)
})
