import { and, desc, eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import {
  type DriftEvent,
  DriftStatus,
  type DriftSummary,
  driftLimits,
  type ReportDrift,
  Severity,
} from '../../../shared/drifts.ts'
import { auditLogs } from '../../platform/audit/table.ts'
import { newId } from '../../platform/db/columns.ts'
import { buildTestApp } from '../../test/app.ts'
import { driftOf, engineer, range, reportOf, signedIn } from '../../test/followers.ts'
import { forgetOldDrifts } from './jobs.ts'
import { driftCounts, driftDays, drifts } from './table.ts'

const app = await buildTestApp()
const { db } = app.database

async function present() {
  const { browser } = await signedIn(app)
  const { cursor } = (await browser.query('drifts.events', {})).json().result.data
  return async () => {
    const { events } = (await browser.query('drifts.events', { lastEventId: cursor })).json().result.data
    return events as DriftEvent[]
  }
}

const recordsOf = (action: string, driftId: string) =>
  db
    .select()
    .from(auditLogs)
    .where(and(eq(auditLogs.action, action), eq(auditLogs.target, `drift:${driftId}`)))
    .orderBy(desc(auditLogs.id))

describe('a report', () => {
  it('of a name that nobody knows is a pending drift, and of the same again changes nothing', async () => {
    const me = await engineer(app)
    const since = await present()
    const report = reportOf({ expected: { a: 1, b: { c: [1, 2], d: null } } })
    const drift = await driftOf(me, report)
    expect(drift).toMatchObject({ status: 'pending', version: 1, decidedAt: null, externalId: report.externalId })
    const again = await driftOf(me, { ...report, expected: { b: { d: null, c: [1, 2] }, a: 1 } })
    expect(again).toEqual(drift)
    expect(await since()).toMatchObject([{ type: 'drift.created', actorId: me.id, drift }])
  })

  it('of something else makes a decision void, which the audit log keeps', async () => {
    const me = await engineer(app)
    const report = reportOf()
    const { id: driftId } = await driftOf(me, report)
    await me.browser.mutate('drifts.approve', { driftId, reason: 'On purpose' })
    const since = await present()
    const drift = await driftOf(me, { ...report, severity: 'high' })
    expect(drift).toMatchObject({ id: driftId, status: 'pending', version: 3, decidedAt: null, severity: 'high' })
    expect((await me.browser.query('drifts.decision', { driftId })).json().result.data).toEqual({
      driftId,
      status: 'pending',
      decidedAt: null,
      decidedBy: null,
      reason: null,
    })
    expect(await since()).toMatchObject([{ type: 'drift.updated', drift }])
    const [record] = await recordsOf('drifts.report', driftId)
    expect(record?.before).toMatchObject({ status: 'approved', decidedBy: me.id, reason: 'On purpose' })
    expect(record).toMatchObject({
      before: { actual: '[left out]' },
      after: { status: 'pending', expected: '[left out]' },
    })
  })

  it('moves the moment of its detection with each change, which is not ahead', async () => {
    const me = await engineer(app)
    const report = reportOf({ detectedAt: '2026-01-02T03:04:05.678Z' })
    expect(await driftOf(me, report)).toMatchObject({ detectedAt: '2026-01-02T03:04:05.678Z' })
    const later = { ...report, severity: 'low', detectedAt: '2026-02-02T00:00:00.000Z' } as const
    expect(await driftOf(me, later)).toMatchObject({ detectedAt: '2026-02-02T00:00:00.000Z' })
    expect(await driftOf(me, { ...later, detectedAt: '2026-03-02T00:00:00.000Z' })).toMatchObject({
      version: 2,
      detectedAt: '2026-02-02T00:00:00.000Z',
    })
    const ahead = (byMs: number) => reportOf({ detectedAt: new Date(Date.now() + byMs).toISOString() })
    expect((await me.browser.mutate('drifts.report', ahead(240_000))).statusCode).toBe(200)
    const refused = await me.browser.mutate('drifts.report', { ...ahead(330_000), severity: 'worst' })
    expect(refused.json().error.data).toMatchObject({
      code: 'VALIDATION_ERROR',
      details: [{ field: 'severity' }, { field: 'detectedAt', message: 'Must not be in the future' }],
    })
  })

  it('that nothing drifts is none, and resolves what is known; reported anew, it has come back', async () => {
    const me = await engineer(app)
    const report = reportOf()
    const same = { ...report, actual: report.expected }
    const refused = await me.browser.mutate('drifts.report', same)
    expect([refused.statusCode, refused.json().error.data.code]).toEqual([422, 'NOTHING_DRIFTED'])
    const { id } = await driftOf(me, report)
    const since = await present()
    for (const _ of range(1, 2)) expect(await driftOf(me, same)).toMatchObject({ id, status: 'resolved', version: 2 })
    const answer = await me.browser.mutate('drifts.resolve', { driftId: id })
    expect(answer.json().result.data).toMatchObject({ id, status: 'resolved', version: 2 })
    expect(await driftOf(me, report)).toMatchObject({ id, status: 'pending', version: 3 })
    expect(await since()).toMatchObject([
      { type: 'drift.resolved', id, version: 2 },
      { type: 'drift.updated', drift: { id, version: 3 } },
    ])
  })

  it('keeps any state of JSON as it is, and refuses what is none, too long or too deep', async () => {
    const me = await engineer(app)
    const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
    const long = (bytes: number) => JSON.stringify({ a: 'x'.repeat(bytes - 8) })
    const send = (actual: string, url = '/trpc/drifts.report') =>
      me.browser.send({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json' },
        payload: JSON.stringify({ ...reportOf(), actual: 'HERE' }).replace('"HERE"', actual),
      })
    for (const state of [
      'null',
      '{}',
      deep(driftLimits.stateDepth),
      long(driftLimits.stateBytes),
      '{"a":1e308,"é":[{}]}',
    ]) {
      const made = await send(state)
      expect(made.statusCode, state.slice(0, 80)).toBe(200)
      const { actual } = (await me.browser.query('drifts.get', { driftId: made.json().result.data.id })).json().result
        .data
      expect(actual).toEqual(JSON.parse(state))
    }
    const refused = [
      '[]',
      '"{}"',
      deep(driftLimits.stateDepth + 1),
      deep(100_000),
      long(driftLimits.stateBytes + 1),
      `{${range(1, 20_000).map((n) => `"${n}":${n}`)}}`,
      '{"a":1e400}',
      '{"a":[{"b":-1e400}]}',
      '{"a":"\\u0000"}',
      '{"\\u0000":1}',
      '{"a":["\\ud800"]}',
      '{"__proto__":{"a":1}}',
      '{"a":{"__proto__":{"a":1}}}',
    ]
    for (const url of ['/trpc/drifts.report', '/api/v1/drifts']) {
      for (const state of refused) {
        const answer = await send(state, url)
        expect([answer.statusCode, state.slice(0, 60)]).toEqual([400, state.slice(0, 60)])
        expect(answer.body).toContain('VALIDATION_ERROR')
      }
    }
  })
})

describe('a decision', () => {
  it('names its author by user id in its event, as earlier clients expect, and has the user beside it', async () => {
    const [me, { body }] = [await engineer(app), { body: { reason: 'As agreed' } }]
    const { id: driftId } = await driftOf(me)
    const since = await present()
    await me.browser.mutate('drifts.approve', { driftId, ...body })
    const { displayName, avatarUrl } = (await me.browser.get('/me')).json()
    const approver = { id: me.id, displayName, avatarUrl }
    expect(await since()).toMatchObject([
      {
        type: 'drift.approved',
        id: driftId,
        status: 'approved',
        approvedAt: expect.any(String),
        approvedBy: me.id,
        approver,
      },
    ])
  })

  it('is for whoever is first, told to everybody, and found with its reason', async () => {
    const [me, other] = [await engineer(app), await engineer(app)]
    const { id: driftId } = await driftOf(me)
    const since = await present()
    const answer = await me.browser.mutate('drifts.reject', { driftId, reason: 'Nobody asked for it' })
    expect(answer.json().result.data).toMatchObject({ id: driftId, status: 'rejected', version: 2 })
    const late = await other.browser.mutate('drifts.approve', { driftId })
    expect([late.statusCode, late.json().error?.data.code]).toEqual([409, 'ALREADY_DECIDED'])
    const missing = await other.browser.mutate('drifts.approve', { driftId: newId() })
    expect(missing.statusCode).toBe(404)
    const { decidedAt } = answer.json().result.data
    expect(await since()).toMatchObject([
      {
        type: 'drift.rejected',
        id: driftId,
        version: 2,
        rejectedAt: decidedAt,
        rejectedBy: me.id,
        rejecter: { id: me.id },
      },
    ])
    expect((await other.browser.query('drifts.decision', { driftId })).json().result.data).toMatchObject({
      status: 'rejected',
      decidedBy: { id: me.id },
      reason: 'Nobody asked for it',
    })
  })
})

describe('a list', () => {
  it('is of what fits all filters, the last detected first, page by page; and says how many there are', async () => {
    const me = await engineer(app)
    const [provider, other] = [newId(), newId()]
    const all: DriftSummary[] = []
    for (const n of range(0, 23)) {
      const drift = await driftOf(me, {
        severity: Severity.options[n % 4] as Severity,
        // Several of one moment, which are told apart by their ids.
        detectedAt: `2026-01-0${1 + (n % 3)}T00:00:00.000Z`,
        resource: { type: 'disk', id: String(n), provider: n % 5 ? provider : other, region: null },
      })
      const how = ['approve', 'reject', 'resolve', null][(n >> 2) % 4]
      const done = how && (await me.browser.mutate(`drifts.${how}`, { driftId: drift.id, reason: 'So' }))
      all.push(done ? done.json().result.data : drift)
    }
    const order = ({ detectedAt, id }: DriftSummary) => `${detectedAt} ${id}`
    all.sort((a, b) => (order(a) < order(b) ? 1 : -1))
    for (const status of [undefined, ...DriftStatus.options]) {
      for (const severity of [undefined, ...Severity.options]) {
        const fits = all.filter(
          (drift) =>
            drift.resource.provider === provider &&
            (status ?? drift.status) === drift.status &&
            (severity ?? drift.severity) === drift.severity,
        )
        const found: DriftSummary[] = []
        for (let cursor: string | null | undefined; cursor !== null; ) {
          const asked = { provider, status, severity, limit: 2, ...(cursor && { cursor }) }
          const page = (await app.browser().query('drifts.list', asked)).json().result.data
          expect(page.pagination.total).toBe(fits.length)
          found.push(...page.items)
          cursor = page.pagination.nextCursor
        }
        expect(found).toEqual(fits)
        const asked = { provider, status, severity, limit: 3, page: 2 }
        expect((await me.browser.query('drifts.list', asked)).json().result.data.items).toEqual(fits.slice(3, 6))
      }
    }
    const ours = all.filter(({ resource }) => resource.provider === provider)
    const urgency = ({ severity }: DriftSummary) => Severity.options.indexOf(severity)
    const bySeverity = ours.toSorted((one, other) => urgency(other) - urgency(one))
    const isDecided = ({ status }: DriftSummary) => status === 'approved' || status === 'rejected'
    for (const [filters, fits] of [
      [{ status: 'decided' }, ours.filter(isDecided)],
      [{ sort: 'severity' }, bySeverity],
      [{ status: 'decided', sort: 'severity' }, bySeverity.filter(isDecided)],
      [{ status: 'pending', sort: 'severity' }, bySeverity.filter(({ status }) => status === 'pending')],
      [{ severity: 'low', sort: 'severity' }, ours.filter(({ severity }) => severity === 'low')],
    ] as const) {
      const found: DriftSummary[] = []
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const asked = { provider, ...filters, limit: 3, ...(cursor && { cursor }) }
        const page = (await me.browser.query('drifts.list', asked)).json().result.data
        expect([filters, page.pagination.total]).toEqual([filters, fits.length])
        found.push(...page.items)
        cursor = page.pagination.nextCursor
      }
      expect([filters, found]).toEqual([filters, fits])
    }
    for (const filters of [{ status: 'decided' }, { sort: 'severity' }]) {
      const refused = await me.browser.query('drifts.list', { provider, ...filters, page: 2 })
      expect(refused.json().error.data).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ field: 'page' }] })
    }
  })

  it('has with a search the drifts whose resource has all of its words, in each order and page by page', async () => {
    const me = await engineer(app)
    const group = `group${newId().slice(-12)}`
    const make = (id: string, changed: Partial<ReportDrift> = {}) =>
      driftOf(me, {
        resource: { type: 'load_balancer', id: `${group}-${id}`, provider: 'aws', region: 'eu-west-1' },
        ...changed,
      })
    const search = async (filters: Record<string, unknown>) => {
      const { items, pagination } = (await app.browser().query('drifts.list', filters)).json().result.data
      return { ids: items.map(({ id }: DriftSummary) => id), ...pagination }
    }
    const billing = await make('billing', { severity: 'low', detectedAt: '2026-01-03T00:00:00.000Z' })
    const shop = await make('shop', { severity: 'critical', detectedAt: '2026-01-02T00:00:00.000Z' })
    const old = await make('Shöp-old', { severity: 'low', detectedAt: '2026-01-01T00:00:00.000Z' })
    await me.browser.mutate('drifts.approve', { driftId: old.id })
    for (const [filters, fits] of [
      [{ search: group }, [billing, shop, old]],
      [{ search: `SHOP ${group.slice(0, 14)}` }, [shop, old]],
      [{ search: `${group} balancer west` }, [billing, shop, old]],
      [{ search: `${group} shop`, status: 'decided' }, [old]],
      [{ search: group, severity: 'low' }, [billing, old]],
      [{ search: group, sort: 'severity' }, [shop, billing, old]],
      [{ search: group, provider: 'gcp' }, []],
      [{ search: `${group} nothing` }, []],
      [{ search: '—' }, []],
    ] as const) {
      const ids = fits.map(({ id }) => id)
      expect([filters, await search(filters)]).toMatchObject([filters, { ids, total: ids.length, nextCursor: null }])
      const first = await search({ ...filters, limit: 1 })
      expect(first.ids).toEqual(ids.slice(0, 1))
      const next = first.nextCursor && (await search({ ...filters, limit: 2, cursor: first.nextCursor }))
      expect(next ? next.ids : []).toEqual(ids.slice(1))
    }
    expect(await search({ search: group, limit: 1, page: 3 })).toMatchObject({ ids: [old.id], total: 3 })
  })

  it('has with a search of a common word the newest that have it, at most 100', async () => {
    const me = await engineer(app)
    const provider = newId()
    for (const n of range(1, 3)) {
      const resource = { type: 'disk', id: `one of many item${n}`, provider, region: null }
      await driftOf(me, { resource, detectedAt: `2026-01-0${n}T00:00:00.000Z` })
    }
    await db.execute(sql`
      insert into ${drifts} (id, external_id, resource_type, resource_id, provider, severity, detected_at)
      select gen_random_uuid(), ${provider} || n, 'disk', 'one of many', ${provider}, 'low', '2025-06-01'::timestamptz + n * interval '1 minute'
      from generate_series(1, 150) n`)
    const asked = { provider, search: 'many disk', limit: 100 }
    const { items, pagination } = (await me.browser.query('drifts.list', asked)).json().result.data
    expect(pagination).toMatchObject({ total: driftLimits.found, totalPages: 1, nextCursor: null })
    expect(items.slice(0, 3).map(({ resource }: DriftSummary) => resource.id)).toEqual(
      [3, 2, 1].map((n) => `one of many item${n}`),
    )
    const first = (await me.browser.query('drifts.list', { ...asked, search: 'many item1' })).json().result.data
    expect(first.items).toHaveLength(1)
  })
})

it('the summary is of all drifts, and of each of the last 30 days', async () => {
  const me = await engineer(app)
  const summary = async () => (await app.browser().get('/api/v1/metrics/summary')).json().data
  const before = await summary()
  const daysAgo = (days: number) => new Date(Date.now() - days * 24 * 3_600_000)
  const [one, two] = [
    await driftOf(me, { severity: 'high', detectedAt: daysAgo(3).toISOString() }),
    await driftOf(me, { severity: 'low', detectedAt: daysAgo(40).toISOString() }),
  ]
  await me.browser.mutate('drifts.approve', { driftId: one.id })
  await me.browser.mutate('drifts.reject', { driftId: two.id, reason: 'No' })
  await driftOf(me, { severity: 'critical' })
  const after = await summary()
  const grown = (field: string, key: string) => after[field][key] - before[field][key]
  expect(after.total - before.total).toBe(3)
  expect(after.providers).toContain(one.resource.provider)
  expect(['pending', 'approved', 'rejected', 'resolved'].map((key) => grown('byStatus', key))).toEqual([1, 1, 1, 0])
  expect(Severity.options.map((key) => grown('bySeverity', key))).toEqual([1, 0, 1, 1])
  expect(Severity.options.map((key) => grown('pendingBySeverity', key))).toEqual([0, 0, 0, 1])
  const days = range(0, 29).map((n) =>
    daysAgo(29 - n)
      .toISOString()
      .slice(0, 10),
  )
  expect(after.trend.map(({ day }: { day: string }) => day)).toEqual(days)
  const change = (at: number, key: string) => after.trend[at][key] - before.trend[at][key]
  expect([change(26, 'detected'), change(29, 'detected')]).toEqual([1, 1])
  expect([change(29, 'approved'), change(29, 'rejected'), change(26, 'approved')]).toEqual([1, 1, 0])
  await db.delete(driftDays)
  expect((await summary()).meanSecondsToDecision).toBe(null)
  const three = await driftOf(me, { detectedAt: daysAgo(1).toISOString() })
  await me.browser.mutate('drifts.approve', { driftId: three.id })
  expect(Math.abs((await summary()).meanSecondsToDecision - 24 * 3600)).toBeLessThan(60)
})

it('what was decided or resolved long ago goes, and is counted out; what is pending stays', async () => {
  const me = await engineer(app)
  const provider = newId()
  const resource = { type: 'disk', id: 'one', provider, region: null }
  const made = []
  for (const _ of range(1, 5)) made.push(await driftOf(me, { resource, severity: 'critical' }))
  const ids = made.map(({ id }) => id)
  await me.browser.mutate('drifts.approve', { driftId: ids[0] })
  await me.browser.mutate('drifts.reject', { driftId: ids[1], reason: 'No' })
  await me.browser.mutate('drifts.resolve', { driftId: ids[2] })
  await db.update(drifts).set({ updatedAt: sql`now() - interval '2 days'` })
  await me.browser.mutate('drifts.approve', { driftId: ids[3] })
  const { work } = forgetOldDrifts(24 * 3_600_000)
  expect(await work(db, new AbortController().signal)).toBeGreaterThanOrEqual(3)
  const left = await db.select().from(drifts).where(eq(drifts.provider, provider))
  expect(left.map(({ id }) => id).sort()).toEqual([ids[3], ids[4]].sort())
  const { status, n } = driftCounts
  const counted = await db.select({ status, n }).from(driftCounts).where(eq(driftCounts.provider, provider))
  expect(counted.sort((a, b) => (a.status < b.status ? -1 : 1))).toEqual([
    { status: 'approved', n: 1 },
    { status: 'pending', n: 1 },
  ])
  // Their alerts are not as old, and are about nothing that is kept.
  const { items } = (await me.browser.query('alerts.list', { limit: 5 })).json().result.data
  expect(items.map(({ driftId }: { driftId: string | null }) => driftId)).toEqual([ids[4], ids[3], null, null, null])
})
