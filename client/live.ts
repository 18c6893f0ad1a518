/**
 * One live channel as its reader has it: a snapshot, then every event after it, once and in order, whatever carries them. The
 * carriers are a WebSocket, server-sent events and polling, the best that works; the cursor is the feed's own and moves after
 * an event has been applied, so changing or losing a carrier loses and doubles nothing.
 */
import { errorTable } from '../shared/error-table.ts'
import { type Carrier, newCarrier } from './carrier.ts'
import { networkError, type PlinthError, toPlinthError } from './errors.ts'
import { type Cursor, Fault, formatCursor, guarded, parseCursor } from './live-cursor.ts'
import type { Feed, FeedState, LiveHandlers, LiveOptions, LiveTransport } from './live-options.ts'
import { Pause } from './pause.ts'

/** Calls back when the client closes (null) or its session is over. Returns how to stop. */
type UntilOver = (end: (failure: unknown) => void) => () => void

/** `pace`: see `PlinthOptions`. */
export function openFeed<Snapshot extends { cursor: string }, Event extends { type: string; seq: number }>(
  options: LiveOptions<Snapshot, Event>,
  untilOver: UntilOver,
  pace = 1,
): Feed {
  return new LiveFeed(options, untilOver, pace)
}

const readyWithinMs = 5000
const answerWithinMs = 15_000
const pollEveryMs = 2000
/** An answer with as many events is likely not the last. */
const manyEvents = 100
const climbEveryMs = 30_000
/** A transport that fails this often while the server answers is given up for a while. */
const triesPerTransport = 2
/** What lasted as long was well, though nothing happened in the channel. */
const wellAfterMs = 5000

class LiveFeed<Snapshot extends { cursor: string }, Event extends { type: string; seq: number }> implements Feed {
  readonly #options: LiveOptions<Snapshot, Event>
  readonly #transports: readonly LiveTransport[]
  readonly #pace: number
  /** Called when it ends. Not a promise, which would keep whatever ever waited for it. */
  readonly #cleanups = new Set<() => void>()
  readonly #carriers = new Set<Carrier>()
  readonly #forget: () => void
  #state: FeedState = 'connecting'
  #transport: LiveTransport | null = null
  #step = 0
  /** All up to here is applied; null when only a snapshot can tell. */
  #cursor: Cursor | null = null
  #applied = 0

  constructor(options: LiveOptions<Snapshot, Event>, untilOver: UntilOver, pace: number) {
    this.#options = options
    this.#pace = pace
    this.#transports = options.transports ?? ['websocket', 'sse', 'polling']
    if (this.#transports.length === 0) throw new TypeError('a feed needs a transport')
    this.#forget = untilOver((failure) => (failure === null ? this.close() : this.#end(toPlinthError(failure))))
    // Not at once: React mounts, unmounts and mounts again, and nobody is to be called back before they hold the feed.
    queueMicrotask(() => void this.#run())
  }

  get state(): FeedState {
    return this.#state
  }

  get transport(): LiveTransport | null {
    return this.#transport
  }

  close(): void {
    if (this.#state === 'ended') return
    for (const carrier of this.#carriers) carrier.stop()
    this.#forget()
    this.#transport = null
    this.#become('ended')
    for (const cleanup of this.#cleanups) cleanup()
    this.#cleanups.clear()
  }

  #end(error: PlinthError) {
    if (this.#state === 'ended') return
    this.close()
    guarded(() => this.#options.onError?.(error))
  }

  get #isOver() {
    return this.#state === 'ended'
  }

  async #run() {
    /** Without anything gained in between. */
    let failures = 0
    /** Of the present transport, while the server answers. */
    let misses = 0
    while (!this.#isOver) {
      const appliedBefore = this.#applied
      let readyAt: number | null = null
      try {
        if (this.#cursor === null) await this.#takeSnapshot()
        if (this.#isOver) return
        const carrier = this.#open(this.#step)
        await this.#orEnded(carrier.ready)
        if (this.#isOver) return
        readyAt = performance.now()
        misses = 0
        await this.#carry(carrier)
      } catch (error) {
        if (this.#isOver) return
        if (isRefusal(error)) return this.#end(toPlinthError(error))
        this.#transport = null
        // One that was to be better may be on its way.
        for (const carrier of this.#carriers) carrier.stop()
        const well = this.#applied > appliedBefore || (readyAt !== null && performance.now() - readyAt > wellAfterMs)
        failures = well ? 1 : failures + 1
        if (readyAt !== null || error instanceof Fault) this.#become('connecting')
        else if (!(await this.#serverAnswers())) this.#become('offline')
        else if (++misses >= triesPerTransport && this.#step < this.#transports.length - 1) {
          // A server that is merely slow gets no more to do by it: what failed still counts.
          misses = 0
          this.#step++
        }
        await this.#pause(this.#pace * Math.min(125 * 2 ** failures, 15_000))
      }
    }
  }

  async #takeSnapshot() {
    const snapshot = await this.#answer(this.#options.snapshot())
    if (this.#isOver) return
    if (guarded(() => this.#options.onSnapshot(snapshot))) this.#cursor = parseCursor(snapshot.cursor)
    else throw new Fault('the snapshot was not applied')
  }

  /** Until `carrier` or the better one that took its place breaks. */
  async #carry(carrier: Carrier) {
    let present = carrier
    for (;;) {
      this.#transport = present.transport
      this.#become(present.transport === 'polling' ? 'polling' : 'live')
      if (this.#step === 0) return void (await this.#orEnded(present.over))
      await Promise.race([present.over, this.#pause(this.#options.climbEveryMs ?? climbEveryMs)])
      for (let better = 0; better < this.#step && !this.#isOver; better++) {
        // Beside the present one: what both bring counts once.
        const next = this.#open(better)
        const isReady = next.ready.then(
          () => true,
          (error) => (isRefusal(error) ? Promise.reject(error) : false),
        )
        if (await this.#orEnded(Promise.race([present.over, isReady]))) {
          present.stop()
          present = next
          this.#step = better
        } else next.stop()
      }
      if (this.#isOver) return
    }
  }

  /** Whether it is the network or the transport; a browser is not told why its event source was refused. @throws refusals */
  async #serverAnswers(): Promise<boolean> {
    if (this.#cursor === null || this.#transports[this.#step] === 'polling') return false
    try {
      const answer = await this.#answer(this.#options.poll(formatCursor(this.#cursor)))
      if (!this.#isOver && this.#transports.includes('polling')) this.#applyAnswer(answer)
      return true
    } catch (error) {
      if (isRefusal(error)) this.#end(toPlinthError(error))
      return error instanceof Fault
    }
  }

  #open(step: number): Carrier {
    const transport = this.#transports[step] as LiveTransport
    const carrier = transport === 'polling' ? this.#openPolling() : this.#openStream(transport)
    this.#carriers.add(carrier)
    return carrier
  }

  #openStream(transport: 'websocket' | 'sse'): Carrier {
    const { carrier, ready, fail, onStop, isStopped } = newCarrier(transport, (it) => this.#carriers.delete(it))
    const failAfter = (ms: number) => setTimeout(() => fail(networkError()), ms)
    let tooLate = failAfter(readyWithinMs)
    onStop(() => clearTimeout(tooLate))
    let begun = false
    let isThere = false
    const handlers: LiveHandlers = {
      onData: ({ id, data }) => {
        if (isStopped()) return
        try {
          if (data.type === 'ready') {
            isThere = true
            clearTimeout(tooLate)
            ready()
          } else if (data.type === 'resync') this.#startOver('the channel began anew')
          else this.#apply(parseCursor(id), data as Event)
        } catch (error) {
          fail(error)
        }
      },
      onError: fail,
      onComplete: () => fail(networkError()),
      onConnectionStateChange: ({ state, error }) => {
        if (state === 'pending' && !isThere && !isStopped()) {
          // Nothing in between holds it up; the server has something else to do, and is given time as for any answer.
          isThere = true
          clearTimeout(tooLate)
          tooLate = failAfter(answerWithinMs)
        }
        // The first comes at once, and tells of the time before. tRPC would go on by itself, from a cursor of its own.
        if (begun && state === 'connecting' && error) fail(error)
      },
    }
    const subscription = this.#options.follow(formatCursor(this.#cursor as Cursor), handlers, transport)
    begun = true
    onStop(() => subscription.unsubscribe())
    return carrier
  }

  #openPolling(): Carrier {
    const { carrier, ready, fail, isStopped } = newCarrier('polling', (it) => this.#carriers.delete(it))
    const poll = async () => {
      while (!isStopped()) {
        const answer = await this.#answer(this.#options.poll(formatCursor(this.#cursor as Cursor)))
        if (isStopped()) return
        ready()
        this.#applyAnswer(answer)
        if (answer.events.length < manyEvents) await this.#pause(this.#pace * pollEveryMs)
      }
    }
    poll().catch(fail)
    return carrier
  }

  #applyAnswer({ events, cursor, resync }: { events: Event[]; cursor: string; resync: boolean }) {
    if (resync) this.#startOver('the channel began anew')
    const last = parseCursor(cursor)
    for (const event of events) {
      const { seq } = event
      // Of those before the last one no mark comes: a cursor that were to stop there would lead to a snapshot.
      if (!this.#isOver) this.#apply(seq === last.seq ? last : { epoch: last.epoch, seq }, event)
    }
  }

  /** @throws Fault when the event cannot come next */
  #apply(cursor: Cursor, event: Event) {
    const { epoch, seq } = cursor
    if (this.#cursor === null) throw new Fault('there is nothing to apply an event to')
    if (epoch !== this.#cursor.epoch) return this.#startOver('the events are of another epoch')
    if (seq <= this.#cursor.seq) return
    if (seq !== this.#cursor.seq + 1) throw new Fault(`event ${seq} came after ${this.#cursor.seq}`)
    if (!guarded(() => this.#options.onEvent(event, formatCursor(cursor))))
      return this.#startOver('the event was not applied')
    this.#cursor = cursor
    this.#applied++
  }

  #startOver(why: string): void {
    this.#cursor = null
    throw new Fault(why)
  }

  #become(state: FeedState) {
    if (state === this.#state || this.#isOver) return
    this.#state = state
    guarded(() => this.#options.onState?.(state))
  }

  /** Calls `cleanup` when the feed ends. Returns how to forget it. */
  #whenOver(cleanup: () => void): () => void {
    if (this.#isOver) cleanup()
    else this.#cleanups.add(cleanup)
    return () => this.#cleanups.delete(cleanup)
  }

  async #orEnded<T>(promise: Promise<T>): Promise<T | null> {
    const ended = Promise.withResolvers<null>()
    const forget = this.#whenOver(() => ended.resolve(null))
    try {
      return await Promise.race([promise, ended.promise])
    } finally {
      forget()
    }
  }

  /** Ends with the feed. */
  async #pause(ms: number): Promise<void> {
    const pause = new Pause(ms)
    const forget = this.#whenOver(pause.end)
    await pause.over
    forget()
  }

  /** @throws PlinthError NETWORK_ERROR when none comes */
  async #answer<T>(call: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(networkError()), answerWithinMs)
    })
    // A closed feed waits for nothing.
    const forget = this.#whenOver(() => clearTimeout(timer))
    try {
      return await Promise.race([call, tooLate])
    } finally {
      clearTimeout(timer)
      forget()
    }
  }
}

/** The server knows what is asked, and says no; asking again would not change that. */
function isRefusal(error: unknown): boolean {
  if (error instanceof Fault) return false
  const { code } = toPlinthError(error)
  return code !== 'NETWORK_ERROR' && [400, 401, 403, 404].includes(errorTable[code].status)
}
