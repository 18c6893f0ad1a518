/** Reads of channels: where they stand, and pages of their events. The only truth that live delivery has. */
import { and, asc, eq, gt, inArray, sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { type Given, preparedQuery } from '../db/prepared.ts'
import { type ChannelEvent, formatCursor, toChannelEvent } from './channel-event.ts'
import { newEpoch } from './publish.ts'
import { channels, events } from './table.ts'

export interface ChannelState {
  readonly epoch: string
  readonly head: number
  readonly floor: number
  /** Of the event `head`, also after retention deleted it. */
  readonly mark: string | null
}

const ofState = {
  epoch: channels.epoch,
  head: channels.head,
  mark: sql<string | null>`case when ${channels.marked} = ${channels.head} then ${channels.mark} end`,
}

export const cursorOf = ({ epoch, head, mark }: Omit<ChannelState, 'floor'>): string =>
  formatCursor({ epoch, seq: head, mark })

export const pageSize = 500
const idsPerQuery = 1000

export async function readStates(db: Database, ids: string[]): Promise<Map<string, ChannelState>> {
  const states = new Map<string, ChannelState>()
  for (let at = 0; at < ids.length; at += idsPerQuery) {
    const rows = await db
      .select({ ...ofState, id: channels.id, floor: channels.floor })
      .from(channels)
      .where(inArray(channels.id, ids.slice(at, at + idsPerQuery)))
    for (const { id, ...state } of rows) states.set(id, state)
  }
  return states
}

/** A channel that nobody has published to yet is made, so that its first subscriber has an epoch to stand in. */
export async function readOrMakeState(db: Database, id: string): Promise<ChannelState> {
  const known = (await readStates(db, [id])).get(id)
  if (known) return known
  await db.insert(channels).values({ id, epoch: newEpoch(), head: 0 }).onConflictDoNothing()
  const made = (await readStates(db, [id])).get(id)
  if (!made) throw new Error(`channel ${id} vanished while it was made`)
  return made
}

/**
 * After a restore, in its transaction. What was published after the copy was taken may have gone to readers whose cursors would fit
 * the numbers given next: each is told to begin anew (`resync`).
 */
export async function beginChannelsAnew(tx: Database): Promise<void> {
  await tx.update(channels).set({ epoch: newEpoch() })
}

/** Up to 500 events after `after`, in order. May begin later than `after + 1` when those were trimmed: the caller checks. */
export async function readPage(db: Database, channel: string, epoch: string, after: number): Promise<ChannelEvent[]> {
  const rows = await db
    .select()
    .from(events)
    .where(and(eq(events.channel, channel), gt(events.seq, after)))
    .orderBy(asc(events.seq))
    .limit(pageSize)
  return rows.map(({ createdAt, ...row }) => toChannelEvent(channel, epoch, { ...row, at: createdAt }))
}

/**
 * Where a channel stands, for what is read after this and followed from here. All up to it is in what is read then; more may be, so
 * whoever applies the events of the channel to it must know an old one when it comes: by a version, or by an id. It needs no transaction.
 */
export async function presentCursor(db: Database, id: string): Promise<string> {
  const [known] = await channelState(db, { id })
  return cursorOf(known ?? (await readOrMakeState(db, id)))
}

const channelState = preparedQuery('channel_state', (db, { id }: Given<{ id: string }>) =>
  db.select(ofState).from(channels).where(eq(channels.id, id)),
)

/** Where a channel stands, for a snapshot that its reader follows from; in the transaction that reads the rest of it. */
export async function readCursor(tx: Database, id: string): Promise<string> {
  const state = (await readStates(tx, [id])).get(id)
  if (!state) throw new Error(`channel ${id} was never opened`)
  return cursorOf(state)
}
