import { describe, expect, it } from 'vitest'
import { anyMark, type ChannelEvent, type Cursor } from './channel-event.ts'
import { ChannelReader, type Sink } from './channel-reader.ts'

/** A channel table in memory, and one that answers when the test says so. */
class Table {
  epoch = 'e1'
  floor = 0
  events: ChannelEvent[] = []
  reads = 0
  history = 'a'
  mark: string | null = null
  readonly #slow: () => Promise<void>
  constructor(slow: () => Promise<void> = async () => {}) {
    this.#slow = slow
  }
  commit(): ChannelEvent {
    const seq = this.floor + this.events.length + 1
    const mark = `${this.history}${seq}`
    const event = { channel: 'c', epoch: this.epoch, seq, mark, previousMark: this.mark, json: `{"n":${seq}}` }
    this.events.push(event)
    this.mark = mark
    return event
  }
  /** To what it was at `seq`; what is committed next are other events at the same numbers. */
  setBack(seq: number) {
    this.events.length = seq - this.floor
    this.mark = this.events.at(-1)?.mark ?? null
    this.history = String.fromCharCode(this.history.charCodeAt(0) + 1)
  }
  trim(upTo: number) {
    this.events = this.events.filter(({ seq }) => seq > upTo)
    this.floor = upTo
  }
  get marks() {
    return this.events.map(({ mark }) => mark)
  }
  async state() {
    const state = { epoch: this.epoch, head: this.floor + this.events.length, floor: this.floor, mark: this.mark }
    await this.#slow()
    return state
  }
  async page(_epoch: string, after: number) {
    this.reads++
    const page = this.events.filter(({ seq }) => seq > after).slice(0, 500)
    await this.#slow()
    return page
  }
}

class Log implements Sink {
  readonly seqs: number[] = []
  readonly resyncs: Cursor[] = []
  ended = false
  send(events: readonly ChannelEvent[]) {
    for (const { seq } of events) this.seqs.push(seq)
  }
  resync(cursor: Cursor) {
    this.resyncs.push(cursor)
  }
  async drained() {}
}

/** Of the history that began with the table, unless it says another one. */
const at = (seq: number, history = 'a', epoch = 'e1'): Cursor => {
  return { epoch, seq, mark: seq === 0 ? null : `${history}${seq}` }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

async function open(table: Table) {
  const reader = new ChannelReader('c', table)
  await reader.open()
  return reader
}

/** A small generator of its own, so that a failure can be run again by its seed (mulberry32). */
function random(seed: number) {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

describe('a channel reader', () => {
  it.for(range(1, 150))('sends each event once and in order whatever becomes of the hints (seed %i)', async (seed) => {
    const next = random(seed)
    const slow = async () => {
      for (let i = Math.floor(next() * 4); i > 0; i--) await turn()
    }
    const table = new Table(slow)
    for (let i = Math.floor(next() * 1200); i > 0; i--) table.commit()
    const reader = await open(table)
    const hints: ChannelEvent[] = []
    const logs: { log: Log; from: number; leave?: () => void; left?: number }[] = []
    const joins: Promise<void>[] = []
    for (let step = 0; step < 120; step++) {
      const dice = next()
      if (dice < 0.5) {
        const event = table.commit()
        // Lost, told once, or told several times.
        for (let copies = Math.floor(next() * 3); copies > 0; copies--) hints.push(event)
      } else if (dice < 0.8) {
        const [hint] = hints.splice(Math.floor(next() * hints.length), 1)
        if (hint) reader.offer(hint)
      } else if (dice < 0.88) {
        const from = Math.floor(next() * (table.events.length + 1))
        const entry: (typeof logs)[number] = { log: new Log(), from }
        logs.push(entry)
        joins.push(reader.join(entry.log, at(from), (leave) => (entry.leave = leave)))
      } else if (dice < 0.92) {
        await reader.look()
      } else await turn()
    }
    await Promise.all(joins)
    await reader.look()
    await reader.look()
    await turn()
    for (const { log, from } of logs) {
      expect(log.resyncs).toEqual([])
      expect(log.seqs).toEqual(range(from + 1, table.events.length))
    }
  })

  it('sends what was committed while a subscriber was catching up, after what it missed', async () => {
    const table = new Table(turn)
    for (let i = 0; i < 1300; i++) table.commit()
    const reader = await open(table)
    const log = new Log()
    const joined = reader.join(log, at(3), () => {})
    for (let i = 0; i < 40; i++) {
      reader.offer(table.commit())
      await turn()
    }
    await joined
    await turn()
    expect(log.seqs).toEqual(range(4, 1340))
  })

  it('reads a backlog once for a thousand who come back to the same place', async () => {
    const table = new Table(turn)
    for (let i = 0; i < 800; i++) table.commit()
    const reader = await open(table)
    const logs = range(1, 1000).map(() => new Log())
    await Promise.all(logs.map((log) => reader.join(log, at(100), () => {})))
    for (const log of logs) expect(log.seqs).toEqual(range(101, 800))
    expect(table.reads).toBeLessThanOrEqual(2)
  })

  it('reads it once as well for those who come one after the other', async () => {
    const table = new Table()
    for (let i = 0; i < 400; i++) table.commit()
    const reader = await open(table)
    for (let n = 0; n < 5; n++) {
      const log = new Log()
      await reader.join(log, at(n), () => {})
      expect(log.seqs).toEqual(range(n + 1, table.events.length))
      reader.offer(table.commit())
      await turn()
    }
    expect(table.reads).toBe(1)
  })

  it.for([
    ['of another epoch', at(7, 'a', 'other')],
    ['of another event in memory', at(7, 'b')],
    ['of another event at the head', at(10, 'b')],
    ['without the mark that its event has', { ...at(7), mark: null }],
    ['ahead of the table', at(99)],
    ['older than what is kept', at(1)],
  ] as const)('tells a cursor %s to begin anew, and goes on from the present', async ([, from]) => {
    const table = new Table()
    table.floor = 5
    for (let i = 0; i < 5; i++) table.commit()
    const reader = await open(table)
    const log = new Log()
    await reader.join(log, from, () => {})
    reader.offer(table.commit())
    await turn()
    expect(log.resyncs).toEqual([at(10)])
    expect(log.seqs).toEqual([11])
  })

  it('fails a subscriber whose next events cannot be read now, and does not send it resync', async () => {
    const table = new Table()
    const reader = await open(table)
    for (let i = 0; i < 3; i++) table.commit()
    const { page } = table
    table.page = () => Promise.reject(new Error('the database is away'))
    const log = new Log()
    await expect(reader.join(log, at(2), () => {})).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
    table.page = page
    await reader.join(log, at(2), () => {})
    expect([log.resyncs, log.seqs]).toEqual([[], [3]])
  })

  it('is in use from when it is opened, however long that takes', async () => {
    const table = new Table(() => answered.promise)
    const answered = Promise.withResolvers<void>()
    const reader = new ChannelReader('c', table)
    const opened = reader.open()
    expect(reader.idleSince).toBeNull()
    answered.resolve()
    await opened
    expect(reader.idleSince).not.toBeNull()
  })

  it('tells everybody to begin anew when the table was restored to an older state', async () => {
    const table = new Table()
    for (let i = 0; i < 8; i++) table.commit()
    const reader = await open(table)
    const log = new Log()
    await reader.join(log, null, () => {})
    table.setBack(5)
    await reader.look()
    reader.offer(table.commit())
    await turn()
    expect(log.resyncs).toEqual([at(5)])
    expect(log.seqs).toEqual([6])
  })

  it('sends no event of numbers that began anew before it has said so', async () => {
    const table = new Table(turn)
    for (let i = 0; i < 8; i++) table.commit()
    const reader = await open(table)
    const log = new Log()
    await reader.join(log, null, () => {})
    table.epoch = 'e2'
    for (let i = 0; i < 3; i++) {
      reader.offer(table.commit())
      reader.observeHead('e2', 9 + i)
    }
    for (let i = 0; i < 20; i++) await turn()
    reader.offer(table.commit())
    await turn()
    expect(log.resyncs).toEqual([{ epoch: 'e2', seq: expect.any(Number), mark: expect.any(String) }])
    expect(log.seqs).toEqual(range((log.resyncs[0] as Cursor).seq + 1, 12))
  })

  it('finds at once what was committed while it was opened', async () => {
    const table = new Table(turn)
    const reader = new ChannelReader('c', table)
    const opened = reader.open()
    reader.offer(table.commit())
    await opened
    const log = new Log()
    await reader.join(log, null, () => {})
    for (let i = 0; i < 20; i++) await turn()
    expect([log.seqs, table.reads]).toEqual([[1], 1])
  })

  it('tells one to begin anew whose next page is trimmed while it is sent this one', async () => {
    const table = new Table()
    for (let i = 0; i < 3000; i++) table.commit()
    const reader = await open(table)
    const log = new Log()
    log.drained = async () => {
      if (log.seqs.length > 0 && table.floor === 0) table.trim(2600)
    }
    await reader.join(log, at(0), () => {})
    reader.offer(table.commit())
    await turn()
    expect(log.seqs.slice(0, -1)).toEqual(range(1, log.seqs.length - 1))
    expect(log.resyncs).toEqual([at(3000)])
    expect(log.seqs.at(-1)).toBe(3001)
  })

  it('tells everybody to begin anew when all that would come next is trimmed', async () => {
    const table = new Table()
    for (let i = 0; i < 5; i++) table.commit()
    const reader = await open(table)
    const log = new Log()
    await reader.join(log, null, () => {})
    for (let i = 0; i < 4; i++) table.commit()
    table.trim(9)
    await reader.look()
    reader.offer(table.commit())
    await turn()
    expect(log.resyncs).toEqual([at(9)])
    expect(log.seqs).toEqual([10])
  })

  it('sends nothing after leaving', async () => {
    const table = new Table()
    const reader = await open(table)
    const log = new Log()
    let leave = () => {}
    await reader.join(log, null, (it) => (leave = it))
    reader.offer(table.commit())
    await turn()
    leave()
    reader.offer(table.commit())
    await turn()
    expect(log.seqs).toEqual([1])
    expect(reader.idleSince).not.toBeNull()
  })

  it('sends nothing after leaving while it is still catching up', async () => {
    const table = new Table(turn)
    for (let i = 0; i < 1300; i++) table.commit()
    const reader = await open(table)
    let leave = () => {}
    const log = new Log()
    log.drained = async () => leave()
    await reader.join(log, at(0), (it) => (leave = it))
    reader.offer(table.commit())
    await turn()
    expect([log.seqs, [...reader.sinks], reader.idleSince]).toEqual([range(1, 500), [], expect.any(Number)])
  })

  it('tells a cursor to begin anew whose events were trimmed since the last look', async () => {
    const table = new Table()
    for (let i = 0; i < 10; i++) table.commit()
    const reader = await open(table)
    table.events.splice(0, 5)
    table.floor = 5
    const log = new Log()
    await reader.join(log, at(2), () => {})
    reader.offer(table.commit())
    await turn()
    expect(log.resyncs).toEqual([at(10)])
    expect(log.seqs).toEqual([11])
  })
})

/** An ordinary subscriber: it drops what it has, and at `resync` takes a snapshot and goes on. */
class Copy implements Sink {
  readonly #table: Table
  marks: (string | null)[]
  resyncs = 0
  #isLost = false
  ended = false
  constructor(table: Table, marks: (string | null)[]) {
    this.#table = table
    this.marks = marks
  }
  get cursor(): Cursor {
    return { epoch: 'e1', seq: this.marks.length, mark: this.marks.at(-1) ?? null }
  }
  send(events: readonly ChannelEvent[]) {
    for (const { seq, mark } of events) {
      if (this.#isLost) return
      if (seq === this.marks.length + 1) this.marks.push(mark)
      // Of a history that this instance has yet to find lost, and its snapshot has not.
      else if (seq > this.marks.length) this.#isLost = true
    }
  }
  resync() {
    this.resyncs++
    this.#isLost = false
    this.marks = this.#table.marks
  }
  async drained() {}
}

describe('a channel that was set back and written past where it stood', () => {
  async function setUp(slow?: () => Promise<void>) {
    const table = new Table(slow)
    for (let i = 0; i < 10; i++) table.commit()
    return { table, away: new Copy(table, table.marks) }
  }
  const writeAnew = (table: Table, to = 12) => {
    table.setBack(6)
    while (table.events.length < to) table.commit()
  }

  it.for([
    ['where the channel was not followed', 12, false],
    ['where it was', 12, true],
    ['when the head is the same number again', 10, true],
    ['when the head is that number and was not followed', 10, false],
  ] as const)('tells one that was away to begin anew %s', async ([, to, wasFollowed]) => {
    const { table, away } = await setUp()
    const early = wasFollowed ? await open(table) : null
    writeAnew(table, to)
    const reader = early ?? (await open(table))
    await reader.join(away, away.cursor, () => {})
    // Where this instance remembers the lost events, until it looks.
    await reader.look()
    reader.offer(table.commit())
    await turn()
    expect([away.resyncs, away.marks]).toEqual([1, table.marks])
  })

  it('goes on with one that stands below where it was set back to, and asks no snapshot of it', async () => {
    const { table } = await setUp()
    const away = new Copy(table, table.marks.slice(0, 6))
    writeAnew(table)
    const reader = await open(table)
    await reader.join(away, away.cursor, () => {})
    expect([away.resyncs, away.marks]).toEqual([0, table.marks])
  })

  it('is found by this instance before it calls a cursor wrong that another instance gave', async () => {
    const { table } = await setUp()
    const reader = await open(table)
    reader.offer(table.commit())
    await turn()
    writeAnew(table)
    const moved = new Copy(table, table.marks.slice(0, 9))
    await reader.join(moved, moved.cursor, () => {})
    expect([moved.resyncs, moved.marks]).toEqual([0, table.marks])
  })

  it.for(['hints of all', 'a hint of the last', 'a look'])('says so to one that is there, by %s', async (how) => {
    const { table, away: there } = await setUp()
    const reader = await open(table)
    await reader.join(there, there.cursor, () => {})
    writeAnew(table)
    const after = table.events.slice(6)
    if (how === 'a look') await reader.look()
    else for (const event of how === 'a hint of the last' ? after.slice(-2) : after) reader.offer(event)
    for (let i = 0; i < 20; i++) await turn()
    expect([there.resyncs, there.marks]).toEqual([1, table.marks])
  })

  it('goes on at once with an event whose release gave it no mark', async () => {
    const { table, away: there } = await setUp()
    const reader = await open(table)
    await reader.join(there, there.cursor, () => {})
    const told = { ...table.commit(), mark: null, previousMark: null }
    table.events.splice(-1, 1, told)
    table.mark = null
    reader.offer(told)
    reader.offer(table.commit())
    await turn()
    const away = new Copy(table, there.marks.slice(0, 11))
    await reader.join(away, away.cursor, () => {})
    expect([there.resyncs, away.resyncs, there.marks, away.marks]).toEqual([0, 0, table.marks, table.marks])
  })

  it('takes a number without a mark as it was taken before marks', async () => {
    const { table } = await setUp()
    writeAnew(table)
    const log = new Log()
    await (await open(table)).join(log, { epoch: 'e1', seq: 10, mark: anyMark }, () => {})
    expect([log.resyncs, log.seqs]).toEqual([[], [11, 12]])
  })

  it.for(range(1, 150))('leaves nobody with another history, whenever it happens (seed %i)', async (seed) => {
    const next = random(seed)
    const upTo = (n: number) => Math.floor(next() * (n + 1))
    const slow = async () => {
      for (let i = upTo(3); i > 0; i--) await turn()
    }
    const table = new Table(slow)
    for (let i = upTo(700); i > 0; i--) table.commit()
    const reader = await open(table)
    const hints: ChannelEvent[] = []
    const copies: { copy: Copy; leave: () => void }[] = []
    const joins: Promise<void>[] = []
    const join = (copy: Copy) => {
      const entry = { copy, leave: () => {} }
      copies.push(entry)
      joins.push(reader.join(copy, copy.cursor, (leave) => (entry.leave = leave)))
    }
    for (let step = 0; step < 150; step++) {
      const dice = next()
      if (dice < 0.4) {
        const event = table.commit()
        for (let times = upTo(2); times > 0; times--) hints.push(event)
      } else if (dice < 0.7) {
        const [hint] = hints.splice(upTo(hints.length), 1)
        if (hint) reader.offer(hint)
      } else if (dice < 0.78) join(new Copy(table, table.marks.slice(0, upTo(table.marks.length))))
      else if (dice < 0.83) {
        const [left] = copies.splice(upTo(copies.length), 1)
        left?.leave()
        if (left) join(new Copy(table, left.copy.marks))
      } else if (dice < 0.87) table.setBack(Math.max(0, table.events.length - upTo(9)))
      else if (dice < 0.9) await reader.look()
      else await turn()
    }
    await Promise.all(joins)
    await reader.look()
    await reader.look()
    await turn()
    for (const { copy } of copies) expect(copy.marks).toEqual(table.marks)
  })
})
