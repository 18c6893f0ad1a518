/**
 * The readers of this instance and what wakes them: commits of this process at once, the others' commits by notice, and a
 * look at the heads of all watched channels every second, without which the notices would have to be trusted.
 */
import type { FastifyBaseLogger } from 'fastify'
import type { Database } from '../db/database.ts'
import type { NoticeBoard } from '../notices/plugin.ts'
import { AccessWatch } from './access-watch.ts'
import type { ChannelEvent, Cursor } from './channel-event.ts'
import { ChannelReader } from './channel-reader.ts'
import { readOrMakeState, readPage, readStates } from './channel-store.ts'
import { onPublished } from './publish.ts'

export interface LiveTimes {
  /** Between two looks at the heads of all watched channels. */
  lookEveryMs: number
  /** Between two checks of who may still follow. */
  checkAccessEveryMs: number
  /** Of the events that all channels keep in memory together, in UTF-16 units, as of each look at the heads. */
  keptChars: number
}
export const defaultLiveTimes: LiveTimes = { lookEveryMs: 1000, checkAccessEveryMs: 2000, keptChars: 32_000_000 }
/** A channel that everybody left is kept this long: most of them left because a connection broke, and come back. */
const lingerMs = 30_000
/** Hints are droppable: where telling hangs, what waits is not kept beyond this. */
const maxUntold = 5000

/** Of a hint without its channel and event. */
const hintBytes = 90

type Hint = [channel: string, epoch: string, seq: number, json: string | null]

export class LiveHub {
  readonly #db: Database
  readonly #notices: NoticeBoard
  readonly #log: FastifyBaseLogger
  readonly #readers = new Map<string, ChannelReader>()
  readonly #timers: NodeJS.Timeout[]
  readonly #keptChars: number
  readonly access: AccessWatch
  #looking: Promise<void> | null = null
  #outbox: ChannelEvent[] = []
  #telling = false

  constructor(
    db: Database,
    notices: NoticeBoard,
    log: FastifyBaseLogger,
    { lookEveryMs, checkAccessEveryMs, keptChars } = defaultLiveTimes,
  ) {
    this.#db = db
    this.#notices = notices
    this.#log = log
    this.#keptChars = keptChars
    this.access = new AccessWatch(db, (err) => log.debug({ err }, 'access of followers not checked'))
    onPublished(db, (event) => {
      this.#readers.get(event.channel)?.offer(event)
      if (this.#outbox.length >= maxUntold) this.#outbox = []
      this.#outbox.push(event)
      void this.#tellOthers()
    })
    notices.on('live.published', ({ hints, marks }) => {
      for (const [at, [channel, epoch, seq, json]] of hints.entries()) {
        const reader = this.#readers.get(channel)
        const [mark, previousMark] = marks?.[at] ?? [null, null]
        if (json !== null) reader?.offer({ channel, epoch, seq, mark, previousMark, json })
        else reader?.observeHead(epoch, seq)
      }
    })
    notices.on('notices.connected', () => void this.lookAtHeads())
    this.#timers = [
      setInterval(() => void this.lookAtHeads(), lookEveryMs),
      setInterval(() => void this.access.check(), checkAccessEveryMs),
    ]
  }

  /** How many are sent something here. */
  get sinks(): number {
    let sum = 0
    for (const { sinks } of this.#readers.values()) sum += [...sinks].length
    return sum
  }

  /** The reader of a channel, open. @throws what the database throws */
  async reader(id: string): Promise<ChannelReader> {
    let reader = this.#readers.get(id)
    if (!reader) {
      reader = new ChannelReader(id, {
        state: () => readOrMakeState(this.#db, id),
        page: (epoch, after) => readPage(this.#db, id, epoch, after),
      })
      this.#readers.set(id, reader)
    }
    await reader.open()
    return reader
  }

  /** One query for all channels that somebody here follows. Never throws: a database that is away is asked again soon. */
  lookAtHeads(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((err) => this.#log.debug({ err }, 'heads of channels not looked at'))
      .finally(() => {
        this.#looking = null
      })
    return this.#looking
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all([this.#looking, this.access.idle()])
  }

  async #look(): Promise<void> {
    const now = performance.now()
    for (const [id, { idleSince }] of this.#readers) {
      if (idleSince !== null && now - idleSince > lingerMs) this.#readers.delete(id)
    }
    this.#boundMemory()
    if (this.#readers.size === 0) return
    const asked = new Map([...this.#readers].map(([id, { cursor }]) => [id, cursor]))
    const states = await readStates(this.#db, [...asked.keys()])
    for (const [id, state] of states) this.#readers.get(id)?.observe(state, asked.get(id) as Cursor)
  }

  /** What was used least lately goes first; whoever comes back there is sent pages of the table. */
  #boundMemory() {
    let kept = 0
    for (const { keptChars } of this.#readers.values()) kept += keptChars
    if (kept <= this.#keptChars) return
    for (const reader of [...this.#readers.values()].sort((a, b) => a.usedAt - b.usedAt)) {
      kept -= reader.keptChars
      reader.forgetRecent()
      if (kept <= this.#keptChars) return
    }
  }

  /** Coalesced: while one notice is on its way, what commits meanwhile waits for the next. */
  async #tellOthers(): Promise<void> {
    if (this.#telling) return
    this.#telling = true
    const noticeBytes = this.#notices.maxBytes
    try {
      while (this.#outbox.length > 0) {
        const hints: Hint[] = []
        const marks: [string | null, string | null][] = []
        let bytes = 0
        for (const { channel, epoch, seq, mark, previousMark, json } of this.#outbox) {
          const own = Buffer.byteLength(json) + channel.length + hintBytes
          const hint: Hint = own > noticeBytes / 2 ? [channel, epoch, seq, null] : [channel, epoch, seq, json]
          bytes += hint[3] === null ? channel.length + hintBytes : own * 1.2
          if (bytes > noticeBytes && hints.length > 0) break
          hints.push(hint)
          marks.push([mark, previousMark])
        }
        this.#outbox.splice(0, hints.length)
        await this.#notices.tellOthers('live.published', { hints, marks })
      }
    } finally {
      this.#telling = false
    }
  }
}
