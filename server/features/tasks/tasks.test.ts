import { eq } from 'drizzle-orm'
import { generateNKeysBetween } from 'fractional-indexing'
import { describe, expect, it } from 'vitest'
import { type Task, type TaskEvent, type Tasks, taskLimits } from '../../../shared/tasks.ts'
import { auditLogs } from '../../platform/audit/table.ts'
import { newId } from '../../platform/db/columns.ts'
import { buildTestApp } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { type Person, signInAgain } from '../../test/calls.ts'
import { Log, plainSocketClient, signedIn } from '../../test/followers.ts'
import { until } from '../../test/until.ts'
import { purgeDeletedTasks } from './jobs.ts'
import { taskLists, tasks } from './table.ts'

const app = await buildTestApp()
const { db } = app.database

describe('a list of tasks', () => {
  it('begins with what was made last, and each task keeps what it is not asked to change', async () => {
    const me = await signedIn(app)
    expect(await list(me)).toMatchObject({ items: [], pagination: { total: 0, totalPages: 0, nextCursor: null } })
    const first = await create(me, 'First', 'With a word on it')
    const second = await create(me, 'Second')
    expect(await list(me)).toMatchObject({ items: [second, first], pagination: { page: 1, total: 2, totalPages: 1 } })
    expect(first).toMatchObject({ title: 'First', description: 'With a word on it', completed: false, version: 1 })
    expect(second.description).toBeNull()
    const { id: taskId } = first
    await db
      .update(tasks)
      .set({ updatedAt: new Date(0) })
      .where(eq(tasks.id, taskId))
    const renamed = await change(me, 'update', { taskId, title: 'One' })
    expect(renamed).toEqual({ ...first, title: 'One', version: 2, updatedAt: expect.any(String) })
    expect(renamed.updatedAt >= first.updatedAt).toBe(true)
    const bare = await change(me, 'update', { taskId, description: null, completed: true })
    expect(bare).toMatchObject({ title: 'One', description: null, completed: true, version: 3 })
    expect(await ask(me, 'get', { taskId })).toEqual(bare)
  })

  it('is the same by page and by cursor, whole or of one kind, with totals of all of it', async () => {
    const me = await signedIn(app)
    const rows = generateNKeysBetween(null, null, 230).map((rank, n) => ({
      rank,
      title: `${n}`,
      completed: n % 3 === 0,
    }))
    const made = await db
      .insert(tasks)
      .values(rows.map((row) => ({ userId: me.id, ...row })))
      .returning()
    const [done, open] = [made.filter(({ completed }) => completed), made.filter(({ completed }) => !completed)]
    await db.insert(taskLists).values({ userId: me.id, openCount: open.length, doneCount: done.length })
    const ids = (some: { id: string }[]) => some.map(({ id }) => id)
    for (const [completed, expected] of [
      [undefined, made],
      [true, done],
      [false, open],
    ] as const) {
      const pagination = { limit: 100, total: expected.length, totalPages: Math.ceil(expected.length / 100) }
      const byPage: Task[] = []
      const byCursor: Task[] = []
      for (let page = 1; page <= pagination.totalPages; page++) {
        const found = await list(me, { completed, page, limit: 100 })
        expect(found.pagination).toMatchObject({ page, ...pagination })
        byPage.push(...found.items)
      }
      for (let cursor: string | undefined, begun = false; cursor !== undefined || !begun; begun = true) {
        const found = await list(me, { completed, limit: 100, cursor })
        expect(found.pagination).toMatchObject({ page: begun ? null : 1, ...pagination })
        byCursor.push(...found.items)
        cursor = found.pagination.nextCursor ?? undefined
      }
      expect([ids(byPage), ids(byCursor)]).toEqual([ids(expected), ids(expected)])
    }
    expect((await list(me, { page: 4, limit: 100 })).items).toEqual([])
    const rest = (await me.browser.get('/api/v1/tasks?completed=true&limit=2')).json()
    expect(ids(rest.data)).toEqual(ids(done.slice(0, 2)))
    expect(rest.meta.pagination).toMatchObject({ page: 1, total: done.length })
  })

  it('takes a task to every place, past deleted ones too', async () => {
    const me = await signedIn(app)
    for (const title of ['d', 'gone', 'c', 'b', 'a']) await create(me, title)
    const idOf = new Map((await list(me)).items.map(({ id, title }) => [title, id]))
    await change(me, 'delete', { taskId: idOf.get('gone') })
    let order = ['a', 'b', 'c', 'd']
    for (const after of [null, 'a', 'b', 'c', 'd']) {
      for (const title of ['a', 'b', 'c', 'd']) {
        await change(me, 'move', { taskId: idOf.get(title), after: after && idOf.get(after) })
        if (title !== after) {
          const others = order.filter((other) => other !== title)
          order = others.toSpliced(after === null ? 0 : others.indexOf(after) + 1, 0, title)
        }
        expect([title, after, await titles(me)]).toEqual([title, after, order])
      }
    }
    // What was deleted meanwhile is a place still; what never was is none.
    const { version } = await change(me, 'move', { taskId: idOf.get('a'), after: idOf.get('gone') })
    expect(await change(me, 'move', { taskId: idOf.get('a'), after: idOf.get('gone') })).toMatchObject({ version })
    const theirs = await create(await signedIn(app), 'theirs')
    for (const after of [newId(), theirs.id])
      await expect(change(me, 'move', { taskId: idOf.get('a'), after })).rejects.toThrow('NOT_FOUND')
  })

  it('keeps ranks short however often tasks are moved between the same two', async () => {
    const me = await signedIn(app)
    const [d, c, b, a] = [await create(me, 'd'), await create(me, 'c'), await create(me, 'b'), await create(me, 'a')]
    const close = `${a.rank}${'1'.padStart(62, '0')}`
    await db.update(tasks).set({ rank: close }).where(eq(tasks.id, b.id))
    // Now the last row of the table, with the rank that the first of the list is to have.
    await change(me, 'complete', { taskId: d.id })
    const device = await follow(me.browser)
    const { cursor: lastEventId, ...before } = await list(me)
    expect((await change(me, 'move', { taskId: c.id, after: a.id })).rank.length).toBeLessThan(5)
    const after = await list(me)
    expect(after.items.map(({ title }) => title)).toEqual(['a', 'c', 'b', 'd'])
    for (const { id, rank, version } of after.items) {
      expect(rank.length).toBeLessThan(5)
      expect(version).toBe((before.items.find((task) => task.id === id)?.version ?? 0) + 1)
    }
    expect(await ask(me, 'events', { lastEventId })).toMatchObject({ events: [], resync: true })
    await until('the device to begin anew', () => device.log.types[1] === 'resync')
    device.close()
    // From here on moves are told again.
    await change(me, 'move', { taskId: d.id, after: a.id })
    expect(await ask(me, 'events', { lastEventId: after.cursor })).toMatchObject({ events: [{ task: { title: 'd' } }] })
  })

  it('has an end', async () => {
    const me = await signedIn(app)
    const { id: taskId } = await create(me, 'One')
    await change(me, 'delete', { taskId })
    await db
      .update(taskLists)
      .set({ openCount: 1, doneCount: taskLimits.perPerson - 1 })
      .where(eq(taskLists.userId, me.id))
    for (const [path, input] of [
      ['create', { title: 'Two' }],
      ['restore', { taskId }],
    ] as const)
      await expect(change(me, path, input)).rejects.toThrow('TASK_LIST_FULL')
    // What is there already needs no place.
    expect(await change(me, 'create', { taskId, title: 'One' })).toMatchObject({ id: taskId })
  })
})

describe('a new task', () => {
  it('is done from the beginning if it is created so, and counted as done', async () => {
    const me = await signedIn(app)
    const payload = { title: 'Done elsewhere', completed: true }
    const made = await me.browser.send({ method: 'POST', url: '/api/v1/tasks', payload })
    expect([made.statusCode, made.json().data]).toMatchObject([201, { ...payload, version: 1 }])
    expect(await list(me, { completed: true })).toMatchObject({ items: [made.json().data], pagination: { total: 1 } })
    expect(await list(me, { completed: false })).toMatchObject({ items: [], pagination: { total: 0 } })
  })
})

describe('a deleted task', () => {
  it('is gone to every read and change, and back at its place when that is undone in time', async () => {
    const me = await signedIn(app)
    const [c, b, a] = [await create(me, 'c'), await create(me, 'b'), await create(me, 'a')]
    const { id: taskId } = b
    await change(me, 'complete', { taskId })
    expect((await me.browser.send({ method: 'DELETE', url: `/api/v1/tasks/${taskId}` })).statusCode).toBe(204)
    await change(me, 'delete', { taskId })
    expect(await list(me)).toMatchObject({ items: [a, c], pagination: { total: 2 } })
    expect(await list(me, { completed: true })).toMatchObject({ items: [], pagination: { total: 0 } })
    await expect(ask(me, 'get', { taskId })).rejects.toThrow('NOT_FOUND')
    for (const [path, input] of [
      ['update', { title: 'x' }],
      ['complete', {}],
      ['move', { after: null }],
    ] as const)
      await expect(change(me, path, { taskId, ...input })).rejects.toThrow('NOT_FOUND')
    const restored = await change(me, 'restore', { taskId })
    expect(restored).toMatchObject({ title: 'b', completed: true, rank: b.rank, version: 4 })
    expect(await change(me, 'restore', { taskId })).toEqual(restored)
    expect(await list(me)).toMatchObject({ items: [a, restored, c], pagination: { total: 3 } })
    expect(await list(me, { completed: true })).toMatchObject({ items: [restored], pagination: { total: 1 } })
  })

  it('is gone for good after that', async () => {
    const me = await signedIn(app)
    const [late, recent, kept] = [await create(me, 'late'), await create(me, 'recent'), await create(me, 'kept')]
    const deletedAgo = async ({ id: taskId }: Task, seconds: number) => {
      await change(me, 'delete', { taskId })
      const deletedAt = new Date(Date.now() - seconds * 1000)
      await db.update(tasks).set({ deletedAt }).where(eq(tasks.id, taskId))
    }
    await deletedAgo(late, taskLimits.undoMinutes * 60 + 1)
    await deletedAgo(recent, taskLimits.undoMinutes * 60 - 60)
    await expect(change(me, 'restore', { taskId: late.id })).rejects.toThrow('NOT_FOUND')
    await purgeDeletedTasks.work(db, new AbortController().signal)
    expect(await db.$count(tasks, eq(tasks.userId, me.id))).toBe(2)
    await expect(change(me, 'delete', { taskId: late.id })).rejects.toThrow('NOT_FOUND')
    await change(me, 'restore', { taskId: recent.id })
    expect((await list(me)).items.map(({ id }) => id)).toEqual([kept.id, recent.id])
  })
})

describe('what is asked again', () => {
  it('is done once: the same id is the same task, of one person', async () => {
    const [me, other] = [await signedIn(app), await signedIn(app)]
    const taskId = newId()
    const first = await change(me, 'create', { taskId, title: 'A title of mine' })
    expect(await change(me, 'create', { taskId, title: 'Another' })).toEqual(first)
    const refused = await other.browser.mutate('tasks.create', { taskId, title: 'Another' })
    expect([refused.statusCode, refused.json().error.data.code]).toEqual([409, 'CONFLICT'])
    expect(refused.body).not.toContain('A title of mine')
    expect(await list(other)).toMatchObject({ items: [], pagination: { total: 0 } })
    expect(await list(me)).toMatchObject({ items: [first], pagination: { total: 1 } })
  })

  it('and changes nothing, is not told', async () => {
    const me = await signedIn(app)
    const { cursor: lastEventId } = await list(me)
    const [b, a] = [await create(me, 'b'), await create(me, 'a')]
    for (const [path, input] of [
      ['create', { taskId: a.id, title: 'x' }],
      ['update', { taskId: a.id, title: 'a' }],
      ['update', { taskId: a.id }],
      ['complete', { taskId: a.id }],
      ['move', { taskId: b.id, after: null }],
      ['move', { taskId: b.id, after: b.id }],
      ['delete', { taskId: a.id }],
      ['restore', { taskId: a.id }],
    ] as const) {
      await change(me, path, input)
      await change(me, path, input)
    }
    const { events } = await ask<{ events: TaskEvent[] }>(me, 'events', { lastEventId })
    expect(events.map((event) => [event.seq, event.type, 'task' in event ? event.task.title : ''])).toEqual([
      [1, 'task.created', 'b'],
      [2, 'task.created', 'a'],
      [3, 'task.updated', 'a'],
      [4, 'task.updated', 'b'],
      [5, 'task.deleted', ''],
      [6, 'task.restored', 'a'],
    ])
  })
})

it('all devices of a person see what one of them does, and nobody else does', async () => {
  const [me, other] = [await signedIn(app), await signedIn(app)]
  const browsers = [me.browser, await signInAgain(app, me), other.browser]
  const devices = await Promise.all(browsers.map(follow))
  const task = await create(me, 'Seen at once')
  const moved = await change(me, 'complete', { taskId: task.id })
  await change(me, 'delete', { taskId: task.id })
  await create(other, 'Theirs')
  const [one, two, theirs] = devices.map(({ log }) => log)
  await until('all to have heard', () => one?.seqs[2] && two?.seqs[2] && theirs?.seqs[0])
  expect(one?.messages.map(({ data }) => data)).toMatchObject([
    { type: 'ready' },
    { type: 'task.created', seq: 1, actorId: me.id, task },
    { type: 'task.updated', seq: 2, task: moved },
    { type: 'task.deleted', seq: 3, taskId: task.id, version: 3 },
  ])
  expect(two?.messages).toEqual(one?.messages)
  expect(theirs?.messages.map(({ data }) => data)).toMatchObject([
    { type: 'ready' },
    { type: 'task.created', task: { title: 'Theirs' } },
  ])
  for (const { close } of devices) close()
})

it('records say which task was changed and how, and not what people wrote in it', async () => {
  const me = await signedIn(app)
  const { id: taskId } = await create(me, 'My own words', 'More of my own words')
  await change(me, 'update', { taskId, title: 'My own words too', completed: true })
  const records = await db
    .select()
    .from(auditLogs)
    .where(eq(auditLogs.target, `task:${taskId}`))
  expect(records).toMatchObject([
    { action: 'tasks.create', after: { title: '[left out]' } },
    {
      action: 'tasks.update',
      before: { title: '[left out]', completed: false },
      after: { title: '[left out]', completed: true },
    },
  ])
  expect(JSON.stringify(records)).not.toContain('own words')
})

let url: Promise<string> | undefined

/** Resolves when it follows. */
async function follow(browser: TestBrowser) {
  url ??= app.listen()
  const [client, log] = [plainSocketClient(await url, browser), new Log()]
  const { unsubscribe } = client.trpc.tasks.onEvent.subscribe({}, log.handlers as never)
  await until('it to follow', () => log.types[0] === 'ready')
  return { log, close: () => [unsubscribe(), client.close()] }
}

const ask = async <Answer = Task>({ browser }: Person, path: string, input?: object): Promise<Answer> =>
  answerOf(await browser.query(`tasks.${path}`, input))
const change = async <Answer = Task>({ browser }: Person, path: string, input: object): Promise<Answer> =>
  answerOf(await browser.mutate(`tasks.${path}`, input))
const list = (me: Person, input: object = {}) => ask<Tasks>(me, 'list', input)
const create = (me: Person, title: string, description?: string) => change(me, 'create', { title, description })
const titles = async (me: Person) => (await list(me)).items.map(({ title }) => title)

function answerOf(answer: { json: () => { result?: { data: never }; error?: { data: { code: string } } } }) {
  const { result, error } = answer.json()
  if (error) throw new Error(error.data.code)
  return result?.data as never
}
