/**
 * Which users have read which alerts. Each row that is added for an alert that is not settled is counted in the same transaction. An alert
 * that is being settled or deleted is locked, so its reads are counted out once.
 */
import { and, desc, eq, isNull, lt, sql } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import { rowsOf } from '../../platform/db/rows.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { publish } from '../../platform/live/publish.ts'
import { readsChannel } from './channel.ts'
import { addReads, countAllUnread } from './counts.ts'
import { alertReads, alerts } from './table.ts'

type Who = { id: string }

/** Changes nothing and publishes nothing if the user has read it, or if it is settled and so counts as read. @throws AppError NOT_FOUND */
export async function markRead(db: Database, actor: Who, alertId: string): Promise<{ id: string; isRead: true }> {
  return withTransaction(db, async (tx) => {
    // Locked to the commit, so that it is neither deleted nor settled before.
    const [alert] = await tx
      .select({ isSettled: alerts.isSettled })
      .from(alerts)
      .where(eq(alerts.id, alertId))
      .for('key share')
    if (!alert) throw new AppError('NOT_FOUND')
    if (alert.isSettled) return { id: alertId, isRead: true }
    const added = await tx
      .insert(alertReads)
      .values({ userId: actor.id, alertId })
      .onConflictDoNothing()
      .returning({ alertId: alertReads.alertId })
    if (added.length > 0) await tellRead(tx, actor, 1, alertId)
    return { id: alertId, isRead: true }
  })
}

const perStatement = 5000

/**
 * All that are there now. The newest first, for what is unread is mostly new, and no further than to the last that is. What to add is
 * found by a statement of its own: one that looks at rows while it adds to them looks at ever more of them.
 */
export async function markAllRead(db: Database, actor: Who): Promise<{ read: number }> {
  return withTransaction(db, async (tx) => {
    const unread = await countAllUnread(tx, actor)
    let read = 0
    for (let before: string | undefined; read < unread; ) {
      const ids = await findUnread(tx, actor, before)
      if (ids.length === 0) break
      const added = await tx.execute(sql`
        insert into ${alertReads} (user_id, alert_id)
        select ${actor.id}::uuid, id from unnest(${sql.param(ids)}::uuid[]) as id on conflict do nothing returning 1`)
      read += rowsOf(added).length
      before = ids.at(-1)
    }
    if (read > 0) await tellRead(tx, actor, read, null)
    return { read }
  })
}

/** Those that are about to go are not among them; the others stay until the commit. */
async function findUnread(tx: Database, actor: Who, before: string | undefined): Promise<string[]> {
  const found = await tx
    .select({ id: alerts.id })
    .from(alerts)
    .leftJoin(alertReads, and(eq(alertReads.userId, actor.id), eq(alertReads.alertId, alerts.id)))
    .where(
      and(
        eq(alerts.isSettled, false),
        isNull(alertReads.alertId),
        before === undefined ? undefined : lt(alerts.id, before),
      ),
    )
    .orderBy(desc(alerts.id))
    .limit(perStatement)
    .for('key share', { of: alerts, skipLocked: true })
  return found.map(({ id }) => id)
}

/** `alertId`: null for all. */
async function tellRead(tx: Database, { id: userId }: Who, n: number, alertId: string | null): Promise<void> {
  await publish(tx, readsChannel(userId), { type: 'alert.read', actorId: userId, alertId })
  await addReads(tx, userId, n)
}

/** In a transaction: moves what one user has read to another. What the first user reads at the same moment stays theirs. */
export async function handOverReads(tx: Database, fromId: string, toId: string): Promise<void> {
  // Locked before they are counted, as `markRead` does it.
  const [moved] = rowsOf<{ open: number; added: number }>(
    await tx.execute(sql`
      with locked as (
        select id, is_settled from ${alertReads} join ${alerts} on id = alert_id where user_id = ${fromId}
        for key share of ${alerts}
      ), moved as (
        delete from ${alertReads} using locked where user_id = ${fromId} and alert_id = id
        returning alert_id, read_at, is_settled
      ), added as (
        insert into ${alertReads} (user_id, alert_id, read_at) select ${toId}::uuid, alert_id, read_at from moved
        on conflict do nothing returning alert_id as added_id
      )
      select count(*)::int as open, count(added_id)::int as added
      from moved left join added on added_id = alert_id where not is_settled`),
  )
  if (!moved) throw new Error('a count returned no row')
  if (moved.open > 0) await addReads(tx, fromId, -moved.open)
  if (moved.added > 0) await tellRead(tx, { id: toId }, moved.added, null)
}
