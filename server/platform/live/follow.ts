/**
 * A channel as a tRPC subscription. Whoever calls this has authorised. First `ready`, whose id is where the stream begins, then
 * everything after it, each event tracked with its cursor, so that an ordinary client resumes by `lastEventId`.
 */
import { type TrackedEnvelope, tracked } from '@trpc/server'
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

export async function* followChannel<Event>(
  hub: LiveHub,
  channel: string,
  { lastEventId, handsOver, signal }: { lastEventId: string | undefined; handsOver: boolean; signal: AbortSignal },
): AsyncGenerator<TrackedEnvelope<LiveMessage<Event>>> {
  const reader = await hub.reader(channel)
  const from = lastEventId === undefined ? reader.cursor : (parseCursor(lastEventId) ?? unknownCursor)
  yield tracked(formatCursor(from.epoch === '' ? reader.cursor : from), { type: 'ready' as const })
  if (signal.aborted) return
  const handOver = new HandOver(reader, from)
  try {
    if (handsOver) {
      yield handOver as never
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    } else {
      const sink = new QueueSink(signal)
      const joined = handOver.begin(sink)
      joined.catch(() => sink.end())
      yield* sink.messages()
      await joined
    }
  } finally {
    handOver.release()
  }
}
