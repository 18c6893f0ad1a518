/** A channel's events as an async iterable, for streams that tRPC writes itself (SSE, and sockets of other servers). */
import { tracked } from '@trpc/server'
import { AppError } from '../errors/app-error.ts'
import { type ChannelEvent, type Cursor, formatCursor } from './channel-event.ts'
import type { Sink } from './channel-reader.ts'

const maxQueuedChars = 1024 * 1024
const drainedChars = 64 * 1024

export class QueueSink implements Sink {
  #queue: { cursor: string; json: string }[] = []
  #chars = 0
  #wake: (() => void) | null = null
  #drain: (() => void) | null = null
  ended = false
  #tooSlow = false

  readonly #onTooSlow: () => void

  /** `onTooSlow`: nothing more is taken, though the reader will not be told before it reads again. */
  constructor(signal: AbortSignal, onTooSlow: () => void) {
    this.#onTooSlow = onTooSlow
    signal.addEventListener('abort', () => this.end(), { once: true })
    if (signal.aborted) this.end()
  }

  send(events: readonly ChannelEvent[]): void {
    for (const event of events) this.#push(formatCursor(event), event.json)
  }

  resync(cursor: Cursor): void {
    this.#push(formatCursor(cursor), '{"type":"resync"}')
  }

  async drained(): Promise<void> {
    while (!this.ended && this.#chars > drainedChars) {
      await new Promise<void>((resolve) => {
        this.#drain = resolve
      })
    }
  }

  end(): void {
    this.ended = true
    this.#wake?.()
    this.#drain?.()
  }

  /**
   * Ends when the stream is stopped. A mere end would be final for tRPC's clients, so of a reader that is a mebibyte behind
   * it fails: after a fault of the server they come back and resume.
   *
   * @throws AppError SERVER_BUSY
   */
  async *messages() {
    // What is still queued at the end is dropped: a reader that comes back asks for it again.
    while (!this.ended) {
      const next = this.#queue.shift()
      if (next) {
        this.#chars -= next.json.length
        if (this.#chars <= drainedChars) this.#drain?.()
        yield tracked(next.cursor, JSON.parse(next.json))
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        this.#wake = null
      }
    }
    if (this.#tooSlow) throw new AppError('SERVER_BUSY')
  }

  #push(cursor: string, json: string) {
    if (this.ended) return
    this.#queue.push({ cursor, json })
    this.#chars += json.length
    if (this.#chars > maxQueuedChars) {
      this.#tooSlow = true
      this.#queue = []
      this.end()
      this.#onTooSlow()
    } else this.#wake?.()
  }
}
