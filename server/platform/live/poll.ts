/** A channel by question and answer, on the same cursor as the streams. Whoever calls this has authorised. */
import type { Database } from '../db/database.ts'
import { comesAfter, formatCursor, names, parseCursor } from './channel-event.ts'
import { cursorOf, readOrMakeState, readPage } from './channel-store.ts'

export interface Poll<Event> {
  events: Event[]
  /** To ask with next time. */
  cursor: string
  /** The cursor asked with is of no use any more: fetch the present state, then go on from `cursor`. */
  resync: boolean
}

/** At most one page; a full one says that there is more. Without a cursor: the present, and nothing before it. */
export async function pollChannel<Event>(
  db: Database,
  channel: string,
  after: string | undefined,
): Promise<Poll<Event>> {
  const state = await readOrMakeState(db, channel)
  const { epoch, head, floor } = state
  const present = cursorOf(state)
  if (after === undefined) return { events: [], cursor: present, resync: false }
  const from = parseCursor(after, epoch)
  if (from === null || from.epoch !== epoch || from.seq > head || from.seq < floor) {
    return { events: [], cursor: present, resync: true }
  }
  if (from.seq === head) return { events: [], cursor: present, resync: !names(from, state.mark) }
  const page = await readPage(db, channel, epoch, from.seq)
  const [first] = page
  // Trimmed between the two reads, or written after another event than the one that was applied.
  if (first?.seq !== from.seq + 1 || !comesAfter(first, from)) return { events: [], cursor: present, resync: true }
  const last = page.at(-1) ?? first
  return { events: page.map(({ json }) => JSON.parse(json)), cursor: formatCursor(last), resync: false }
}
