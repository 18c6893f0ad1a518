import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { atEnd } from '../../test/at-end.ts'
import { createStoredDatabase } from '../../test/database.ts'
import { draftOf } from '../../test/followers.ts'
import { until } from '../../test/until.ts'
import type { Database } from '../db/database.ts'
import { idempotencyKeys } from '../idempotency/table.ts'
import { events } from '../live/table.ts'
import { mayDelete, moveRetentionClock } from './retention-clock.ts'

afterEach(() => void vi.restoreAllMocks())

/** Makes all rows older by `interval`, as after a clock that jumped ahead by it. */
async function jumpAhead(db: Database, interval: string): Promise<void> {
  for (const column of [
    'events.created_at',
    'idempotency_keys.created_at',
    'retention_clock.at',
    'retention_clock.seen_at',
  ]) {
    const [table, name] = column.split('.')
    await db.execute(sql.raw(`update ${table} set ${name} = ${name} - interval '${interval}'`))
  }
}

describe('the clock of retention', () => {
  it('follows the database’s clock by at most half an hour for each check, and checks are minutes apart', async () => {
    const { db } = (await buildTestApp()).database
    await moveRetentionClock(db)
    expect(await mayDelete(db)).toBe(true)
    await jumpAhead(db, '10 days')
    expect(await mayDelete(db)).toBe(false)
    const tenDaysS = 10 * 86_400
    expect(await moveRetentionClock(db)).toBeCloseTo(tenDaysS - 1800, -2)
    // Of another instance, at the same time.
    expect(await moveRetentionClock(db)).toBeCloseTo(tenDaysS - 1800, -2)
    expect(await mayDelete(db)).toBe(false)
  })

  it('does not wait for a server that was stopped for less than an hour', async () => {
    const { db } = (await buildTestApp()).database
    await moveRetentionClock(db)
    await jumpAhead(db, '50 minutes')
    expect(await mayDelete(db)).toBe(true)
    expect(await moveRetentionClock(db)).toBe(0)
  })

  it('waits no longer when the clock is set right again', async () => {
    const { db } = (await buildTestApp()).database
    await moveRetentionClock(db)
    await jumpAhead(db, '10 days')
    await moveRetentionClock(db)
    await jumpAhead(db, '-10 days')
    expect(await moveRetentionClock(db)).toBe(0)
    expect(await mayDelete(db)).toBe(true)
  })
})

it('a clock that jumped ahead deletes no events or idempotency keys, which are deleted by age otherwise', async () => {
  const { url, drop } = await createStoredDatabase()
  atEnd(drop)
  // The first round of all recurring work comes at once.
  vi.spyOn(Math, 'random').mockReturnValue(0)
  const start = () => buildTestApp({ environment: { DATABASE_URL: url } })
  const isLeftOut = (app: Awaited<ReturnType<typeof start>>, name: string) =>
    app.logs.some(({ msg, work }) => work === name && /left out/.test(msg))
  const count = async (db: Database) => [await db.$count(events), await db.$count(idempotencyKeys)]

  const before = await start()
  const me = await before.enter()
  const { id: draftId } = await draftOf(before, me)
  const headers = { 'idempotency-key': randomUUID() }
  const append = { draftId, segmentId: randomUUID(), text: 'said' }
  expect((await me.browser.mutate('drafts.append', append, headers)).statusCode).toBe(200)
  const { db } = before.database
  await until('the clock is there', () => mayDelete(db))
  const stored = await count(db)
  expect(Math.min(...stored)).toBeGreaterThan(0)
  await jumpAhead(db, '10 days')
  await before.root.close()

  const after = await start()
  for (const work of ['trim events', 'forget idempotency keys']) await until(work, () => isLeftOut(after, work))
  await until('a warning', () => after.logs.some(({ msg }) => /clock of the database is far ahead/.test(msg)))
  expect(await count(after.database.db)).toEqual(stored)
  await after.database.db.execute(sql`update retention_clock set at = now(), seen_at = now()`)
  await after.root.close()

  const right = await start()
  await until('age deletes', async () => (await count(right.database.db)).every((n) => n === 0))
})
