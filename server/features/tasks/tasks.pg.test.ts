/** A list that its person changes from everywhere at once, followed from any moment. */
import { and, asc, eq, isNull } from 'drizzle-orm'
import { expect, it, vi } from 'vitest'
import type { Task, TaskEvent, Tasks } from '../../../shared/tasks.ts'
import { newId } from '../../platform/db/columns.ts'
import { PostgresConnection } from '../../platform/db/postgres-connection.ts'
import { buildTestApp } from '../../test/app.ts'
import { range, signedIn } from '../../test/followers.ts'
import { taskLists, tasks } from './table.ts'

const app = await buildTestApp()
const { db } = app.database

it('has unique ranks, right counts and gapless events, by which each device comes to what the server lists', async () => {
  const { browser, id: userId } = await signedIn(app)
  // On a slow machine so many wait for a connection that some are told to come back, as clients then do.
  const untilServed = async (call: () => ReturnType<typeof browser.query>) => {
    let answer = await call()
    while (answer.statusCode === 503) answer = await call()
    return answer
  }
  const mutate = async (path: string, input: object) => {
    const answer = await untilServed(() => browser.mutate(`tasks.${path}`, input))
    expect([200, 404], answer.body).toContain(answer.statusCode)
  }
  const query = async (path: string, input: object = {}) =>
    (await untilServed(() => browser.query(`tasks.${path}`, input))).json().result.data
  const snapshots: Tasks[] = [await query('list', { limit: 100 })]
  let changing = true
  const reader = (async () => {
    while (changing) snapshots.push(await query('list', { limit: 100 }))
  })()
  const ids = range(1, 50).map(newId)
  const any = (n: number) => ids[(n * 17) % ids.length] as string
  await Promise.all(ids.map((taskId, n) => mutate('create', { taskId, title: `${n}` })))
  await Promise.all([
    ...ids.flatMap((taskId, n) => [
      mutate('move', { taskId, after: n % 5 ? any(n) : null }),
      mutate('complete', { taskId, completed: n % 3 === 0 }),
    ]),
    ...range(1, 10).flatMap((n) => [mutate('delete', { taskId: any(n) }), mutate('create', { title: `more ${n}` })]),
    ...range(1, 5).map((n) => mutate('restore', { taskId: any(n) })),
  ]).finally(() => {
    changing = false
  })
  await reader

  const kept = await db
    .select()
    .from(tasks)
    .where(and(eq(tasks.userId, userId), isNull(tasks.deletedAt)))
    .orderBy(asc(tasks.rank))
  expect(new Set(kept.map(({ rank }) => rank)).size).toBe(kept.length)
  const doneCount = kept.filter(({ completed }) => completed).length
  const counted = await db.select().from(taskLists).where(eq(taskLists.userId, userId))
  expect(counted).toEqual([{ userId, doneCount, openCount: kept.length - doneCount }])
  const { items, pagination }: Tasks = await query('list', { limit: 100 })
  expect(items.map(({ id }) => id)).toEqual(kept.map(({ id }) => id))
  expect(pagination.total).toBe(kept.length)

  for (const { items: known, cursor } of snapshots) {
    const { events, resync }: { events: TaskEvent[]; resync: boolean } = await query('events', { lastEventId: cursor })
    const from = Number(cursor.split(':')[1])
    expect([resync, events.map(({ seq }) => seq)]).toEqual([false, range(from + 1, from + events.length)])
    expect(applied(known, events)).toEqual(items)
  }
  expect(new Set(snapshots.map(({ cursor }) => cursor)).size).toBeGreaterThan(5)
})

it('waits for the database five times for a mutation with its key, record and event', async () => {
  const { browser } = await signedIn(app)
  const send = async (method: 'POST' | 'DELETE', path: string, payload?: object) => {
    const url = `/api/v1/tasks${path}`
    const answer = await browser.send({
      method,
      url,
      headers: { 'idempotency-key': newId() },
      ...(payload && { payload }),
    })
    expect(answer.statusCode, answer.body).toBeLessThan(300)
    return answer
  }
  const { id } = (await send('POST', '', { title: 'first' })).json().data

  const unanswered = new Map<PostgresConnection, number>()
  const waits = new Map<PostgresConnection, number>()
  const committed: (number | undefined)[] = []
  const { query } = PostgresConnection.prototype
  const spy = vi.spyOn(PostgresConnection.prototype, 'query').mockImplementation(function (
    this: PostgresConnection,
    statement,
  ) {
    if (statement.text === 'begin') waits.set(this, 0)
    const before = unanswered.get(this) ?? 0
    if (before === 0) waits.set(this, (waits.get(this) ?? 0) + 1)
    if (statement.text === 'commit') committed.push(waits.get(this))
    unanswered.set(this, before + 1)
    return Reflect.apply(query, this, [statement]).finally(() => {
      unanswered.set(this, (unanswered.get(this) ?? 0) - 1)
    })
  })
  await send('POST', '', { title: 'second' })
  await send('POST', `/${id}/complete`, { completed: true })
  await send('DELETE', `/${id}`)
  spy.mockRestore()
  expect(committed).toHaveLength(3)
  expect(Math.max(...committed.map(Number))).toBeLessThanOrEqual(5)
})

/** As a device does that knows of each task how new its word of it is. */
function applied(known: Task[], events: TaskEvent[]): Task[] {
  const newest = new Map<string, { version: number; task: Task | null }>()
  for (const task of known) newest.set(task.id, { version: task.version, task })
  for (const event of events) {
    const task = 'task' in event ? event.task : null
    const { id, version } = 'task' in event ? event.task : { id: event.taskId, version: event.version }
    if (version > (newest.get(id)?.version ?? 0)) newest.set(id, { version, task })
  }
  const left = [...newest.values()].flatMap(({ task }) => task ?? [])
  return left.sort((a, b) => (a.rank < b.rank ? -1 : 1))
}
