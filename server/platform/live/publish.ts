/**
 * Puts an event into a channel, in the transaction of the change that it tells.
 *
 * Why the numbers can be used as cursors. `head` is raised by an UPDATE (or the insert of the row), which holds the row
 * lock until the transaction ends. So of two transactions that publish to one channel the second waits for the first to
 * end, and reads the head that it left: numbers are given in the order in which transactions end. A rollback gives its number
 * back with the lock, so committed numbers have no gaps. And Postgres makes a commit visible to new snapshots before it
 * releases the locks (CommitTransaction: ProcArrayEndTransaction before ResourceOwnerRelease), so whoever sees n + 1
 * committed can also see n: number order = commit order = visibility order, for each channel.
 *
 * The same statement gives the event a mark, and with it the mark of the event before: whoever holds one end of the chain can
 * check the next link. Numbers alone do not tell two histories apart when the database loses its newest commits (an older copy,
 * a replica that lagged, a crash with synchronous_commit off) and is written again.
 *
 * A sequence has none of that: numbers are given before the commit, and a reader that saw 2 may see 1 afterwards.
 */
import { randomBytes } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { type Given, preparedQuery } from '../db/prepared.ts'
import { afterCommit, beforeCommit, rootOf, send } from '../db/transaction.ts'
import { type ChannelEvent, newMark, toChannelEvent } from './channel-event.ts'
import { channels, events } from './table.ts'

/** Beside `type` and who did it, whatever the feature's schema of the event says. */
export type NewEvent = { type: string; actorId: string | null } & Record<string, unknown>

type Listener = (event: ChannelEvent) => void
const listeners = new WeakMap<Database, Listener>()

/** `listener` hears of each event that this process commits through `db`, after the commit. One listener a database. */
export function onPublished(db: Database, listener: Listener): void {
  listeners.set(db, listener)
}

/**
 * At the end of the transaction that `tx` is, whenever it is called in it: the channel is held for the commit alone, and channels
 * are taken in the order of their names, so that two transactions cannot deadlock over them. Outside one, it is one of its own.
 */
export async function publish(tx: Database, channel: string, event: NewEvent): Promise<void> {
  await beforeCommit(tx, channel, (last) => insertEvent(last, channel, event))
}

async function insertEvent(tx: Database, channel: string, { type, actorId, ...payload }: NewEvent): Promise<void> {
  const mark = newMark()
  const inserted = insertRaised(tx, {
    channel,
    type,
    payload: JSON.stringify(payload),
    actorId,
    mark,
    epoch: newEpoch(),
  })
  const announce = ([row]: Inserted[]) => {
    if (!row) throw new Error('publish returned no row')
    const at = new Date(row.created_at)
    const seq = Number(row.seq)
    const event = { seq, mark, previousMark: row.previous_mark, type, payload, actorId, at }
    announceCommitted(tx, toChannelEvent(channel, row.epoch, event))
  }
  await send(tx, inserted.then(announce))
}

/** What the upsert that raises a channel's head also sets, from the old row and the one proposed (`excluded`). */
export const marking = sql`
  previous_mark = case when channels.marked = channels.head then channels.mark end,
  mark = excluded.mark, marked = channels.head + excluded.head`

interface Values {
  channel: string
  type: string
  payload: string
  actorId: string | null
  mark: string
  epoch: string
}

/** Raises the head of the channel, which is made where it is missing, and inserts the event under that number. */
const insertRaised = preparedQuery('publish', (db, given: Given<Values>) => {
  const raised = db.$with('raised', {}).as(sql`
    insert into ${channels} (id, epoch, head, mark, marked) values (${given.channel}, ${given.epoch}, 1, ${given.mark}, 1)
    on conflict (id) do update set head = channels.head + 1, ${marking}
    returning epoch, head, previous_mark`)
  const inserted = db.$with('inserted', {}).as(sql`
    insert into ${events} (channel, seq, type, payload, actor_id, mark, previous_mark)
    select ${given.channel}, head, ${given.type}, ${given.payload}::jsonb, ${given.actorId}::uuid, ${given.mark}, previous_mark
    from raised
    returning seq, created_at, previous_mark`)
  return db
    .with(raised, inserted)
    .select({
      seq: sql<string | number>`seq`,
      created_at: sql<string | Date>`created_at`,
      epoch: sql<string>`epoch`,
      previous_mark: sql<string | null>`inserted.previous_mark`,
    })
    .from(sql`inserted cross join raised`)
})

type Inserted = Awaited<ReturnType<typeof insertRaised>>[number]

/** Makes a channel before its first event, with the thing that it is of, so that a snapshot of it has a cursor. */
export async function openChannel(tx: Database, id: string): Promise<void> {
  await tx.insert(channels).values({ id, epoch: newEpoch(), head: 0 }).onConflictDoNothing()
}

/** Instead of events, for a change of everything: whoever follows the channel fetches the present state anew (`resync`). */
export async function beginAnew(tx: Database, id: string): Promise<void> {
  await beforeCommit(tx, id, async (last) => {
    await last.update(channels).set({ epoch: newEpoch() }).where(eq(channels.id, id))
  })
}

/** For a hot write that is one statement of its own: what `publish` does after its insert. */
export function announceCommitted(tx: Database, event: ChannelEvent): void {
  const listener = listeners.get(rootOf(tx))
  if (listener) afterCommit(tx, () => listener(event))
}

/** In hexadecimal, for a cursor is also said on a command line, where what begins with `-` is an option. */
export const newEpoch = () => randomBytes(6).toString('hex')
