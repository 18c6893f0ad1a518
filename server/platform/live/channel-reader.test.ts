import { describe, expect, it } from 'vitest'
import type { ChannelEvent, Cursor } from './channel-event.ts'
import { ChannelReader, type Sink } from './channel-reader.ts'

/** A channel table in memory, and one that answers when the test says so. */
class Table {
  epoch = 'e1'
  floor = 0
  events: ChannelEvent[] = []
  reads = 0
  readonly #slow: () => Promise<void>
  constructor(slow: () => Promise<void> = async () => {}) {
    this.#slow = slow
  }
  commit(): ChannelEvent {
    const seq = this.floor + this.events.length + 1
    const event = { channel: 'c', epoch: this.epoch, seq, json: `{"n":${seq}}` }
    this.events.push(event)
    return event
  }
  trim(upTo: number) {
    this.events = this.events.filter(({ seq }) => seq > upTo)
    this.floor = upTo
  }
  async state() {
    const state = { epoch: this.epoch, head: this.floor + this.events.length, floor: this.floor }
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
        joins.push(reader.join(entry.log, { epoch: 'e1', seq: from }, (leave) => (entry.leave = leave)))
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
    const joined = reader.join(log, { epoch: 'e1', seq: 3 }, () => {})
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
    await Promise.all(logs.map((log) => reader.join(log, { epoch: 'e1', seq: 100 }, () => {})))
    for (const log of logs) expect(log.seqs).toEqual(range(101, 800))
    expect(table.reads).toBeLessThanOrEqual(2)
  })

  it('reads it once as well for those who come one after the other', async () => {
    const table = new Table()
    for (let i = 0; i < 400; i++) table.commit()
    const reader = await open(table)
    for (let n = 0; n < 5; n++) {
      const log = new Log()
      await reader.join(log, { epoch: 'e1', seq: n }, () => {})
      expect(log.seqs).toEqual(range(n + 1, table.events.length))
      reader.offer(table.commit())
      await turn()
    }
    expect(table.reads).toBe(1)
  })

  it.for([
    ['of another epoch', { epoch: 'other', seq: 3 }],
    ['ahead of the table', { epoch: 'e1', seq: 99 }],
    ['older than what is kept', { epoch: 'e1', seq: 1 }],
  ] as const)('tells a cursor %s to begin anew, and goes on from the present', async ([, from]) => {
    const table = new Table()
    table.floor = 5
    for (let i = 0; i < 5; i++) table.commit()
    const reader = await open(table)
    const log = new Log()
    await reader.join(log, from, () => {})
    reader.offer(table.commit())
    await turn()
    expect(log.resyncs).toEqual([{ epoch: 'e1', seq: 10 }])
    expect(log.seqs).toEqual([11])
  })

  it('tells everybody to begin anew when the table was restored to an older state', async () => {
    const table = new Table()
    for (let i = 0; i < 8; i++) table.commit()
    const reader = await open(table)
    const log = new Log()
    await reader.join(log, null, () => {})
    table.events.length = 5
    await reader.look()
    reader.offer(table.commit())
    await turn()
    expect(log.resyncs).toEqual([{ epoch: 'e1', seq: 5 }])
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
    expect(log.resyncs).toEqual([{ epoch: 'e2', seq: expect.any(Number) }])
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
    await reader.join(log, { epoch: 'e1', seq: 0 }, () => {})
    reader.offer(table.commit())
    await turn()
    expect(log.seqs.slice(0, -1)).toEqual(range(1, log.seqs.length - 1))
    expect(log.resyncs).toEqual([{ epoch: 'e1', seq: 3000 }])
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
    expect(log.resyncs).toEqual([{ epoch: 'e1', seq: 9 }])
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
    await reader.join(log, { epoch: 'e1', seq: 0 }, (it) => (leave = it))
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
    await reader.join(log, { epoch: 'e1', seq: 2 }, () => {})
    reader.offer(table.commit())
    await turn()
    expect(log.resyncs).toEqual([{ epoch: 'e1', seq: 10 }])
    expect(log.seqs).toEqual([11])
  })
})
