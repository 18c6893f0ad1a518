/** An event as it travels: its place in its channel, and its wire form made once for everybody. */
export interface ChannelEvent {
  readonly channel: string
  readonly epoch: string
  /** 1, 2, 3 … within (channel, epoch), without gaps. */
  readonly seq: number
  /** JSON of `{...payload, type, seq, at, actorId}`. */
  readonly json: string
}

interface EventRow {
  seq: number
  type: string
  payload: unknown
  actorId: string | null
  at: Date
}

export function toChannelEvent(
  channel: string,
  epoch: string,
  { seq, type, payload, actorId, at }: EventRow,
): ChannelEvent {
  return {
    channel,
    epoch,
    seq,
    json: JSON.stringify({ ...(payload as object), type, seq, at: at.toISOString(), actorId }),
  }
}

/** Where a subscriber stands: all events up to `seq` have been applied. Opaque to callers, who keep and send it back. */
export interface Cursor {
  readonly epoch: string
  readonly seq: number
}

export const formatCursor = ({ epoch, seq }: Cursor): string => `${epoch}:${seq}`

/**
 * Null for what was never a cursor of ours; it is then treated as one of another epoch. A number alone, which is all that plain
 * clients may have kept, is taken for one of `epoch`.
 */
export function parseCursor(text: string, epoch: string): Cursor | null {
  const [, own = epoch, seq] = /^(?:([A-Za-z0-9_-]{1,32}):)?(\d{1,15})$/.exec(text) ?? []
  return seq !== undefined ? { epoch: own, seq: Number(seq) } : null
}
