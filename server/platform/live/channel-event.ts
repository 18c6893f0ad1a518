import { randomUUID } from 'node:crypto'

/** An event as it travels: its place in its channel, and its wire form made once for everybody. */
export interface ChannelEvent {
  readonly channel: string
  readonly epoch: string
  /** 1, 2, 3 … within (channel, epoch), without gaps. */
  readonly seq: number
  /** Random, stored with the event. Null when a release without marks wrote it; `previousMark` is unknown then. */
  readonly mark: string | null
  /** The mark of event `seq - 1`; null for the first one, or when that one has no mark. */
  readonly previousMark: string | null
  /** JSON of `{...payload, type, seq, at, actorId}`. */
  readonly json: string
}

interface EventRow {
  seq: number
  mark: string | null
  previousMark: string | null
  type: string
  payload: unknown
  actorId: string | null
  at: Date
}

export function toChannelEvent(
  channel: string,
  epoch: string,
  { seq, mark, previousMark, type, payload, actorId, at }: EventRow,
): ChannelEvent {
  return {
    channel,
    epoch,
    seq,
    mark,
    previousMark,
    json: JSON.stringify({ ...(payload as object), type, seq, at: at.toISOString(), actorId }),
  }
}

/** 32 bits: after the database was set back, one cursor in four billion names the wrong event unnoticed. */
export const newMark = () => randomUUID().slice(0, 8)

/** In a cursor: any mark will do. */
export const anyMark = '-'
/** What a page of a release without marks, still open, makes of one: it reads a number there. */
const misread = 'NaN'

/**
 * Where a subscriber stands: all events up to `seq` have been applied, the last of them the one with `mark`. Opaque to callers,
 * who store it and send it back. Two histories of one epoch, as of a database that was set back and written anew, differ in their marks.
 */
export interface Cursor {
  readonly epoch: string
  readonly seq: number
  /** `anyMark` is not compared. Null: before the first event, or at one without a mark. */
  readonly mark: string | null
}

export const formatCursor = ({ epoch, seq, mark }: Cursor): string =>
  mark === null ? `${epoch}:${seq}` : `${epoch}:${seq}:${mark}`

/**
 * Null for what was never a cursor of ours; it is then treated as one of another epoch. A number alone, which is all that plain
 * clients may have stored, is taken for one of `epoch` with any mark. A cursor without a mark names an event without one.
 */
export function parseCursor(text: string, epoch: string): Cursor | null {
  const [whole, ofNumber, own = epoch, ofCursor, mark = null] =
    /^(?:(\d{1,15})|([A-Za-z0-9_-]{1,32}):(\d{1,15})(?::([A-Za-z0-9_-]{1,16}))?)$/.exec(text) ?? []
  if (whole === undefined) return null
  return ofNumber !== undefined
    ? { epoch: own, seq: Number(ofNumber), mark: anyMark }
    : { epoch: own, seq: Number(ofCursor), mark: mark === misread ? anyMark : mark }
}

/** Whether `at` names the event that has `mark`, or the beginning. Their epochs and numbers are the same. */
export const names = (at: Cursor, mark: string | null): boolean => at.mark === mark || at.mark === anyMark

/** Whether `event`, whose number is the next one, was written after the event that `at` names. */
export const comesAfter = (event: ChannelEvent, at: Cursor): boolean =>
  event.mark === null || names(at, event.previousMark)
