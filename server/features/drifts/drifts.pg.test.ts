/** Drifts under a rush, on two instances of one database: who decides first decides, and what is counted is what is there. */
import { and, count, eq, inArray, like, sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { auditLogs } from '../../platform/audit/table.ts'
import { events } from '../../platform/live/table.ts'
import { expectCountersTrue } from '../../test/alert-counters.ts'
import { buildTestApp, publicUrl } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { Random } from '../../test/chaos/random.ts'
import { driftOf, engineer, range, reportOf } from '../../test/followers.ts'
import { trimAlerts } from '../alerts/service.ts'
import { alerts } from '../alerts/table.ts'
import { trimDrifts } from './retention.ts'
import { driftCounts, driftDays, drifts } from './table.ts'

const environment = { RATE_LIMIT_SIGNED_IN: '100000' }
const one = await buildTestApp({ environment })
const two = await buildTestApp({ environment: { ...environment, DATABASE_URL: one.inside.config.database.url } })
const { db } = one.database
const urls = [await one.listen(), await two.listen()]

const post = async ({ cookieHeader: cookie }: TestBrowser, at: number, path: string, body: object) => {
  const answer = await fetch(`${urls[at]}/api/v1${path}`, {
    method: 'POST',
    headers: { cookie, origin: publicUrl, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const { data, error } = (await answer.json()) as { data?: { id: string; version: number }; error?: { code: string } }
  return { status: answer.status, data, code: error?.code ?? 'ok' }
}

const eventsOf = (type: string, id: string) =>
  db.$count(events, and(eq(events.channel, 'drifts'), like(events.type, type), sql`payload->>'id' = ${id}`))

it('of two who decide at once, each at an instance, exactly one does: 30 times', async () => {
  const [me, other] = [await engineer(one), await engineer(two)]
  const winners = new Set<number>()
  for (const round of range(1, 30)) {
    const { id } = await driftOf(me)
    const decisions = [
      () => post(me.browser, 0, `/drifts/${id}/approve`, {}),
      () => post(other.browser, 1, `/drifts/${id}/reject`, { reason: 'No' }),
    ]
    // Each is sent first in half of the rounds, so that each wins some.
    const answers =
      round % 2 === 0
        ? await Promise.all(decisions.map((send) => send()))
        : (await Promise.all(decisions.toReversed().map((send) => send()))).reverse()
    expect([round, ...answers.map(({ code }) => code).sort()]).toEqual([round, 'ALREADY_DECIDED', 'ok'])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    const winner = answers.findIndex(({ code }) => code === 'ok')
    winners.add(winner)
    const [row] = await db.select().from(drifts).where(eq(drifts.id, id))
    expect(row).toMatchObject({
      status: ['approved', 'rejected'][winner],
      decidedBy: [me, other][winner]?.id,
      version: 2,
    })
    expect([await eventsOf('drift.approved', id), await eventsOf('drift.rejected', id)]).toEqual(
      winner === 0 ? [1, 0] : [0, 1],
    )
    const records = await db
      .select()
      .from(auditLogs)
      .where(eq(auditLogs.target, `drift:${id}`))
    expect(records.map(({ action }) => action).sort()).toEqual([
      ['drifts.approve', 'drifts.reject'][winner],
      'drifts.report',
    ])
  }
  expect(winners.size).toBe(2)
})

it('of one name, reported by many at once, there is one drift and one word of it', async () => {
  const [me, other] = [await engineer(one), await engineer(two)]
  for (const _ of range(1, 20)) {
    const report = reportOf({ severity: 'critical' })
    const answers = await Promise.all(
      range(0, 5).map((n) => post((n % 2 ? other : me).browser, n % 2, '/drifts', report)),
    )
    expect(answers.map(({ status, data }) => [status, data?.version])).toEqual(range(0, 5).map(() => [201, 1]))
    const [id, ...more] = new Set(answers.map(({ data }) => data?.id))
    expect(more).toEqual([])
    const created = and(eq(events.type, 'drift.created'), sql`payload->'drift'->>'id' = ${id}`)
    expect([await db.$count(events, created), await db.$count(alerts, eq(alerts.driftId, String(id)))]).toEqual([1, 1])
  }
})

it('what is counted is what is there, after a storm of all that changes it', async () => {
  const people = [await engineer(one), await engineer(two)]
  const random = new Random(7)
  const names = range(1, 25).map(() => reportOf().externalId)
  const fair = new Set(['ok', 'ALREADY_DECIDED', 'NOT_FOUND', 'NOTHING_DRIFTED'])
  const seen = new Set<string>()
  const anyOf = async (table: typeof drifts | typeof alerts) => {
    const [row] = await db.select({ id: table.id }).from(table).orderBy(sql`random()`).limit(1)
    return row?.id ?? names[0]
  }
  const step = async (worker: number) => {
    const at = random.between(0, 1)
    const { browser } = random.pick(people)
    const act = async (path: string, body: object = {}) => {
      const { code } = await post(browser, at, path, body)
      expect(fair, path).toContain(code)
      seen.add(`${path.split('/').at(-1)} ${code}`)
    }
    const what = random.next()
    if (what < 0.45) {
      const changed = {
        externalId: random.pick(names),
        severity: random.pick(['low', 'medium', 'high', 'critical'] as const),
        actual: random.chance(0.1) ? { ingress: ['443/tcp'] } : { n: random.between(1, 3) },
        resource: { type: 'disk', id: 'one', provider: random.pick(['aws', 'gcp', 'azure']), region: null },
      }
      await act('/drifts', reportOf(changed))
    } else if (what < 0.6) await act(`/drifts/${await anyOf(drifts)}/approve`)
    else if (what < 0.7) await act(`/drifts/${await anyOf(drifts)}/reject`, { reason: 'No' })
    else if (what < 0.75) await act(`/drifts/${await anyOf(drifts)}/resolve`)
    else if (what < 0.88) await act(`/alerts/${await anyOf(alerts)}/read`)
    else if (what < 0.92) await act('/alerts/read-all')
    else if (worker === 0) {
      const signal = new AbortController().signal
      await trimDrifts(two.database.db, random.between(0, 300), signal)
      await trimAlerts(one.database.db, random.between(0, 300), signal)
    }
  }
  await Promise.all(
    range(0, 7).map(async (worker) => {
      for (const _ of range(1, 60)) await step(worker)
    }),
  )
  for (const met of ['drifts NOTHING_DRIFTED', 'approve ALREADY_DECIDED', 'approve ok', 'resolve ok', 'read ok']) {
    expect([...seen]).toContain(met)
  }

  const { provider, status, severity } = drifts
  const kinds = await db
    .select({ provider, status, severity, n: count() })
    .from(drifts)
    .groupBy(provider, status, severity)
  const counted = await db.select().from(driftCounts)
  expect(sorted(counted.filter(({ n }) => n !== 0))).toEqual(sorted(kinds))
  await expectCountersTrue(db)

  const [days] = await db
    .select({
      detected: sql`sum(detected)::int`,
      approved: sql`sum(approved)::int`,
      rejected: sql`sum(rejected)::int`,
    })
    .from(driftDays)
  const told = (type: string) => db.$count(events, and(eq(events.channel, 'drifts'), eq(events.type, type)))
  const reopened = await db.$count(
    auditLogs,
    sql`action = 'drifts.report' and before->>'status' <> 'pending' and after->>'status' = 'pending'`,
  )
  expect(days).toEqual({
    detected: (await told('drift.created')) + reopened,
    approved: await told('drift.approved'),
    rejected: await told('drift.rejected'),
  })
})

const sorted = (rows: object[]) => rows.map((row) => JSON.stringify(row, Object.keys(row).sort())).sort()

it('of two who decide on many of the same drifts at once, in opposite orders, none is decided twice', async () => {
  const users = [await engineer(one), await engineer(two)] as const
  for (const _ of range(1, 3)) {
    const ids: string[] = []
    for (const _ of range(1, 40)) ids.push((await driftOf(users[0], { severity: 'high' })).id)
    const decide = (at: 0 | 1, driftIds: string[]) =>
      post(users[at].browser, at, '/drifts/decide', { driftIds, verdict: 'approved' })
    const answers = await Promise.all([decide(0, ids.slice(0, 30)), decide(1, ids.slice(10).reverse())])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    const rows = await db.select().from(drifts).where(inArray(drifts.id, ids))
    for (const row of rows) expect(row).toMatchObject({ status: 'approved', version: 2 })
    for (const id of ids) expect(await eventsOf('drift.approved', id)).toBe(1)
  }
  await expectCountersTrue(db)
})
