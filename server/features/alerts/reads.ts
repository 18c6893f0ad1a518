/**
 * Who has read what. Each row that is added is counted in the same transaction; alerts that are about to go are not read any more, so
 * that what goes with them is counted out once.
 */
import { and, desc, eq, isNull, lt, sql } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import { rowsOf } from '../../platform/db/rows.ts'
import { beforeCommit, withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { publish } from '../../platform/live/publish.ts'
import { readsChannel } from './channel.ts'
import { alertCounts, alertReadCounts, alertReads, alerts } from './table.ts'

type Who = { id: string }

/** What was read already stays so, and nobody is told again. @throws AppError NOT_FOUND */
export async function markRead(db: Database, actor: Who, alertId: string): Promise<{ id: string; isRead: true }> {
  return withTransaction(db, async (tx) => {
    // Held until the commit, so that it does not go in between.
    const [alert] = await tx.select({ id: alerts.id }).from(alerts).where(eq(alerts.id, alertId)).for('key share')
    if (!alert) throw new AppError('NOT_FOUND')
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
    .where(and(isNull(alertReads.alertId), before === undefined ? undefined : lt(alerts.id, before)))
    .orderBy(desc(alerts.id))
    .limit(perStatement)
    .for('key share', { of: alerts, skipLocked: true })
  return found.map(({ id }) => id)
}

/** By what is counted. */
export async function countAllUnread(db: Database, { id: userId }: Who): Promise<number> {
  const { n } = alertReadCounts
  const read = db.select({ n }).from(alertReadCounts).where(eq(alertReadCounts.userId, userId))
  const [row] = await db
    .select({ unread: sql<number>`greatest(0, coalesce(sum(${alertCounts.n}), 0) - coalesce((${read}), 0))::int` })
    .from(alertCounts)
  return row?.unread ?? 0
}

/** `alertId`: null for all. */
async function tellRead(tx: Database, { id: userId }: Who, n: number, alertId: string | null): Promise<void> {
  await publish(tx, readsChannel(userId), { type: 'alert.read', actorId: userId, alertId })
  await beforeCommit(tx, `${readsChannel(userId)} counts`, (last) => addReads(last, userId, n))
}

async function addReads(tx: Database, userId: string, n: number): Promise<void> {
  await tx
    .insert(alertReadCounts)
    .values({ userId, n })
    .onConflictDoUpdate({ target: alertReadCounts.userId, set: { n: sql`${alertReadCounts.n} + excluded.n` } })
}

/** In a transaction: what one person has read, another has read too. */
export async function handOverReads(tx: Database, fromId: string, toId: string): Promise<void> {
  const added = await tx.execute(sql`
    with added as (
      insert into ${alertReads} (user_id, alert_id, read_at)
      select ${toId}, alert_id, read_at from ${alertReads} where user_id = ${fromId}
      on conflict do nothing returning 1
    )
    select count(*)::int as n from added`)
  const n = rowsOf<{ n: number }>(added)[0]?.n ?? 0
  await tx.delete(alertReads).where(eq(alertReads.userId, fromId))
  await tx.delete(alertReadCounts).where(eq(alertReadCounts.userId, fromId))
  if (n > 0) await tellRead(tx, { id: toId }, n, null)
}
