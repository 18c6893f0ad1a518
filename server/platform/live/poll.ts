/** A channel by question and answer, on the same cursor as the streams. Whoever calls this has authorised. */
import type { Database } from '../db/database.ts'
import { formatCursor, parseCursor } from './channel-event.ts'
import { readOrMakeState, readPage } from './channel-store.ts'

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
  const { epoch, head, floor } = await readOrMakeState(db, channel)
  const present = formatCursor({ epoch, seq: head })
  if (after === undefined) return { events: [], cursor: present, resync: false }
  const from = parseCursor(after, epoch)
  if (from === null || from.epoch !== epoch || from.seq > head || from.seq < floor) {
    return { events: [], cursor: present, resync: true }
  }
  if (from.seq === head) return { events: [], cursor: present, resync: false }
  const page = await readPage(db, channel, epoch, from.seq)
  // Trimmed between the two reads.
  if (page[0]?.seq !== from.seq + 1) return { events: [], cursor: present, resync: true }
  const last = page.at(-1) ?? { epoch, seq: from.seq }
  return { events: page.map(({ json }) => JSON.parse(json)), cursor: formatCursor(last), resync: false }
}
