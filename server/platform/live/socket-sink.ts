/**
 * A channel's events on a WebSocket, written past tRPC's generators: one frame for each event and form, made once and written to
 * every socket of that form, those of one turn in one piece.
 */
import type { WebSocket } from 'ws'
import type { ChannelEvent, Cursor } from './channel-event.ts'
import type { Sink } from './channel-reader.ts'

/** Beyond this a reader is too slow to be waited for: it is closed with 1013 and resumes from its cursor. */
const maxBufferedBytes = 1024 * 1024
/** While catching up, the next page waits until this little is left. */
const drainedBytes = 64 * 1024
const closeTryAgainLater = 1013
const drainCheckMs = 10

/** How events are said on a socket. Those with the same key say them alike. */
export interface WireForm {
  readonly key: unknown
  event(event: ChannelEvent): string
  resync(cursor: Cursor): string
}

/** By the very array that the reader hands to all its sinks, and by the key of the form. Gone with the array. */
const framesOf = new WeakMap<readonly ChannelEvent[], Map<unknown, Buffer>>()

export class SocketSink implements Sink {
  readonly #socket: WebSocket
  readonly #form: WireForm
  #ended = false

  constructor(socket: WebSocket, form: WireForm) {
    this.#socket = socket
    this.#form = form
  }

  get ended(): boolean {
    return this.#ended || this.#socket.readyState !== this.#socket.OPEN
  }

  send(events: readonly ChannelEvent[]): void {
    const frames = framesOf.get(events) ?? new Map<unknown, Buffer>()
    framesOf.set(events, frames)
    const { key } = this.#form
    let bytes = frames.get(key)
    if (!bytes) {
      bytes = Buffer.concat(events.map((event) => textFrame(this.#form.event(event))))
      frames.set(key, bytes)
    }
    this.#write(bytes)
  }

  resync(cursor: Cursor): void {
    this.say(this.#form.resync(cursor))
  }

  /** Among the events, where it stands in their order. */
  say(text: string): void {
    this.#write(textFrame(text))
  }

  async drained(): Promise<void> {
    while (!this.ended && this.#socket.bufferedAmount > drainedBytes) {
      await new Promise((resolve) => setTimeout(resolve, drainCheckMs))
    }
  }

  #write(bytes: Buffer) {
    if (this.ended) return
    if (this.#socket.bufferedAmount + bytes.length > maxBufferedBytes) {
      this.#ended = true
      this.#socket.close(closeTryAgainLater, 'too slow')
      // The close frame stands behind what the peer does not read, so it may never see it.
      this.#socket.terminate()
      return
    }
    rawSocketOf(this.#socket).write(bytes)
  }
}

/** ws has no way to write a frame made in advance; the stream under it is private by name only, and has been since 1.0. */
const rawSocketOf = (socket: WebSocket) => (socket as unknown as { _socket: NodeJS.WritableStream })._socket

/** An unmasked, unfragmented text frame, as servers send (RFC 6455 section 5.2). */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const { length } = payload
  const header =
    length < 126
      ? Buffer.from([0x81, length])
      : length < 0x10000
        ? Buffer.from([0x81, 126, length >> 8, length & 0xff])
        : Buffer.concat([Buffer.from([0x81, 127, 0, 0, 0, 0]), uint32(length)])
  return Buffer.concat([header, payload])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
