/**
 * One channel on this instance: what its subscribers are sent, read once for all of them.
 *
 * The rule. `#last` is the newest event handed out. An event is handed out only as `#last + 1`, from wherever it came
 * (a commit in this process, another instance's hint, a page of the table); anything later waits until the table has
 * filled the gap, anything earlier is dropped. Since the table has no gaps below a committed number (publish.ts), reading
 * on from `#last` always finds `#last + 1`, or the channel was trimmed or restored: then every subscriber is told to begin anew
 * (`resync`). Hints may therefore be lost, doubled, reordered and late; they only decide when the reader looks.
 *
 * Numbers alone do not show that the table was set back and written again past `#last`. So each event names the mark of the one
 * before it, and nothing is handed out, to a sink that is joined or that joins, unless that is the mark of the event it was
 * sent last (`comesAfter`). A hint that does not fit is left to the table, and a table that does not fit was set back.
 *
 * Joining. The newest events are kept in memory (`#recent`, contiguous, ending at `#last`). A subscriber behind
 * them is sent pages of the table until it is not; then, in one turn of the event loop, it is sent the rest of `#recent`
 * and enters the set of those that are sent what comes next. Nothing can be handed out in between.
 */
import { AppError } from '../errors/app-error.ts'
import { type ChannelEvent, type Cursor, comesAfter, names } from './channel-event.ts'
import { type ChannelState, pageSize } from './channel-store.ts'
import { pieceChars, pieces, piecesOf } from './pieces.ts'
import { RecentEvents, recentChars, recentEvents } from './recent-events.ts'

/** Somebody who is sent a channel. Events come in order; `cursor` is the reader's to move. */
export interface Sink {
  /** Never throws and never waits; who cannot take more ends itself. */
  send(events: readonly ChannelEvent[]): void
  /** The numbers began anew or are gone: fetch the present state, and go on from `cursor`. */
  resync(cursor: Cursor): void
  /** Resolves when more may be sent; while catching up only. */
  drained(): Promise<void>
  readonly ended: boolean
}

export interface ChannelStore {
  state(): Promise<ChannelState>
  page(epoch: string, after: number): Promise<ChannelEvent[]>
}

export class ChannelReader {
  readonly id: string
  readonly #store: ChannelStore
  readonly #sinks = new Set<{ sink: Sink; cursor: number }>()
  /** Subscribers that wait for it to open, and sinks that are still being sent pages: the reader is in use for them too. */
  #joining = 0
  #epoch = ''
  #last = 0
  /** Of the event `#last`. */
  #mark: string | null = null
  /** How often the numbers began anew, by another epoch or by another event at the same number. */
  #turns = 0
  #floor = 0
  readonly #recent = new RecentEvents()
  /** When it was last joined, left or handed something out, by `performance.now()`. */
  usedAt = performance.now()
  readonly #held = new Map<number, ChannelEvent>()
  #heldChars = 0
  #reading: Promise<void> | null = null
  #readAgain = false
  #asking: Promise<void> | null = null
  #handingOut: NodeJS.Immediate | null = null
  readonly #pages = new Map<number, Promise<ChannelEvent[]>>()
  #opened: Promise<void> | null = null
  /** When it was last joined, left or asked for, by `performance.now()`; null while in use. */
  idleSince: number | null = performance.now()

  constructor(id: string, store: ChannelStore) {
    this.id = id
    this.#store = store
  }

  get cursor(): Cursor {
    return { epoch: this.#epoch, seq: this.#last, mark: this.#mark }
  }

  /** Of the events in memory, in UTF-16 units. */
  get keptChars(): number {
    return this.#recent.chars + this.#heldChars
  }

  /** Lets go of the events in memory: the table has them all. */
  forgetRecent(): void {
    this.#recent.clear()
    this.#forgetHeld()
  }

  /**
   * Reads the state of the channel; once for all concurrent callers. The reader is in use meanwhile: the caller is about to join, and would get no events
   * from a reader that its hub has dropped by then. The caller must not await anything before it joins. @throws what the database throws, and may be called again
   */
  async open(): Promise<void> {
    this.#joining++
    this.#noteUse()
    try {
      await this.#readState()
    } finally {
      this.#joining--
      this.#noteUse()
    }
  }

  #readState(): Promise<void> {
    this.#opened ??= this.#store.state().then(
      (state) => this.#begin(state),
      (error) => {
        this.#opened = null
        throw error
      },
    )
    return this.#opened
  }

  /**
   * Sends everything after `from`, and then whatever comes, until the returned function is called. Resolves once the sink has
   * caught up. Without `from` the sink begins at the present. After `open`.
   * @throws what the database throws, and AppError DATABASE_UNAVAILABLE
   */
  async join(sink: Sink, from: Cursor | null, onJoined: (leave: () => void) => void): Promise<void> {
    const entry = { sink, cursor: this.#last }
    let left = false
    onJoined(() => {
      left = true
      this.#sinks.delete(entry)
      this.#noteUse()
    })
    this.#joining++
    this.#noteUse()
    try {
      let at = from ?? this.cursor
      let hasLooked = false
      for (;;) {
        if (this.#isElsewhere(at)) {
          // Another instance may know the channel better than this one: before a cursor is called wrong, the table is asked.
          if (!hasLooked && at.epoch === this.#epoch && at.seq >= this.#floor) {
            hasLooked = true
            const { epoch, head } = await this.look()
            if (left || sink.ended) return
            // The table has the events before `at` but could not be read, so the client need not reset.
            if (epoch === this.#epoch && at.seq > this.#last && at.seq <= head)
              throw new AppError('DATABASE_UNAVAILABLE')
            continue
          }
          at = this.cursor
          sink.resync(at)
        }
        const inMemory = at.seq >= this.#last - this.#recent.length
        const page = inMemory ? this.#recent.newest(this.#last - at.seq) : await this.#page(at.seq)
        if (left || sink.ended) return
        const [first] = page
        if (at.epoch !== this.#epoch || (!inMemory && !(first?.seq === at.seq + 1 && comesAfter(first, at)))) {
          at = this.cursor
          sink.resync(at)
          continue
        }
        const [piece = [], ...more] = inMemory ? pieces(page) : piecesOf(page)
        if (inMemory && more.length === 0) {
          if (piece.length > 0) sink.send(piece)
          entry.cursor = this.#last
          break
        }
        // What is older than memory is sent piece by piece, and of memory one piece and then what is left by then.
        for (const each of inMemory ? [piece] : [piece, ...more]) {
          sink.send(each)
          at = each.at(-1) as ChannelEvent
          await sink.drained()
          if (left || sink.ended) return
          if (at.epoch !== this.#epoch) break
        }
      }
      this.#sinks.add(entry)
    } finally {
      this.#joining--
      this.#noteUse()
    }
  }

  /** An event that is committed. In any order, any number of times. */
  offer(event: ChannelEvent): void {
    if (event.epoch !== this.#epoch) return void this.#askSoon()
    if (event.seq <= this.#last) return
    // What is too much to wait in memory is left to the table.
    if (this.#held.size < recentEvents && this.#heldChars < recentChars) {
      this.#letGo(event.seq)
      this.#held.set(event.seq, event)
      this.#heldChars += event.json.length
    }
    this.#handOutSoon()
  }

  /** At the end of the turn: what came in it goes out together, one piece a turn, so that who reads has room for the next. */
  #handOutSoon() {
    this.#handingOut ??= setImmediate(() => {
      this.#handingOut = null
      if (this.#handOutHeld()) return this.#handOutSoon()
      // A gap that no further hint may fill is one that only the table can.
      if (this.#held.size > 0) this.#readSoon()
    })
  }

  /** A hint without its event. */
  observeHead(epoch: string, head: number): void {
    if (epoch !== this.#epoch) this.#askSoon()
    else if (head > this.#last) this.#readSoon()
  }

  /**
   * Where the channel stands by the table, read after this reader stood at `asked`. What had been handed out by then was
   * committed, so a head below it, or another event at that number, means that the table was set back; a head below `#last`
   * only that the answer took a while. Whether a head above it has the same events below is seen when they are read.
   * A floor above `#last` means that what would come next has been trimmed.
   */
  observe(state: ChannelState, asked: Cursor): void {
    if (asked.epoch !== this.#epoch || this.#epoch === '') return
    // Another look was first to see what this one sees.
    if (state.epoch === this.#epoch && state.head === this.#last && state.mark === this.#mark) {
      this.#floor = state.floor
      return
    }
    const isSetBack = state.head < asked.seq || (state.head === asked.seq && !names(asked, state.mark))
    const lost = isSetBack || state.floor > this.#last
    if (state.epoch !== this.#epoch || lost) this.#beginAnew(state)
    else {
      this.#floor = state.floor
      if (state.head > this.#last) this.#readSoon()
    }
  }

  /** Reads the table now. Resolves to the state of the channel once the events up to it have been read, or could not be. */
  async look(): Promise<ChannelState> {
    const asked = this.cursor
    const state = await this.#store.state()
    this.observe(state, asked)
    while (this.#reading) await this.#reading
    return state
  }

  get sinks(): Iterable<Sink> {
    return Array.from(this.#sinks, ({ sink }) => sink)
  }

  /** At a hint of another epoch: before it is open, or when the numbers began anew, which pages of events do not say. */
  #askSoon() {
    this.#asking ??= Promise.resolve<unknown>(this.#epoch ? this.look() : this.#opened)
      // For what was hinted at meanwhile.
      .then(() => this.#readSoon())
      // The database is away; the next look at the heads tries again.
      .catch(() => {})
      .finally(() => {
        this.#asking = null
      })
  }

  /** What memory and the last look say. Of a place older than memory, its page says the rest. */
  #isElsewhere(at: Cursor): boolean {
    const { epoch, seq } = at
    if (epoch !== this.#epoch || seq > this.#last || seq < this.#floor) return true
    if (seq === this.#last) return !names(at, this.#mark)
    const next = this.#recent.firstOf(this.#last - seq)
    return next !== undefined && !comesAfter(next, at)
  }

  #begin({ epoch, head, floor, mark }: ChannelState) {
    this.#turns++
    this.#epoch = epoch
    this.#last = head
    this.#mark = mark
    this.#floor = floor
    this.#recent.clear()
    this.#forgetHeld()
    this.#pages.clear()
  }

  #beginAnew(state: ChannelState) {
    this.#begin(state)
    for (const entry of this.#sinks) {
      entry.cursor = this.#last
      entry.sink.resync(this.cursor)
    }
  }

  /** One piece of what comes next, as far as it is there. True where there is more. */
  #handOutHeld(): boolean {
    const next: ChannelEvent[] = []
    let chars = 0
    for (let last = this.cursor; ; ) {
      const event = this.#held.get(last.seq + 1)
      if (!event || !comesAfter(event, last)) break
      if (chars >= pieceChars) {
        this.#handOut(next)
        return true
      }
      next.push(event)
      chars += event.json.length
      last = event
    }
    if (next.length > 0) this.#handOut(next)
    return false
  }

  /** `events` begin after `#last` and have no gaps. */
  #handOut(events: readonly ChannelEvent[]) {
    this.usedAt = performance.now()
    for (const { seq } of events) this.#letGo(seq)
    this.#recent.add(events)
    ;({ seq: this.#last, mark: this.#mark } = events.at(-1) as ChannelEvent)
    for (const entry of this.#sinks) {
      entry.cursor = this.#last
      entry.sink.send(events)
    }
  }

  #readSoon() {
    if (this.#reading) {
      this.#readAgain = true
      return
    }
    this.#reading = this.#readOn()
      // The database is away; the next look at the heads tries again.
      .catch(() => {})
      .finally(() => {
        this.#reading = null
        if (this.#readAgain) {
          this.#readAgain = false
          this.#readSoon()
        }
      })
  }

  async #readOn(): Promise<void> {
    for (;;) {
      const turn = this.#turns
      const page = await this.#store.page(this.#epoch, this.#last)
      if (turn !== this.#turns) return
      // What a hint brought meanwhile is not handed out twice.
      const fresh = page.filter(({ seq }) => seq > this.#last)
      const [first] = fresh
      if (first && !(first.seq === this.#last + 1 && comesAfter(first, this.cursor))) {
        const state = await this.#store.state()
        return turn === this.#turns ? this.#beginAnew(state) : undefined
      }
      for (const piece of pieces(fresh)) {
        const next = piece.filter(({ seq }) => seq > this.#last)
        if (next.length > 0) this.#handOut(next)
        // In turns of their own, so that who reads has room for the next.
        await new Promise((resolve) => setImmediate(resolve))
        if (turn !== this.#turns) return
      }
      if (this.#handOutHeld()) this.#handOutSoon()
      for (const seq of this.#held.keys()) if (seq <= this.#last) this.#letGo(seq)
      if (page.length < pageSize) return
    }
  }

  /** One read for all that stand at the same place, such as everybody after a restart of the server. */
  #page(after: number): Promise<ChannelEvent[]> {
    let page = this.#pages.get(after)
    if (!page) {
      const turn = this.#turns
      page = this.#store.page(this.#epoch, after).then((events) => {
        // The table may be ahead of what was handed out; that is still to come to everybody.
        const until = events.findIndex(({ seq }) => seq > this.#last)
        const known = until === -1 ? events : events.slice(0, until)
        if (turn === this.#turns) this.#prepend(known)
        return known
      })
      this.#pages.set(after, page)
      const forget = () => this.#pages.delete(after)
      page.then(forget, forget)
    }
    return page
  }

  /** A page that meets what is in memory is kept with it, for the next who comes back from there. */
  #prepend(events: ChannelEvent[]) {
    const start = this.#last - this.#recent.length + 1
    const older = events.filter(({ seq }) => seq < start)
    const newest = older.at(-1)
    if (newest?.seq !== start - 1) return
    const { first: next } = this.#recent
    if (next ? !comesAfter(next, newest) : newest.mark !== this.#mark) return
    this.#recent.prepend(older)
  }

  #letGo(seq: number) {
    this.#heldChars -= this.#held.get(seq)?.json.length ?? 0
    this.#held.delete(seq)
  }

  #forgetHeld() {
    this.#held.clear()
    this.#heldChars = 0
  }

  #noteUse() {
    this.usedAt = performance.now()
    this.idleSince = this.#sinks.size + this.#joining === 0 ? (this.idleSince ?? performance.now()) : null
  }
}
