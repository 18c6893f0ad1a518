/** What is too old goes, from the low end and without gaps; who stands below hears of it, who stands above does not. */
import { and, asc, eq, lte, sql } from 'drizzle-orm'
import { afterEach, describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { draftOf, Log, plainEventsClient, plainSocketClient, range, signedIn } from '../../test/followers.ts'
import { until } from '../../test/until.ts'
import { withSnapshot } from '../db/transaction.ts'
import { anyMark, formatCursor } from './channel-event.ts'
import { cursorOf, readOrMakeState, readPage } from './channel-store.ts'
import { trimEvents } from './retention.ts'
import { channels, events } from './table.ts'

const app = await buildTestApp()
const url = await app.listen()
const { db } = app.database
const { live } = app.inside

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await until('nothing leaked', () => live.sinks === 0 && live.access.size === 0)
})

async function setUp(written = 0) {
  const owner = await signedIn(app)
  const draft = await draftOf(app, owner)
  const { channel } = draft
  for (let n = 0; n < written; n++) await draft.tell()
  /** As if those up to `seq` had been written so many days ago. */
  const age = (seq: number, days = 8) =>
    db
      .update(events)
      .set({ createdAt: sql`now() - make_interval(days => ${days}::int)` })
      .where(and(eq(events.channel, channel), lte(events.seq, seq)))
  /** Of one moment. */
  const look = () =>
    withSnapshot(db, async (tx) => {
      const [row] = await tx.select().from(channels).where(eq(channels.id, channel))
      const seqs = tx
        .select({ seq: events.seq })
        .from(events)
        .where(eq(events.channel, channel))
        .orderBy(asc(events.seq))
      const { epoch = '', head = 0, floor = 0 } = row ?? {}
      return { epoch, head, floor, seqs: (await seqs).map(({ seq }) => seq) }
    })
  const cursorAt = async (seq: number) => {
    const state = await readOrMakeState(db, channel)
    if (seq === state.head) return cursorOf(state)
    const [next] = await readPage(db, channel, state.epoch, seq)
    return formatCursor({ epoch: state.epoch, seq, mark: next?.seq === seq + 1 ? next.previousMark : anyMark })
  }
  const poll = async (lastEventId: string) =>
    (await owner.browser.query('drafts.events', { draftId: draft.id, lastEventId })).json().result.data
  return { owner, draft, channel, age, look, cursorAt, poll }
}

function follow({ owner, draft }: Awaited<ReturnType<typeof setUp>>, lastEventId?: string) {
  const logs = [new Log(), new Log()] as const
  const { trpc, close } = plainSocketClient(url, owner.browser)
  trpc.drafts.onEvent.subscribe({ draftId: draft.id, lastEventId }, logs[0].handlers)
  const stream = plainEventsClient(url, owner.browser)
  ends.push(close, stream.drafts.onEvent.subscribe({ draftId: draft.id, lastEventId }, logs[1].handlers).unsubscribe)
  return logs
}

const many = 2_500
/** Beside one that is read, as fast as the table takes them. */
const fill = (channel: string, count: number) =>
  db.execute(sql`
    with raised as (update ${channels} set head = head + ${count} where id = ${channel} returning head)
    insert into ${events} (channel, seq, type, payload)
    select ${channel}, head - ${count} + n, 'draft.updated', '{"title":"x","state":"open"}'
    from raised, generate_series(1, ${count}::int) as n`)

describe('events past their age', () => {
  it('are trimmed, the floor says up to where, and the rest stays', async () => {
    const { age, look } = await setUp(6)
    await age(4)
    await trimEvents(db)
    expect(await look()).toMatchObject({ head: 6, floor: 4, seqs: [5, 6] })
    await age(6, 6)
    await trimEvents(db)
    expect(await look()).toMatchObject({ floor: 4, seqs: [5, 6] })
    await age(6)
    await trimEvents(db)
    expect(await look()).toMatchObject({ head: 6, floor: 6, seqs: [] })
  })

  it('go with all before them, also where clocks made those seem younger', async () => {
    const { age, look } = await setUp(6)
    await age(4)
    await age(3, -1)
    await trimEvents(db)
    expect(await look()).toMatchObject({ floor: 4, seqs: [5, 6] })
  })

  it('that were left behind below a floor are no hindrance', async () => {
    const [here, gone] = [await setUp(3), await setUp(3)]
    await here.age(3)
    await gone.age(3)
    await db.update(channels).set({ floor: 2 }).where(eq(channels.id, here.channel))
    await db.delete(channels).where(eq(channels.id, gone.channel))
    await trimEvents(db)
    expect(await here.look()).toMatchObject({ floor: 3, seqs: [] })
    expect(await gone.look()).toMatchObject({ seqs: [] })
  })

  it('never leave a gap that a look could see, while they go and others come', async () => {
    const { channel, age, look, draft } = await setUp()
    await fill(channel, many)
    await age(many)
    // By its time only the newest is too old: what goes at once is bounded by numbers as well.
    await age(many - 1, -1)
    let trimming = true
    const writer = (async () => {
      while (trimming) await draft.tell()
    })()
    const floors = new Set<number>()
    const reader = (async () => {
      while (trimming) {
        const { floor, head, seqs } = await look()
        expect(seqs).toEqual(range(floor + 1, head))
        floors.add(floor)
        // PGlite answers without ever leaving the turn.
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    await trimEvents(db)
    trimming = false
    await Promise.all([writer, reader])
    const { floor, head, seqs } = await look()
    expect([floor, seqs]).toEqual([many, range(many + 1, head)])
    // Not all in one statement.
    expect([...floors].filter((each) => each > 0 && each < many)).not.toEqual([])
  })
})

describe('after trimming', () => {
  it('a cursor below the floor is told to begin anew, one at it or above goes on', async () => {
    const here = await setUp(6)
    const before = follow(here)
    await until('both', () => live.sinks === 2)
    await here.age(4)
    await trimEvents(db)
    const below = await here.cursorAt(3)
    const at = await here.cursorAt(4)
    expect(await here.poll(below)).toMatchObject({ events: [], resync: true, cursor: await here.cursorAt(6) })
    expect(await here.poll(at)).toMatchObject({ events: [{ seq: 5 }, { seq: 6 }], resync: false })
    const [anew, onward] = [follow(here, below), follow(here, at)]
    await until('all', () => live.sinks === 6)
    await here.draft.tell()
    const all = [...before, ...anew, ...onward]
    await until('the next', () => all.every(({ seqs }) => seqs.at(-1) === 7))
    for (const { types } of anew) expect(types).toEqual(['ready', 'resync', 'draft.updated'])
    for (const { seqs, types } of onward) expect([seqs, types.includes('resync')]).toEqual([[5, 6, 7], false])
    for (const { seqs, types } of before) expect([seqs, types.includes('resync')]).toEqual([[7], false])
  })

  it('one who is being sent what is trimmed meanwhile has no gap without a word', async () => {
    const here = await setUp()
    await fill(here.channel, many)
    await here.age(many - 100)
    const from = await here.cursorAt(1)
    const logs = [...follow(here, from), ...follow(here, from)]
    // The server's own retention may have deleted them before: then the first message is a resync.
    await until('begun', () => logs.some(({ messages }) => messages.length > 0))
    await trimEvents(db)
    await here.draft.tell()
    // It may have come before the word to begin anew, and then with it.
    await until('the last', () => logs.every(({ cursor }) => cursor.includes(`:${many + 1}:`)))
    for (const { messages, errors } of logs) {
      expect(errors).toEqual([])
      let last = 1
      for (const { id, data } of messages) {
        const seq = Number(id.split(':')[1])
        if ('seq' in data) expect(seq).toBe(last + 1)
        last = seq
      }
    }
  })
})
