/**
 * A channel as a tRPC subscription. Whoever calls this has authorised. First `ready`, whose id is where the stream begins, then
 * everything after it, each event tracked with its cursor, so that an ordinary client resumes by `lastEventId`.
 */
import { type TrackedEnvelope, tracked } from '@trpc/server'
import { AppError } from '../errors/app-error.ts'
import type { Follower } from './access-watch.ts'
import { type Cursor, formatCursor, parseCursor } from './channel-event.ts'
import type { ChannelReader, Sink } from './channel-reader.ts'
import type { LiveHub } from './live-hub.ts'
import { QueueSink } from './queue-sink.ts'

export type LiveMessage<Event> = { type: 'ready' } | { type: 'resync' } | Event

/** A cursor that is nobody's, which leads to `resync`. */
const unknownCursor: Cursor = { epoch: '', seq: 0 }

/**
 * Yielded once by a subscription on a socket of ours: from here on the hub writes to the socket itself (socket-sink.ts) and the
 * generator only waits for its end.
 */
export class HandOver {
  readonly #reader: ChannelReader
  readonly #from: Cursor
  #leave: (() => void) | null = null
  #released = false

  constructor(reader: ChannelReader, from: Cursor) {
    this.#reader = reader
    this.#from = from
  }

  /** @throws what the database throws while catching up */
  async begin(sink: Sink): Promise<void> {
    await this.#reader.join(sink, this.#from, (leave) => {
      this.#leave = leave
      if (this.#released) leave()
    })
  }

  release(): void {
    this.#released = true
    this.#leave?.()
  }
}

export interface FollowOptions extends Omit<Follower, 'channel'> {
  /** The cursor to go on from; absent, the stream begins at the present. */
  lastEventId: string | undefined
  /** True on a socket that understands `HandOver`. */
  handsOver: boolean
  signal: AbortSignal | undefined
}

/** @throws AppError NOT_FOUND when the follower is no longer allowed; that ends the stream for good */
export async function* followChannel<Event>(
  hub: LiveHub,
  channel: string,
  { lastEventId, handsOver, signal = new AbortController().signal, userId, allowed }: FollowOptions,
): AsyncGenerator<TrackedEnvelope<LiveMessage<Event>>> {
  const reader = await hub.reader(channel)
  const from = lastEventId === undefined ? reader.cursor : (parseCursor(lastEventId) ?? unknownCursor)
  yield tracked(formatCursor(from.epoch === '' ? reader.cursor : from), { type: 'ready' as const })
  if (signal.aborted) return
  const handOver = new HandOver(reader, from)
  const lost = Promise.withResolvers<'lost'>()
  const unwatch = hub.access.add({ channel, userId, allowed }, () => lost.resolve('lost'))
  try {
    if (handsOver) {
      yield handOver as never
      const aborted = new Promise<'aborted'>((resolve) => {
        if (signal.aborted) resolve('aborted')
        signal.addEventListener('abort', () => resolve('aborted'), { once: true })
      })
      if ((await Promise.race([lost.promise, aborted])) === 'lost') throw new AppError('NOT_FOUND')
    } else {
      const sink = new QueueSink(signal, () => handOver.release())
      let gone = false
      void lost.promise.then(() => {
        gone = true
        sink.end()
      })
      const joined = handOver.begin(sink)
      joined.catch(() => sink.end())
      yield* sink.messages()
      if (gone) throw new AppError('NOT_FOUND')
      await joined
    }
  } finally {
    unwatch()
    handOver.release()
  }
}
