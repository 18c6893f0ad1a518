/**
 * Events are kept for a week. What is older is trimmed from the low end of its channel: a channel's `floor` is the number of
 * its newest trimmed event, all up to it are gone and all above it exist. Both change in one statement, so nobody sees one
 * without the other, and whoever comes back from below the floor is told to begin anew.
 *
 * Several instances may trim at once: the floor only rises, and deleting what is deleted deletes nothing. The channel's row is
 * locked at the end of the statement alone, one channel at a time, so writers hardly wait and nobody can deadlock over it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { rowsOf } from '../db/rows.ts'
import { beforeCommit } from '../db/transaction.ts'
import { channels, events } from './table.ts'

/** As long as an unused session: whoever was away for longer has to sign in again and fetch everything anyway. */
const keptDays = 7
const eventsPerBatch = 1000
/** Between batches, for everybody else. */
const pauseMs = 20

/** Until nothing is left that is too old, or `signal`. Returns how many went. @throws what the database throws */
export async function trimEvents(db: Database, signal?: AbortSignal): Promise<number> {
  let trimmed = 0
  while (!signal?.aborted) {
    const batch = await oldest(db)
    if (batch.length === 0) break
    for (const { channel, upTo } of batch) {
      if (signal?.aborted) break
      const gone = await db.execute(sql`
        with raised as (update ${channels} set floor = greatest(floor, ${upTo}) where id = ${channel})
        , deleted as (delete from ${events} where channel = ${channel} and seq <= ${upTo} returning 1)
        select count(*)::int as n from deleted`)
      trimmed += rowsOf<{ n: number }>(gone)[0]?.n ?? 0
    }
    await delay(pauseMs)
  }
  return trimmed
}

/**
 * For what is deleted: all events of its channel until now go too, with the transaction that `tx` is. Call it before the event that tells of
 * the deletion: of that one whoever is up to date hears, and whoever is not begins anew, and finds nothing.
 */
export async function forgetEvents(tx: Database, channel: string): Promise<void> {
  // Where the channel's own events are written, and so before those that are published after this.
  await beforeCommit(tx, channel, async (last) => {
    await last.execute(sql`
      with raised as (update ${channels} set floor = head where id = ${channel} returning floor)
      delete from ${events} using raised where channel = ${channel} and seq <= raised.floor`)
  })
}

/**
 * Up to where each channel may be trimmed now. By the number and not the time of each event: the time is that of its transaction's
 * beginning, and clocks are set. From the floor on, so that a channel's statement deletes a batch and no more.
 */
async function oldest(db: Database): Promise<{ channel: string; upTo: number }[]> {
  const rows = await db.execute(sql`
    select old.channel, least(max(old.seq), coalesce(min(${channels.floor}), min(old.seq) - 1) + ${eventsPerBatch}::int) as up_to
    from (
      select channel, seq from ${events} where created_at < now() - make_interval(days => ${keptDays}::int)
      order by created_at limit ${eventsPerBatch}::int
    ) as old left join ${channels} on ${channels.id} = old.channel
    group by old.channel`)
  return rowsOf<{ channel: string; up_to: string | number }>(rows).map(({ channel, up_to }) => ({
    channel,
    upTo: Number(up_to),
  }))
}
