import { eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { Alert } from '../../../shared/alerts.ts'
import type { Severity } from '../../../shared/drifts.ts'
import { newId } from '../../platform/db/columns.ts'
import { expectCountersTrue } from '../../test/alert-counters.ts'
import { buildTestApp } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { driftOf, engineer, range, reportOf, signedIn } from '../../test/followers.ts'
import { raiseAlert, trimAlerts } from './service.ts'
import { alertCounts, alertReadCounts, alerts } from './table.ts'

const app = await buildTestApp()
const { db } = app.database

const list = async (browser: TestBrowser, input: object = {}) =>
  (await browser.query('alerts.list', input)).json().result.data
const unread = async (browser: TestBrowser) => (await browser.query('alerts.unread')).json().result.data
const raise = (changed: { severity?: Severity } = {}) =>
  raiseAlert(db, null, { driftId: null, severity: 'high', title: 'Look', message: 'There it is.', ...changed })
const totalOf = async (browser: TestBrowser, input: object = {}): Promise<number> =>
  (await list(browser, input)).pagination.total

/** The counters are what a count of the rows gives. */
const expectTrueCounts = () => expectCountersTrue(db)

describe('an alert is made', () => {
  it('of a drift that is urgent, becomes more so, or has come back so; in words without its states', async () => {
    const me = await engineer(app)
    const report = reportOf({
      severity: 'medium',
      expected: { port: 'expectedValue' },
      actual: { port: 'actualValue' },
    })
    const { id: driftId } = await driftOf(me, report)
    const made = async () =>
      (await db.select().from(alerts).where(eq(alerts.driftId, driftId)).orderBy(alerts.id)).map(
        ({ severity, title, message }) => {
          expect(title + message).not.toMatch(/expectedValue|actualValue/)
          return `${severity}: ${title}. ${message}`
        },
      )
    const resource = 'security_group web (aws, eu-central-1)'
    const last = 'Approve or reject the change.'
    const all: string[] = []
    expect(await made()).toEqual(all)
    await driftOf(me, { ...report, severity: 'high' })
    all.push(`high: High drift of security_group web. ${resource} has become high. ${last}`)
    expect(await made()).toEqual(all)
    // Seen otherwise, and as urgent as it was or less.
    await driftOf(me, { ...report, severity: 'high', actual: null })
    await driftOf(me, { ...report, severity: 'low', actual: null })
    expect(await made()).toEqual(all)
    await driftOf(me, { ...report, severity: 'critical', actual: null })
    all.push(`critical: Critical drift of security_group web. ${resource} has become critical. ${last}`)
    await me.browser.mutate('drifts.approve', { driftId })
    await driftOf(me, { ...report, severity: 'critical', actual: { other: true } })
    all.push(`critical: Critical drift of security_group web. ${resource} has drifted again. ${last}`)
    expect(await made()).toEqual(all)

    const { id } = await driftOf(me, { severity: 'high', resource: { ...report.resource, region: null } })
    expect(await db.select().from(alerts).where(eq(alerts.driftId, id))).toMatchObject([
      { message: `security_group web (aws) is not as it was meant to be. ${last}` },
    ])
  })

  it('and told to everybody who is signed in', async () => {
    const { browser } = await signedIn(app)
    const { cursor: lastEventId } = await list(browser)
    await raise()
    const { events } = (await browser.query('alerts.events', { lastEventId })).json().result.data
    const { items } = await list(browser, { limit: 1 })
    expect(events).toMatchObject([{ type: 'alert.created', alert: items[0] }])
  })
})

describe('each person', () => {
  it('has read what they have, once, on all of their devices; nobody else has', async () => {
    const [me, other] = [await signedIn(app), await signedIn(app)]
    await raise()
    await me.browser.mutate('alerts.readAll')
    await raise()
    const { cursor: lastEventId, unread: before } = await unread(me.browser)
    const [{ id: alertId }] = (await list(me.browser)).items
    for (const _ of range(1, 2)) {
      const answer = await me.browser.send({ method: 'POST', url: `/api/v1/alerts/${alertId}/read` })
      expect(answer.json().data).toEqual({ id: alertId, isRead: true })
    }
    expect([before, (await unread(me.browser)).unread]).toEqual([1, 0])
    const isRead = async (browser: TestBrowser) => (await list(browser, { limit: 1 })).items[0].isRead
    expect([await isRead(me.browser), await isRead(other.browser), await isRead(app.browser())]).toEqual([
      true,
      false,
      false,
    ])
    const { events } = (await me.browser.query('alerts.readEvents', { lastEventId })).json().result.data
    expect(events).toMatchObject([{ type: 'alert.read', alertId }])
    const missing = await me.browser.mutate('alerts.read', { alertId: newId() })
    expect(missing.json().error.data.code).toBe('NOT_FOUND')
  })

  it('reads all at once, of which there is one word', async () => {
    const me = await signedIn(app)
    for (const _ of range(1, 101)) await raise()
    const total = await totalOf(me.browser, { settled: false })
    const { cursor: lastEventId, unread: before } = await unread(me.browser)
    expect(before).toBe(100)
    expect((await me.browser.mutate('alerts.readAll')).json().result.data).toEqual({ read: total })
    expect((await me.browser.mutate('alerts.readAll')).json().result.data).toEqual({ read: 0 })
    expect((await unread(me.browser)).unread).toBe(0)
    const { events } = (await me.browser.query('alerts.readEvents', { lastEventId })).json().result.data
    expect(events).toMatchObject([{ type: 'alert.read', alertId: null }])
  })
})

describe('a decision on a drift, or its resolution,', () => {
  const changes: [change: string, procedure: string][] = [
    ['an approval', 'drifts.approve'],
    ['a rejection', 'drifts.reject'],
    ['a resolution', 'drifts.resolve'],
  ]

  it.each(changes)('settles its alerts for every user: %s', async (_change, procedure) => {
    const [me, other] = [await engineer(app), await signedIn(app)]
    const settledNow = () => totalOf(me.browser, { settled: true })
    await me.browser.mutate('alerts.readAll')
    await other.browser.mutate('alerts.readAll')
    const { id: driftId } = await driftOf(me, { severity: 'high' })
    await driftOf(me, { severity: 'critical' })
    const { cursor: lastEventId, items } = await list(me.browser, { settled: false })
    const alert: Alert = items.find((one: Alert) => one.driftId === driftId)
    expect(alert).toMatchObject({ isSettled: false, isRead: false })
    await other.browser.mutate('alerts.read', { alertId: alert.id })
    const counts = async () => [(await unread(me.browser)).unread, (await unread(other.browser)).unread]
    expect(await counts()).toEqual([2, 1])
    const settledBefore = await settledNow()

    expect((await me.browser.mutate(procedure, { driftId, reason: 'Meant.' })).statusCode).toBe(200)

    expect(await counts()).toEqual([1, 1])
    expect((await list(me.browser, { settled: true })).items[0]).toMatchObject({
      id: alert.id,
      isSettled: true,
      isRead: true,
    })
    expect((await list(app.browser(), { settled: true })).items[0]).toMatchObject({ id: alert.id, isRead: false })
    expect((await list(me.browser, { settled: false })).items.map(({ id }: Alert) => id)).not.toContain(alert.id)
    expect(await settledNow()).toBe(settledBefore + 1)
    const { events } = (await other.browser.query('alerts.events', { lastEventId })).json().result.data
    expect(events).toMatchObject([{ type: 'alert.settled', actorId: me.id, driftId, alertIds: [alert.id] }])
    expect((await me.browser.mutate('alerts.read', { alertId: alert.id })).json().result.data.isRead).toBe(true)
    expect(await counts()).toEqual([1, 1])
    await expectTrueCounts()
  })

  it('leaves a new user only the alerts that still need a decision', async () => {
    const me = await engineer(app)
    const { id: driftId } = await driftOf(me, { severity: 'high' })
    await driftOf(me, { severity: 'high' })
    await me.browser.mutate('drifts.approve', { driftId })
    const newcomer = await signedIn(app)
    const open = await totalOf(newcomer.browser, { settled: false })
    expect(open).toBeLessThan(await totalOf(newcomer.browser))
    expect((await unread(newcomer.browser)).unread).toBe(Math.min(open, 100))
    expect((await newcomer.browser.mutate('alerts.readAll')).json().result.data).toEqual({ read: open })
    expect((await unread(newcomer.browser)).unread).toBe(0)
    await expectTrueCounts()
  })
})

it('a list goes on where it stopped, of one severity too, and says how many there are', async () => {
  const { browser } = await signedIn(app)
  for (const n of range(1, 7)) await raise({ severity: n % 2 ? 'low' : 'medium' })
  const whole = (await list(browser, { severity: 'low', limit: 100 })) as { items: Alert[]; pagination: object }
  expect(whole.items.map(({ id }) => id)).toEqual(
    whole.items
      .map(({ id }) => id)
      .sort()
      .reverse(),
  )
  expect(whole.items.every(({ severity }) => severity === 'low')).toBe(true)
  expect(whole.pagination).toMatchObject({ total: whole.items.length, nextCursor: null })
  const found: Alert[] = []
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await list(browser, { severity: 'low', limit: 2, ...(cursor && { cursor }) })
    found.push(...page.items)
    cursor = page.pagination.nextCursor
  }
  expect(found).toEqual(whole.items)
  expect((await list(browser, { severity: 'low', limit: 2, page: 2 })).items).toEqual(whole.items.slice(2, 4))
})

it('old ones go, with who has read them, and everything is counted out', async () => {
  const [me, other] = [await signedIn(app), await signedIn(app)]
  await raise()
  await me.browser.mutate('alerts.readAll')
  await db.update(alerts).set({ createdAt: sql`now() - interval '2 days'` })
  for (const _ of range(1, 3)) await raise({ severity: 'critical' })
  const [{ id: alertId }] = (await list(other.browser)).items
  await other.browser.mutate('alerts.read', { alertId })
  const old = (await totalOf(me.browser)) - 3
  const day = 24 * 3_600_000
  expect(await trimAlerts(db, 3 * day, new AbortController().signal)).toBe(0)
  expect(await trimAlerts(db, day, new AbortController().signal)).toBe(old)
  expect((await list(me.browser)).pagination.total).toBe(3)
  expect([(await unread(me.browser)).unread, (await unread(other.browser)).unread]).toEqual([3, 2])
  expect((await db.select().from(alertCounts)).filter(({ n }) => n !== 0)).toEqual([
    { severity: 'critical', n: 3, open: 3 },
  ])
  expect((await db.select().from(alertReadCounts)).filter(({ n }) => n !== 0)).toEqual([{ userId: other.id, n: 1 }])
  await expectTrueCounts()
})
