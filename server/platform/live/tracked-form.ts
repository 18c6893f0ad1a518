/** What tRPC's WebSocket adapter sends for `tracked(id, data)`, to the byte, so that an ordinary tRPC client reads it. */
import { type ChannelEvent, type Cursor, formatCursor } from './channel-event.ts'
import type { WireForm } from './socket-sink.ts'

export class TrackedForm implements WireForm {
  /** The beginning of each answer to the subscription: its request id, and `jsonrpc` where the request had it. */
  readonly key: string

  constructor({ id, jsonrpc }: { id: number | string; jsonrpc?: '2.0' }) {
    this.key = JSON.stringify({ id, jsonrpc }).slice(0, -1)
  }

  event(event: ChannelEvent): string {
    return this.#message(event, event.json)
  }

  resync(cursor: Cursor): string {
    return this.#message(cursor, '{"type":"resync"}')
  }

  #message(cursor: Cursor, json: string): string {
    const id = JSON.stringify(formatCursor(cursor))
    return `${this.key},"result":{"type":"data","data":{"id":${id},"data":${json}},"id":${id}}}`
  }
}
