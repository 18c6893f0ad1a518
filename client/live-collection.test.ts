/** A list on two devices of a user, against the real server: its state is always compared with what the server lists. */
import { eq } from 'drizzle-orm'
import { v7 as newId } from 'uuid'
import { describe, expect, it, onTestFinished } from 'vitest'
import { conversationChannel } from '../server/features/conversations/channel.ts'
import { tasksChannel } from '../server/features/tasks/list.ts'
import { tasks as taskTable } from '../server/features/tasks/table.ts'
import { channels } from '../server/platform/live/table.ts'
import { buildTestApp, publicUrl, quickChecks } from '../server/test/app.ts'
import { TcpProxy } from '../server/test/tcp-proxy.ts'
import { until } from '../server/test/until.ts'
import type { ConversationEvent, Message, Messages } from '../shared/conversations.ts'
import { queuedOffline } from '../shared/offline.ts'
import type { Task, TaskEvent } from '../shared/tasks.ts'
import { messageRules } from '../web/src/conversations/messages/message-rules.ts'
import { type Show, type TaskPath, taskRules } from '../web/src/tasks/task-rules.ts'
import type { Channel } from './channel.ts'
import type { CollectionOptions } from './collection-options.ts'
import type { StoredRows } from './known-rows.ts'
import { LiveCollection } from './live-collection.ts'
import { createOutbox } from './outbox.ts'
import { createPlinth, PlinthError } from './plinth.ts'
import { readOnce } from './read-once.ts'

const app = await buildTestApp({ times: quickChecks })
const port = Number(new URL(await app.listen()).port)
const { db } = app.database

async function newUser() {
  const { browser, id } = await app.enter()
  const { cookieHeader } = browser
  const plinth = createPlinth({ url: `http://127.0.0.1:${port}`, headers: { origin: publicUrl, cookie: cookieHeader } })
  onTestFinished(() => plinth.close())
  const add = async (...titles: string[]) => {
    for (const title of titles.toReversed()) await plinth.tasks.create.mutate({ title })
  }
  const list = async () => (await plinth.tasks.list.query({ completed: false, limit: 100 })).items
  return { id, cookieHeader, plinth, add, list, titles: async () => (await list()).map(({ title }) => title) }
}
type User = Awaited<ReturnType<typeof newUser>>

async function line(cookie: string) {
  const proxy = await TcpProxy.before(port)
  const plinth = createPlinth({
    url: `http://127.0.0.1:${proxy.port}`,
    headers: { origin: publicUrl, cookie },
    pace: 0.05,
  })
  onTestFinished(async () => {
    plinth.close()
    await proxy.close()
  })
  const isCut = (cut: boolean) => {
    proxy.mode = cut ? 'hang-up' : 'pass'
    proxy.cut()
  }
  return { plinth, isCut }
}

/** What it sends has a line of its own, which can be cut while it still receives. */
async function device(
  { id, cookieHeader }: User,
  { limit = 100, ...options }: Partial<CollectionOptions<Task, TaskEvent, Show>> & { limit?: number } = {},
) {
  const [receiving, sending] = [await line(cookieHeader), await line(cookieHeader)]
  sending.plinth.actAs(id)
  const outbox = createOutbox(sending.plinth, { procedures: queuedOffline, store: null, pace: 0.05 })
  onTestFinished(() => outbox.close())
  const pages: (string | null)[] = []
  const remote: string[] = []
  const { plinth } = receiving
  const filter = (show: Show) => (show === 'all' ? {} : { completed: show === 'done' })
  const channel: Channel<Task, TaskEvent, TaskPath, Show> = {
    ...taskRules,
    page(show, cursor) {
      pages.push(cursor)
      return plinth.tasks.list.query({ ...filter(show), limit, ...(cursor !== null && { cursor }) })
    },
    count: async (show) => (await plinth.tasks.list.query({ ...filter(show), limit: 1 })).pagination.total,
    follow: (lastEventId, handlers, transport) =>
      plinth.tasks.onEvent.subscribe({ lastEventId }, { ...handlers, context: { transport } }),
    poll: (lastEventId) => plinth.tasks.events.query({ lastEventId }),
  }
  const collection = new LiveCollection(plinth, channel, {
    view: 'open',
    queue: outbox,
    onRemoteChange: ({ type }) => remote.push(type),
    ...options,
  })
  const inSight = () => collection.inSight('open')
  const rows = () => inSight().shown.rows
  const titles = () => rows().map(({ title }) => title)
  const pending = () =>
    rows()
      .filter(({ id }) => inSight().shown.pending.has(id))
      .map(({ title }) => title)
  /** Each list of titles that was shown, without repeats. */
  const seen: string[] = []
  const note = () => {
    const now = titles().join()
    if (seen.at(-1) !== now) seen.push(now)
  }
  onTestFinished(collection.onChange(note))
  collection.start()
  onTestFinished(() => collection.stop())
  const shows = (...expected: string[]) =>
    until(`${expected} instead of ${titles()}`, () => titles().join() === expected.join())
  return { collection, channel, outbox, receiving, sending, pages, remote, seen, inSight, titles, pending, shows }
}
type Device = Awaited<ReturnType<typeof device>>

const create = ({ outbox }: Device, title: string) => outbox.queue('tasks.create', { taskId: newId(), title })
const settled = ({ inSight }: Device) => until('nothing to be pending', () => inSight().shown.pending.size === 0)
const idOf = async ({ list }: User, title: string) =>
  (await list()).find((task) => task.title === title)?.id ?? expect.unreachable(title)

describe('a live collection', () => {
  it('shows a queued change at once as pending, then confirmed, and never without it; other devices show it too', async () => {
    const user = await newUser()
    await user.add('b')
    const [desk, phone] = [await device(user), await device(user)]
    await Promise.all([desk.shows('b'), phone.shows('b')])
    create(desk, 'a')
    expect([desk.titles(), desk.pending()]).toEqual([['a', 'b'], ['a']])
    await settled(desk)
    await phone.shows('a', 'b')
    expect(desk.seen).toEqual(['', 'b', 'a,b'])
    expect([await user.titles(), desk.remote, phone.remote]).toEqual([['a', 'b'], [], ['task.created']])
  })

  it('moves, completes, deletes and restores before the server has, and ends as the server', async () => {
    const user = await newUser()
    await user.add('a', 'b', 'c', 'd')
    const desk = await device(user)
    await desk.shows('a', 'b', 'c', 'd')
    desk.sending.isCut(true)
    const [a, b, c, d] = (await Promise.all(['a', 'b', 'c', 'd'].map((title) => idOf(user, title)))) as [
      string,
      string,
      string,
      string,
    ]
    desk.outbox.queue('tasks.move', { taskId: d, after: null })
    desk.outbox.queue('tasks.complete', { taskId: a, completed: true })
    desk.outbox.queue('tasks.delete', { taskId: b })
    desk.outbox.queue('tasks.delete', { taskId: c })
    desk.outbox.queue('tasks.restore', { taskId: c })
    expect([desk.titles(), desk.pending(), await user.titles()]).toEqual([
      ['d', 'c'],
      ['d', 'c'],
      ['a', 'b', 'c', 'd'],
    ])
    desk.sending.isCut(false)
    await settled(desk)
    expect(desk.titles()).toEqual(['d', 'c'])
    expect(await user.titles()).toEqual(['d', 'c'])
    expect([desk.seen.at(-1), desk.remote]).toEqual(['d,c', []])
  })

  it('applies what other devices change below what is queued, also in the same row', async () => {
    const user = await newUser()
    await user.add('a', 'b')
    const desk = await device(user)
    await desk.shows('a', 'b')
    desk.sending.isCut(true)
    const taskId = await idOf(user, 'a')
    desk.outbox.queue('tasks.move', { taskId, after: await idOf(user, 'b') })
    await user.plinth.tasks.update.mutate({ taskId, title: 'renamed' })
    await user.add('new')
    await desk.shows('new', 'b', 'renamed')
    expect([desk.pending(), desk.remote]).toEqual([['renamed'], ['task.created']])
    desk.sending.isCut(false)
    await settled(desk)
    expect([desk.titles(), await user.titles()]).toEqual([
      ['new', 'b', 'renamed'],
      ['new', 'b', 'renamed'],
    ])
  })

  it('takes back what is refused, and nothing else', async () => {
    const user = await newUser()
    await user.add('a', 'b')
    const desk = await device(user)
    await desk.shows('a', 'b')
    desk.sending.isCut(true)
    const taskId = await idOf(user, 'a')
    create(desk, 'first')
    const refused = desk.outbox.queue('tasks.update', { taskId, title: 'never' })
    create(desk, 'last')
    expect(desk.titles()).toEqual(['last', 'first', 'never', 'b'])
    await user.plinth.tasks.delete.mutate({ taskId })
    await desk.shows('last', 'first', 'b')
    desk.sending.isCut(false)
    await settled(desk)
    expect(await user.titles()).toEqual(['last', 'first', 'b'])
    expect(desk.titles()).toEqual(['last', 'first', 'b'])
    expect(desk.inSight().refused).toMatchObject([{ id: refused.id, refusal: { code: 'NOT_FOUND' } }])
    expect(desk.collection.lastKnown(taskId)?.title).toBe('a')
    await user.plinth.tasks.restore.mutate({ taskId })
    await desk.outbox.tryAgain(refused.id)
    await desk.shows('last', 'first', 'never', 'b')
    expect(desk.inSight().refused).toEqual([])
  })

  it('continues where it was when the server is reachable again, without reading the list again', async () => {
    const user = await newUser()
    await user.add('a')
    const desk = await device(user)
    await desk.shows('a')
    desk.receiving.isCut(true)
    await until('the feed to be offline', () => desk.inSight().feed === 'offline')
    await user.add('meanwhile')
    create(desk, 'here')
    await until('the change to be sent', () => desk.outbox.entries.length === 0)
    expect(desk.titles()).toEqual(['here', 'a'])
    desk.receiving.isCut(false)
    await desk.shows('here', 'meanwhile', 'a')
    expect([desk.pages, await user.titles()]).toEqual([[null], ['here', 'meanwhile', 'a']])
  })

  it('reads as many pages as it had when its cursor is worth nothing any more', async () => {
    const user = await newUser()
    await user.add('a', 'b', 'c', 'd', 'e')
    const desk = await device(user, { limit: 2 })
    await desk.shows('a', 'b')
    await desk.collection.loadMore()
    await desk.shows('a', 'b', 'c', 'd')
    expect(desk.inSight().shown).toMatchObject({ total: 5, hasMore: true })
    desk.receiving.isCut(true)
    await until('the feed to be offline', () => desk.inSight().feed === 'offline')
    await db
      .update(channels)
      .set({ epoch: 'another' })
      .where(eq(channels.id, tasksChannel(user.id)))
    await db
      .update(taskTable)
      .set({ title: 'set back' })
      .where(eq(taskTable.id, await idOf(user, 'c')))
    desk.pages.length = 0
    desk.receiving.isCut(false)
    await desk.shows('a', 'b', 'set back', 'd')
    expect(desk.pages).toEqual([null, expect.any(String)])
  })

  it('puts a page that was read before the latest events below them', async () => {
    const user = await newUser()
    const titles = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    await user.add(...titles)
    const desk = await device(user, { limit: 3 })
    await desk.shows('a', 'b', 'c')
    const ids = new Map((await user.list()).map(({ id, title }) => [title, id]))
    const id = (title: string) => ids.get(title) ?? ''
    const { page } = desk.channel
    const [read, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    desk.channel.page = async (...request) => {
      const answer = await page(...request)
      read.resolve()
      await released.promise
      return answer
    }
    const more = desk.collection.loadMore()
    await read.promise
    const { tasks } = user.plinth
    await tasks.move.mutate({ taskId: id('d'), after: null })
    await tasks.move.mutate({ taskId: id('b'), after: id('e') })
    await tasks.complete.mutate({ taskId: id('e'), completed: true })
    await tasks.delete.mutate({ taskId: id('f') })
    await tasks.update.mutate({ taskId: id('c'), title: 'C' })
    await desk.shows('d', 'a', 'C')
    released.resolve()
    await more
    await desk.shows('d', 'a', 'C', 'b')
    await desk.collection.loadMore()
    await desk.shows(...(await user.titles()))
    expect(await user.titles()).toEqual(['d', 'a', 'C', 'b', 'g', 'h'])
  })

  it('shows what was stored until the server responds, and stores what comes', async () => {
    const user = await newUser()
    await user.add('a', 'b')
    let stored: StoredRows<Task, Show> | undefined
    const store = (rows: StoredRows<Task, Show>) => {
      stored = structuredClone(rows)
    }
    const before = await device(user, { store })
    await before.shows('a', 'b')
    before.collection.stop()
    await user.add('new')
    const after = await device(user, { stored, store })
    expect([after.titles(), after.inSight().feed]).toEqual([['a', 'b'], 'connecting'])
    await after.shows('new', 'a', 'b')
    expect(after.seen).toEqual(['a,b', 'new,a,b'])
    await until('it to be stored', () => stored?.rows.size === 3)
    expect([...(stored?.rows.values() ?? [])].map(({ title }) => title)).toEqual(['new', 'a', 'b'])
  })

  it('loads no further after a failure, until it is requested again', async () => {
    const user = await newUser()
    await user.add('a', 'b', 'c')
    const failures: unknown[] = []
    const desk = await device(user, { limit: 2, onFailure: (error) => failures.push(error) })
    await desk.shows('a', 'b')
    const { page } = desk.channel
    const failure = new PlinthError('RATE_LIMITED', 'Too many requests')
    desk.channel.page = () => Promise.reject(failure)
    await desk.collection.loadMore()
    expect([desk.inSight().moreFailure, failures]).toEqual([failure, [failure]])
    desk.channel.page = page
    await desk.collection.loadMore()
    expect(desk.titles()).toEqual(['a', 'b'])
    desk.collection.tryMoreAgain()
    await desk.shows('a', 'b', 'c')
    expect(desk.inSight().moreFailure).toBeNull()
  })

  it('reads a list that its caller may not follow: pages, other views, and all of it again when restarted', async () => {
    const user = await newUser()
    await user.add('a', 'b', 'c')
    const { channel } = await device(user)
    const page: typeof channel.page = (show, cursor) =>
      user.plinth.tasks.list.query({
        limit: 2,
        ...(show !== 'all' && { completed: show === 'done' }),
        ...(cursor !== null && { cursor }),
      })
    const read = new LiveCollection({ live: readOnce }, { ...channel, page }, { view: 'open', queue: null })
    const shows = (view: Show, ...expected: string[]) =>
      until(
        `${expected} in ${view}`,
        () =>
          read
            .inSight(view)
            .shown.rows.map(({ title }) => title)
            .join() === expected.join(),
      )
    read.start()
    await shows('open', 'a', 'b')
    await user.add('not followed')
    read.select('done')
    await until('done tasks are loaded', () => read.inSight('done').shown.isLoaded)
    read.select('open')
    await read.loadMore()
    await shows('open', 'a', 'b', 'c')
    read.restart()
    await shows('open', 'not followed', 'a', 'b', 'c')
    expect(read.inSight('open').feed).toBe('ended')
    read.stop()
    await expect(read.loadMore()).resolves.toBeUndefined()
  })

  it('loads another view when that is shown, and counts what it has not loaded', async () => {
    const user = await newUser()
    await user.add('a', 'b', 'c')
    const desk = await device(user, { limit: 2 })
    await desk.shows('a', 'b')
    await user.plinth.tasks.complete.mutate({ taskId: await idOf(user, 'c'), completed: true })
    await until('the total', () => desk.inSight().shown.total === 2)
    desk.collection.select('done')
    const done = () => desk.collection.inSight('done').shown.rows.map(({ title }) => title)
    await until('what is done', () => done()?.join() === 'c')
    await user.plinth.tasks.complete.mutate({ taskId: await idOf(user, 'a'), completed: true })
    await until('both', () => done()?.join() === 'a,c')
  })

  it('reads only the first page again of rows that never change, and reports every event, also of no row', async () => {
    const user = await newUser()
    const { conversations } = user.plinth
    const { id: conversationId } = await conversations.create.mutate({})
    const append = (content: string) => conversations.messages.append.mutate({ conversationId, content })
    for (const content of ['a', 'b', 'c', 'd']) await append(content)
    const { plinth, isCut } = await line(user.cookieHeader)
    const pages: (string | null)[] = []
    const events: string[] = []
    const collection = new LiveCollection<Message, ConversationEvent, never, 'all', Messages>(
      plinth,
      {
        ...messageRules,
        page(_, cursor) {
          pages.push(cursor)
          const after = cursor !== null && { cursor }
          return plinth.conversations.messages.list.query({ conversationId, order: 'newest', limit: 2, ...after })
        },
        follow: (lastEventId, handlers, transport) =>
          plinth.conversations.onEvent.subscribe(
            { conversationId, lastEventId },
            { ...handlers, context: { transport } },
          ),
        poll: (lastEventId) => plinth.conversations.events.query({ conversationId, lastEventId }),
      },
      {
        view: 'all',
        queue: null,
        onSnapshot: ({ answer }) => events.push(`snapshot ${answer}`),
        onEvent: ({ type }) => events.push(type),
      },
    )
    collection.start()
    onTestFinished(() => collection.stop())
    const contents = () =>
      collection
        .inSight('all')
        .shown.rows.map(({ content }) => content)
        .join()
    await until('the newest', () => contents() === 'd,c')
    await collection.loadMore()
    expect(contents()).toBe('d,c,b,a')
    await conversations.rename.mutate({ conversationId, title: 'Named' })
    await append('e')
    await until('the event', () => contents() === 'e,d,c,b,a')
    isCut(true)
    await until('the feed to be offline', () => collection.inSight('all').feed === 'offline')
    await db
      .update(channels)
      .set({ epoch: 'another' })
      .where(eq(channels.id, conversationChannel(conversationId)))
    await append('f')
    pages.length = 0
    isCut(false)
    await until('the message', () => contents() === 'f,e,d,c,b,a')
    expect(pages).toEqual([null])
    expect(events).toEqual(['snapshot null', 'conversation.updated', 'message.added', 'snapshot null'])
  })

  it('says why it has ended, with what was loaded still there', async () => {
    const user = await newUser()
    await user.add('a')
    const desk = await device(user)
    await desk.shows('a')
    await user.plinth.signOut()
    await until('the end', () => desk.inSight().feed === 'ended')
    expect(desk.inSight().failure).toMatchObject({ code: 'SESSION_ENDED' })
    expect(desk.titles()).toEqual(['a'])
  })
})
