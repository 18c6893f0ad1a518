/**
 * A channel as a tRPC subscription. Whoever calls this has authorised. First `ready`, whose id is where the stream begins, then
 * everything after it, each event tracked with its cursor, so that an ordinary client resumes by `lastEventId`.
 */
import { type TrackedEnvelope, tracked } from '@trpc/server'
import type { Capability } from '../../../shared/capabilities.ts'
import { AppError } from '../errors/app-error.ts'
import type { Allowed, Follower, LossCode } from './access-watch.ts'
import { type Cursor, formatCursor, parseCursor } from './channel-event.ts'
import type { ChannelReader, Sink } from './channel-reader.ts'
import type { LiveHub } from './live-hub.ts'
import { QueueSink } from './queue-sink.ts'

export type LiveMessage<Event> = { type: 'ready' } | { type: 'resync' } | Event

/** A cursor that is nobody's, which leads to `resync`. */
const unknownCursor: Cursor = { epoch: '', seq: 0, mark: null }

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

export type FollowOptions = FollowedStream & (Omit<Follower, 'channel'> | OfOperator)

/** Nobody can take away what the operator may. */
interface OfOperator {
  userId: null
}

interface FollowedStream {
  /** The cursor to go on from; absent, the stream begins at the present. */
  lastEventId: string | undefined
  /** True on a socket that understands `HandOver`. */
  handsOver: boolean
  signal: AbortSignal | undefined
}

/** @throws AppError NOT_FOUND, FORBIDDEN, SESSION_ENDED when the follower is no longer allowed; that ends the stream for good */
export async function* followChannel<Event>(
  hub: LiveHub,
  channel: string,
  { lastEventId, handsOver, signal = new AbortController().signal, ...follower }: FollowOptions,
): AsyncGenerator<TrackedEnvelope<LiveMessage<Event>>> {
  const reader = await hub.reader(channel)
  const from =
    lastEventId === undefined ? reader.cursor : (parseCursor(lastEventId, reader.cursor.epoch) ?? unknownCursor)
  yield tracked(formatCursor(from.epoch === '' ? reader.cursor : from), { type: 'ready' as const })
  if (signal.aborted) return
  const handOver = new HandOver(reader, from)
  const lost = Promise.withResolvers<LossCode>()
  const unwatch = follower.userId === null ? () => {} : hub.access.add({ ...follower, channel }, lost.resolve)
  try {
    if (handsOver) {
      yield handOver as never
      const aborted = new Promise<null>((resolve) => {
        if (signal.aborted) resolve(null)
        signal.addEventListener('abort', () => resolve(null), { once: true })
      })
      const code = await Promise.race([lost.promise, aborted])
      if (code) throw new AppError(code)
    } else {
      const sink = new QueueSink(signal, () => handOver.release())
      let gone: LossCode | undefined
      void lost.promise.then((code) => {
        gone = code
        sink.end()
      })
      const joined = handOver.begin(sink)
      joined.catch(() => sink.end())
      yield* sink.messages()
      if (gone) throw new AppError(gone)
      await joined
    }
  } finally {
    unwatch()
    handOver.release()
  }
}

/** What the resolver of a subscription under `can(…)` is given. */
interface FollowCall {
  ctx: { live: LiveHub; handsOver: boolean; actor: { id: string }; capability: Capability }
  input: { lastEventId?: string | undefined }
  signal: AbortSignal | undefined
}

/** Of a channel in which whoever has the capability is allowed for as long: everybody's, or the caller's own. */
const whoeverCan: Allowed = async (_db, followings) => followings

/** A subscription to `channel` for whoever calls. Whoever calls this has authorised. @throws as `followChannel` */
export function follow<Event>({ ctx, input, signal }: FollowCall, channel: string, allowed = whoeverCan) {
  const { live, handsOver, actor, capability } = ctx
  const { lastEventId } = input
  return followChannel<Event>(live, channel, { lastEventId, handsOver, signal, userId: actor.id, capability, allowed })
}
