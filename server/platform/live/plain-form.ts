/** A channel for clients without tRPC: frames of plain JSON, whose form is a contract (docs/realtime.md). */
import { type ChannelEvent, type Cursor, formatCursor } from './channel-event.ts'
import type { WireForm } from './socket-sink.ts'

export class PlainForm implements WireForm {
  readonly key = this
  readonly #names: ReadonlyMap<string, string>

  /** `names`: what each type of event is called there. */
  constructor(names: Readonly<Record<string, string>>) {
    this.#names = new Map(Object.entries(names))
  }

  ready(cursor: Cursor): string {
    return JSON.stringify({ type: 'ready', seq: cursor.seq, cursor: formatCursor(cursor) })
  }

  /** One without a name, of a newer instance beside this one, is told all the same: left out it would be a gap. */
  event(event: ChannelEvent): string {
    const { type, seq, at, actorId, ...data } = JSON.parse(event.json)
    const name = this.#names.get(type) ?? type.replaceAll('.', '_')
    return JSON.stringify({ type: name, seq, cursor: formatCursor(event), at, actorId, data })
  }

  resync(cursor: Cursor): string {
    return JSON.stringify({ type: 'resync', seq: cursor.seq, cursor: formatCursor(cursor) })
  }
}
