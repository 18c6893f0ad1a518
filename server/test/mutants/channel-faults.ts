/** Faults in channels, feeds, the outbox and presence. */
import type { Fault } from './fault.ts'

export const channelFaults: readonly Fault[] = [
  {
    name: 'a page of events begins one event late',
    file: 'server/platform/live/channel-store.ts',
    from: 'gt(events.seq, after)',
    to: 'gt(events.seq, after + 1)',
    foundBy: { file: 'server/features/drafts/drafts.test.ts', tests: 'from any cursor on' },
  },
  {
    name: 'the hub delivers an event twice to a reader that comes back',
    file: 'server/platform/live/channel-reader.ts',
    from: 'this.#recent.newest(this.#last - at.seq)',
    to: 'this.#recent.newest(Math.min(this.#recent.length, this.#last - at.seq + 1))',
    foundBy: { file: 'server/platform/live/channel-reader.test.ts', tests: 'seed \\d\\)' },
  },
  {
    name: 'the hub delivers events in the order of their hints',
    file: 'server/platform/live/channel-reader.ts',
    from: 'const event = this.#held.get(last.seq + 1)\n      if (!event || !comesAfter(event, last)) break',
    to: 'const event = [...this.#held.values()][next.length]\n      if (!event) break',
    foundBy: { file: 'server/platform/live/channel-reader.test.ts', tests: 'seed \\d\\)' },
  },
  {
    name: 'a cursor of another epoch is not answered with resync',
    file: 'server/platform/live/poll.ts',
    from: 'from === null || from.epoch !== epoch ||',
    to: 'from === null ||',
    foundBy: { file: 'server/features/drafts/drafts.test.ts', tests: 'cursor is of no use' },
  },
  {
    name: 'a cursor of an event that was lost is not answered with resync',
    file: 'server/platform/live/channel-event.ts',
    from: 'at.mark === mark || at.mark === anyMark',
    to: 'true',
    foundBy: { file: 'server/platform/live/channel-reader.test.ts', tests: 'set back and written' },
  },
  {
    name: 'the hub hands out an event of another history by its hint',
    file: 'server/platform/live/channel-reader.ts',
    from: '!event || !comesAfter(event, last)',
    to: '!event',
    foundBy: { file: 'server/platform/live/channel-reader.test.ts', tests: 'by a hint of the last' },
  },
  {
    name: 'the client accepts a gap',
    file: 'client/live.ts',
    from: 'if (seq !== this.#cursor.seq + 1) throw',
    to: 'if (seq < this.#cursor.seq + 1) throw',
    foundBy: { file: 'client/feed-rules.test.ts', tests: 'takes a gap for a fault' },
  },
  {
    name: 'the client applies an event twice',
    file: 'client/live.ts',
    from: 'if (seq <= this.#cursor.seq) return\n    if (seq !== this.#cursor.seq + 1) throw',
    to: 'if (seq > this.#cursor.seq + 1) throw',
    foundBy: { file: 'client/feed-rules.test.ts', tests: 'drops what it has had' },
  },
  {
    name: 'the outbox sends the newest change first',
    file: 'client/outbox-ledger.ts',
    from: 'a.order - b.order',
    to: 'b.order - a.order',
    foundBy: { file: 'client/outbox.test.ts', tests: 'in its order, and once' },
  },
  {
    name: 'presence has no grace',
    file: 'server/platform/presence/own-leases.ts',
    from: 'if (--lease.seats === 0) void this.#change(lease, how)',
    to: "if (--lease.seats === 0) void this.#change(lease, how && 'gone')",
    foundBy: { file: 'server/platform/presence/presence.test.ts', tests: 'does not blink' },
  },
]
