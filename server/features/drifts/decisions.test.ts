/** Decisions on several drifts at once, and decisions that are taken back. */
import { and, eq, inArray } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { type DriftHistory, type DriftResults, driftLimits } from '../../../shared/drifts.ts'
import { auditLogs } from '../../platform/audit/table.ts'
import { newId } from '../../platform/db/columns.ts'
import { events } from '../../platform/live/table.ts'
import { buildTestApp } from '../../test/app.ts'
import { driftOf, engineer, range, signedIn } from '../../test/followers.ts'
import { alerts } from '../alerts/table.ts'
import { driftDays, drifts } from './table.ts'

const app = await buildTestApp()
const { db } = app.database
type User = Awaited<ReturnType<typeof engineer>>

const act = async ({ browser }: User, path: string, input: object) => {
  const { result, error } = (await browser.mutate(path, input)).json()
  return result?.data ?? error.data.code
}
const resultsOf = async (user: User, path: string, input: object) =>
  ((await act(user, path, input)) as DriftResults).results.map(({ driftId, drift, error }) => [
    driftId,
    error?.code ?? drift?.status,
  ])
const historyOf = async ({ browser }: User, driftId: string) =>
  ((await browser.query('drifts.history', { driftId })).json().result.data as DriftHistory).items
const recordsOf = (action: string, driftIds: string[]) =>
  db
    .select()
    .from(auditLogs)
    .where(
      and(
        eq(auditLogs.action, action),
        inArray(
          auditLogs.target,
          driftIds.map((id) => `drift:${id}`),
        ),
      ),
    )
const eventsOf = async (driftIds: string[]) => {
  const rows = await db.select().from(events).where(eq(events.channel, 'drifts'))
  return rows.flatMap(({ type, payload }) => {
    const { id } = payload as { id?: string }
    return id && driftIds.includes(id) ? [[type, id]] : []
  })
}
const openAlerts = async (driftIds: string[]) =>
  (
    await db
      .select({ id: alerts.driftId })
      .from(alerts)
      .where(and(inArray(alerts.driftId, driftIds), eq(alerts.isSettled, false)))
  ).map(({ id }) => id)
const figures = async () => {
  const [day] = await db
    .select()
    .from(driftDays)
    .where(eq(driftDays.day, new Date().toISOString().slice(0, 10)))
  return { approved: day?.approved ?? 0, seconds: day?.secondsToDecision ?? 0 }
}
const several = async (me: User, count: number) =>
  (await Promise.all(range(1, count).map(() => driftOf(me, { severity: 'critical' })))).map(({ id }) => id)

describe('a decision on several drifts', () => {
  it('has a result for each, and decides on those that are pending: with a record, an event and its alerts settled', async () => {
    const [me, other] = [await engineer(app), await engineer(app)]
    const [first, taken, last] = (await several(me, 3)) as [string, string, string]
    await act(other, 'drifts.reject', { driftId: taken, reason: 'Was first' })
    const missing = newId()
    const driftIds = [last, missing, taken, first]
    expect(await resultsOf(me, 'drifts.decideMany', { driftIds, verdict: 'approved', reason: 'All planned' })).toEqual([
      [last, 'approved'],
      [missing, 'NOT_FOUND'],
      [taken, 'ALREADY_DECIDED'],
      [first, 'approved'],
    ])
    const rows = await db
      .select()
      .from(drifts)
      .where(inArray(drifts.id, [first, last]))
    for (const row of rows)
      expect(row).toMatchObject({ status: 'approved', decidedBy: me.id, reason: 'All planned', version: 2 })
    const records = await recordsOf('drifts.decideMany', driftIds)
    expect(records.map(({ target }) => target).sort()).toEqual([`drift:${first}`, `drift:${last}`].sort())
    for (const record of records) {
      expect(record).toMatchObject({ actorId: me.id, before: { status: 'pending' } })
      expect(record.after).toMatchObject({ status: 'approved', reason: 'All planned' })
    }
    expect((await eventsOf([first, last])).sort()).toEqual(
      [
        ['drift.approved', first],
        ['drift.approved', last],
      ].sort(),
    )
    expect(await openAlerts([first, taken, last])).toEqual([])
    expect(await historyOf(me, taken)).toMatchObject([
      { action: 'rejected', by: { id: other.id }, reason: 'Was first' },
    ])
  })

  it('of which one is given twice is made once', async () => {
    const me = await engineer(app)
    const [id] = (await several(me, 1)) as [string]
    const input = { driftIds: [id, id.toUpperCase()], verdict: 'rejected', reason: 'No' }
    expect(await resultsOf(me, 'drifts.decideMany', input)).toEqual([
      [id, 'rejected'],
      [id, 'rejected'],
    ])
    expect(await recordsOf('drifts.decideMany', [id])).toHaveLength(1)
    expect(await historyOf(me, id)).toHaveLength(1)
  })

  it('needs a reason to reject, one drift at least and a hundred at most, and a user who may decide', async () => {
    const me = await engineer(app)
    const driftIds = await several(me, 1)
    for (const input of [
      { driftIds, verdict: 'rejected' },
      { driftIds: [], verdict: 'approved' },
      { driftIds: range(0, driftLimits.decisions).map(newId), verdict: 'approved' },
      { driftIds, verdict: 'resolved' },
    ])
      expect(await act(me, 'drifts.decideMany', input)).toBe('VALIDATION_ERROR')
    const viewer = await signedIn(app)
    for (const path of ['drifts.decideMany', 'drifts.undoMany'])
      expect(await act(viewer as User, path, { driftIds, verdict: 'approved' })).toBe('FORBIDDEN')
    expect(await act(viewer as User, 'drifts.reopen', { driftId: driftIds[0], reason: 'I may not' })).toBe('FORBIDDEN')
    expect(await historyOf(me, driftIds[0] as string)).toEqual([])
  })

  it('takes effect once for an idempotency key, and a repeat has the same results', async () => {
    const me = await engineer(app)
    const driftIds = await several(me, 2)
    const key = { 'idempotency-key': newId() }
    const send = () => me.browser.mutate('drifts.decideMany', { driftIds, verdict: 'approved' }, key)
    const first = (await send()).json()
    expect(first.result.data.results).toMatchObject([{ error: null }, { error: null }])
    expect((await send()).json()).toEqual(first)
    expect(await recordsOf('drifts.decideMany', driftIds)).toHaveLength(2)
  })
})

describe('a decision that is undone', () => {
  it('within a minute by its user leaves the drift pending, with its alert, and no trace in the figures', async () => {
    const [me, other] = [await engineer(app), await engineer(app)]
    const [mine, theirs, pending] = (await several(me, 3)) as [string, string, string]
    await act(other, 'drifts.approve', { driftId: theirs })
    const before = await figures()
    await act(me, 'drifts.decideMany', { driftIds: [mine], verdict: 'approved', reason: 'Too quick' })
    expect((await figures()).approved).toBe(before.approved + 1)
    const driftIds = [mine, theirs, pending]
    expect(await resultsOf(me, 'drifts.undoMany', { driftIds })).toEqual([
      [mine, 'pending'],
      [theirs, 'NOT_UNDOABLE'],
      [pending, 'NOT_UNDOABLE'],
    ])
    const { approved, seconds } = await figures()
    expect([approved, Math.abs(seconds - before.seconds) < 0.001]).toEqual([before.approved, true])
    expect(await historyOf(me, mine)).toMatchObject([
      { action: 'undone', by: { id: me.id }, reason: null },
      { action: 'approved', by: { id: me.id }, reason: 'Too quick' },
    ])
    const [record] = await recordsOf('drifts.undoMany', driftIds)
    expect(record).toMatchObject({
      target: `drift:${mine}`,
      before: { status: 'approved', decidedBy: me.id, reason: 'Too quick' },
      after: { status: 'pending', decidedBy: null, reason: null },
    })
    expect((await openAlerts(driftIds)).sort()).toEqual([mine, pending].sort())
    expect(await act(me, 'drifts.reject', { driftId: mine, reason: 'Looked closer' })).toMatchObject({ version: 4 })
  })

  it('is refused once the minute is over', async () => {
    const me = await engineer(app)
    const driftIds = await several(me, 1)
    await act(me, 'drifts.decideMany', { driftIds, verdict: 'approved' })
    const decidedAt = new Date(Date.now() - driftLimits.undoMs - 5_000)
    await db.update(drifts).set({ decidedAt }).where(inArray(drifts.id, driftIds))
    expect(await resultsOf(me, 'drifts.undoMany', { driftIds })).toEqual([[driftIds[0], 'NOT_UNDOABLE']])
  })
})

describe('a drift that is reopened', () => {
  it('by any user who may decide is pending again, with the reason in its history and in the record', async () => {
    const [me, other] = [await engineer(app), await engineer(app)]
    const [driftId] = (await several(me, 1)) as [string]
    await act(me, 'drifts.reject', { driftId, reason: 'Nobody asked for it' })
    const { approved } = await figures()
    const reopened = await act(other, 'drifts.reopen', { driftId, reason: 'It was asked for' })
    expect(reopened).toMatchObject({ status: 'pending', version: 3, decidedAt: null })
    expect(await historyOf(me, driftId)).toMatchObject([
      { action: 'reopened', by: { id: other.id }, reason: 'It was asked for' },
      { action: 'rejected', by: { id: me.id }, reason: 'Nobody asked for it' },
    ])
    expect(await recordsOf('drifts.reopen', [driftId])).toMatchObject([
      { actorId: other.id, before: { status: 'rejected' }, after: { status: 'pending', driftId } },
    ])
    expect(await openAlerts([driftId])).toEqual([driftId])
    expect((await figures()).approved).toBe(approved)
  })

  it('has to be decided: one that is pending, resolved or unknown is refused', async () => {
    const me = await engineer(app)
    const [pending, resolved] = (await several(me, 2)) as [string, string]
    await act(me, 'drifts.resolve', { driftId: resolved })
    const reopen = (driftId: string, reason = 'Why not') => act(me, 'drifts.reopen', { driftId, reason })
    expect([await reopen(pending), await reopen(resolved), await reopen(newId()), await reopen(pending, ' ')]).toEqual([
      'NOT_DECIDED',
      'NOT_DECIDED',
      'NOT_FOUND',
      'VALIDATION_ERROR',
    ])
    expect(await historyOf(me, resolved)).toMatchObject([{ action: 'resolved', reason: null }])
  })
})
