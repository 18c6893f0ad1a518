/** Alerts that are read, settled and deleted at the same moment, by two instances. */
import { eq, sql } from 'drizzle-orm'
import { afterAll, expect, it } from 'vitest'
import { withTransaction } from '../../platform/db/transaction.ts'
import { expectCountersTrue } from '../../test/alert-counters.ts'
import { buildTestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { driftOf, engineer, signedIn } from '../../test/followers.ts'
import { handOverReads, trimAlerts } from './service.ts'
import { alerts } from './table.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const environment = { DATABASE_URL: database.url }
const [here, there] = [await buildTestApp({ environment }), await buildTestApp({ environment })]
const { db } = here.database

it('counters stay true when alerts are read, settled, handed over and deleted at the same time', async () => {
  const me = await engineer(here)
  const [reader, heir] = [await signedIn(here), await signedIn(here)]
  const elsewhere = await there.enterAgain(reader.id)
  const day = 24 * 3_600_000
  for (let round = 0; round < 20; round++) {
    const one = await driftOf(me, { severity: 'high' })
    const two = await driftOf(me, { severity: 'critical' })
    const [alert] = await db.select().from(alerts).where(eq(alerts.driftId, one.id))
    if (round % 4 === 0) await db.update(alerts).set({ createdAt: sql`now() - interval '2 days'` })
    const answers = await Promise.all([
      me.browser.mutate('drifts.approve', { driftId: one.id }),
      me.browser.mutate('drifts.resolve', { driftId: two.id }),
      reader.browser.mutate('alerts.read', { alertId: alert?.id }),
      elsewhere.mutate('alerts.readAll'),
      trimAlerts(there.database.db, day, new AbortController().signal),
      round % 3 === 0 && withTransaction(there.database.db, (tx) => handOverReads(tx, reader.id, heir.id)),
    ])
    const codes = answers.slice(0, 4).map((answer) => (answer as { statusCode: number }).statusCode)
    // The alert may be deleted before it is read.
    expect([codes[0], codes[1], codes[3], [200, 404].includes(codes[2] as number)]).toEqual([200, 200, 200, true])
    await expectCountersTrue(db)
  }
})
