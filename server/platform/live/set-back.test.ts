/**
 * A database that lost its newest commits and was written again past where it stood, its epochs as they were: an older copy of the
 * folder, a replica that lagged and was promoted. Whoever saw what was lost is told to begin anew, whichever way they come back.
 */
import { createHash } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { createPlinth, type Feed, type LiveTransport } from '../../../client/plinth.ts'
import { buildTestApp, publicUrl, quickChecks, type TestApp } from '../../test/app.ts'
import { atEnd } from '../../test/at-end.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { createStoredDatabase } from '../../test/database.ts'
import { draftOf, Log, plainEventsClient, plainSocketClient, range, signedIn } from '../../test/followers.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'
import { channels, events } from './table.ts'

const secret = (name: string) => createHash('sha512').update(name).digest('base64')
const secrets = {
  COOKIE_SECRET: secret('cookies'),
  JWT_ACCESS_SECRET: secret('access'),
  JWT_REFRESH_SECRET: secret('refresh'),
}
const openOn = ({ url }: { url: string }) =>
  buildTestApp({ environment: { ...secrets, DATABASE_URL: url }, times: quickChecks })

/** The same person at another app on the same database. */
function asAt(app: TestApp, { cookies }: TestBrowser): TestBrowser {
  const browser = app.browser()
  for (const [name, value] of cookies) browser.cookies.set(name, value)
  return browser
}

const answerOf = async <T>(answer: Promise<{ json(): { result: { data: T } } }>) => (await answer).json().result.data
type Answered = { cursor: string }
type Polled = Answered & { events: { seq: number }[]; resync: boolean }

/** Cursors of the lost history, and the app on the database that never had it. */
interface Anew {
  app: TestApp
  url: string
  browser: TestBrowser
  draft: Awaited<ReturnType<typeof draftOf>>
  /** At events 6, which both have, and 10, which is another one now. */
  before: string
  lost: string
  ofTasks: { before: string; lost: string }
}
let here: Anew

beforeAll(async () => {
  const database = await createStoredDatabase()
  atEnd(database.drop)
  const first = await openOn(database)
  const owner = await signedIn(first)
  const draft = await draftOf(first, owner)
  const addTask = (browser: TestBrowser, title: string) => answerOf(browser.mutate('tasks.create', { title }))
  const cursorOf = async (browser: TestBrowser) =>
    (await answerOf<Answered>(browser.query('drafts.get', { draftId: draft.id }))).cursor
  const cursorOfTasks = async (browser: TestBrowser) =>
    (await answerOf<Answered>(browser.query('tasks.list', {}))).cursor
  for (let n = 1; n <= 6; n++) await draft.tell(`${n}`)
  for (const title of ['a', 'b']) await addTask(owner.browser, title)
  const before = await cursorOf(owner.browser)
  const tasksBefore = await cursorOfTasks(owner.browser)
  await first.root.close()
  const copy = await createStoredDatabase(database)
  atEnd(copy.drop)

  const second = await openOn(database)
  const browser = asAt(second, owner.browser)
  for (let n = 7; n <= 10; n++) await draft.tell(`lost ${n}`, second)
  for (const title of ['lost c', 'lost d']) await addTask(browser, title)
  const lost = await cursorOf(browser)
  const tasksLost = await cursorOfTasks(browser)
  await second.root.close()

  const app = await openOn(copy)
  const url = await app.listen()
  for (let n = 7; n <= 12; n++) await draft.tell(`anew ${n}`, app)
  const mine = asAt(app, owner.browser)
  for (const title of ['c', 'd', 'e']) await addTask(mine, title)
  const ofTasks = { before: tasksBefore, lost: tasksLost }
  here = { app, url, browser: mine, draft, before, lost, ofTasks }
})

/** Follows the draft from `cursor`, and says what came: words, and numbers of events. */
type Follow = (cursor: string) => Promise<{ came: () => (string | number)[]; end: () => unknown }>
const cameTo = (log: Log) => log.messages.map(({ data }) => ('seq' in data ? data.seq : data.type))
const ways: Record<string, Follow> = {
  async 'a tRPC WebSocket'(lastEventId) {
    const log = new Log()
    const { trpc, close } = plainSocketClient(here.url, here.browser)
    trpc.drafts.onEvent.subscribe({ draftId: here.draft.id, lastEventId }, log.handlers)
    return { came: () => cameTo(log), end: close }
  },
  async 'server-sent events'(lastEventId) {
    const log = new Log()
    const trpc = plainEventsClient(here.url, here.browser)
    const { unsubscribe } = trpc.drafts.onEvent.subscribe({ draftId: here.draft.id, lastEventId }, log.handlers)
    return { came: () => cameTo(log), end: unsubscribe }
  },
  async 'a WebSocket of plain JSON'(cursor) {
    const path = `/v1/ws/drafts/${here.draft.id}?after=${encodeURIComponent(cursor)}`
    const socket = await TestSocket.openAs(here.url, here.browser, path)
    const frames = () => socket.answers as unknown as { type: string; seq: number }[]
    const came = () => frames().map(({ type, seq }) => (type === 'draft_updated' ? seq : type))
    return { came, end: () => socket.ws.terminate() }
  },
}

describe('a subscriber that saw what a database lost', () => {
  it('holds a cursor whose number the database has given again', () => {
    expect([here.before, here.lost].map((cursor) => cursor.split(':')[1])).toEqual(['6', '10'])
  })

  it.for(Object.keys(ways))('is told to begin anew on %s, and then what comes', async (way) => {
    const { came, end } = await (ways[way] as Follow)(here.lost)
    await until('the word', () => came().includes('resync'))
    await here.draft.tell('next', here.app)
    await until('the next', () => came().length > 2)
    expect(came()).toEqual(['ready', 'resync', expect.any(Number)])
    await end()
  })

  it.for(Object.keys(ways))('and stood below it goes on without a word on %s', async (way) => {
    const { came, end } = await (ways[way] as Follow)(here.before)
    await until('all', () => came().length > 6)
    expect(came().slice(0, 7)).toEqual(['ready', ...range(7, 12)])
    await end()
  })

  it('is told to begin anew by an answer, and goes on from its cursor', async () => {
    const ask = (lastEventId: string) =>
      answerOf<Polled>(here.browser.query('drafts.events', { draftId: here.draft.id, lastEventId }))
    const answer = await ask(here.lost)
    expect(answer).toMatchObject({ events: [], resync: true })
    await here.draft.tell('next', here.app)
    expect(await ask(answer.cursor)).toMatchObject({ events: [expect.anything()], resync: false })
    const onward = await ask(here.before)
    expect([onward.events.slice(0, 6).map(({ seq }) => seq), onward.resync]).toEqual([range(7, 12), false])
  })

  it('is told to begin anew from the cursor of a list', async () => {
    const ask = (lastEventId: string) => answerOf<Polled>(here.browser.query('tasks.events', { lastEventId }))
    const { before, lost } = here.ofTasks
    expect(await ask(lost)).toMatchObject({ events: [], resync: true })
    expect(await ask(before)).toMatchObject({ events: [{}, {}, {}], resync: false })
    const log = new Log()
    const { trpc, close } = plainSocketClient(here.url, here.browser)
    trpc.tasks.onEvent.subscribe({ lastEventId: lost }, log.handlers as never)
    await until('the word', () => log.types.includes('resync'))
    expect(log.types).toEqual(['ready', 'resync'])
    close()
  })

  it.for(['websocket', 'sse', 'polling'] as LiveTransport[])(
    'is brought to what is there by a feed over %s',
    async (by) => {
      const headers = { origin: publicUrl, cookie: here.browser.cookieHeader }
      const plinth = createPlinth({ url: here.url, headers, pace: 0.05 })
      const { id: draftId } = here.draft
      const seen: { title: string; seq: number }[] = []
      let isFirst = true
      const feed: Feed = plinth.live({
        transports: [by],
        follow: (lastEventId, handlers, transport) =>
          plinth.drafts.onEvent.subscribe({ draftId, lastEventId }, { ...handlers, context: { transport } }),
        poll: (lastEventId) => plinth.drafts.events.query({ draftId, lastEventId }),
        // What it was shown before it went to sleep.
        async snapshot() {
          const draft = await plinth.drafts.get.query({ draftId })
          const shown = isFirst ? { ...draft, title: 'lost 10', cursor: here.lost } : draft
          isFirst = false
          return shown
        },
        onSnapshot: ({ title, cursor }) => seen.push({ title, seq: Number(cursor.split(':')[1]) }),
        onEvent: (event) => seen.push({ title: 'title' in event ? event.title : '', seq: event.seq }),
      })
      await until('another snapshot', () => seen.length > 1)
      await until('a carrier', () => feed.transport === by)
      await here.draft.tell('the newest', here.app)
      await until('the newest', () => seen.at(-1)?.title === 'the newest')
      const [lost, again, next] = seen
      expect([seen.length, lost?.seq, next?.seq]).toEqual([3, 10, (again?.seq ?? 0) + 1])
      plinth.close()
    },
  )
})

describe('a subscriber that stays while the database is set back', () => {
  it('is told to begin anew before anything of the other history', async () => {
    const app = await buildTestApp({ times: quickChecks })
    const url = await app.listen()
    const { db } = app.database
    const owner = await signedIn(app)
    const draft = await draftOf(app, owner)
    const { channel } = draft
    for (let n = 1; n <= 6; n++) await draft.tell(`${n}`)
    const [row] = await db.select().from(channels).where(eq(channels.id, channel))
    const log = new Log()
    const { trpc, close } = plainSocketClient(url, owner.browser)
    trpc.drafts.onEvent.subscribe({ draftId: draft.id }, log.handlers)
    await until('ready', () => app.inside.live.sinks === 1)
    for (let n = 7; n <= 10; n++) await draft.tell(`lost ${n}`)
    await until('all', () => log.seqs.length === 4)
    await db.transaction(async (tx) => {
      await tx.delete(events).where(sql`channel = ${channel} and seq > 6`)
      await tx
        .update(channels)
        .set(row ?? {})
        .where(eq(channels.id, channel))
    })
    for (let n = 7; n <= 12; n++) await draft.tell(`anew ${n}`)
    await until('the word', () => log.types.includes('resync'))
    await draft.tell('next')
    await until('the next', () => log.seqs.at(-1) === 13)
    const at = log.types.indexOf('resync')
    const seqOf = (id = '') => Number(id.split(':')[1])
    // From the cursor of the word on, without a gap.
    const [word, ...after] = log.messages.slice(at)
    expect(after.map(({ id }) => seqOf(id))).toEqual(range(seqOf(word?.id) + 1, 13))
    expect(log.messages.slice(0, at).map(({ id }) => seqOf(id))).toEqual(range(6, 10))
    close()
  })
})

describe('cursors of the release before marks', () => {
  it('go on where that release wrote the event, and are told to begin anew where it is another one', async () => {
    const app = await buildTestApp()
    const { db } = app.database
    const owner = await signedIn(app)
    const draft = await draftOf(app, owner)
    const { channel } = draft
    /** Its statement. */
    const tellAsBefore = () =>
      db.execute(sql`
        with raised as (update ${channels} set head = head + 1 where id = ${channel} returning head)
        insert into ${events} (channel, seq, type, payload)
        select ${channel}, head, 'draft.updated', '{"title":"x","state":"open"}' from raised`)
    const ask = (lastEventId: string) =>
      answerOf<Polled>(owner.browser.query('drafts.events', { draftId: draft.id, lastEventId }))
    const { cursor } = await answerOf<Answered>(owner.browser.query('drafts.get', { draftId: draft.id }))
    const [epoch] = cursor.split(':')
    const seqs = ({ events, resync }: Polled) => (resync ? 'resync' : events.map(({ seq }) => seq))
    // Beside one another, as while instances are replaced: 1 and 2 of before, 3 with a mark, 4 of before, 5 with one.
    await tellAsBefore()
    await tellAsBefore()
    expect(await ask(`${epoch}:1`)).toMatchObject({ events: [{ seq: 2 }], cursor: `${epoch}:2`, resync: false })
    await draft.tell()
    await tellAsBefore()
    const { cursor: unmarked } = await answerOf<Answered>(owner.browser.query('drafts.get', { draftId: draft.id }))
    expect(unmarked).toBe(`${epoch}:4`)
    await draft.tell()
    const { cursor: last } = await ask(unmarked)
    expect(last).toMatch(/:5:[0-9a-f]{8}$/)
    for (const from of range(0, 4))
      expect([from, seqs(await ask(`${epoch}:${from}`))]).toEqual([from, range(from + 1, 5)])
    expect(seqs(await ask(`${epoch}:5`))).toBe('resync')
    for (const from of range(0, 5)) expect([from, seqs(await ask(`${from}`))]).toEqual([from, range(from + 1, 5)])
    // Of a command that was given a number, and of a page of that release, which reads a number where the mark is.
    for (const mark of ['-', 'NaN']) {
      for (const from of range(0, 5))
        expect([from, seqs(await ask(`${epoch}:${from}:${mark}`))]).toEqual([from, range(from + 1, 5)])
    }
  })
})
