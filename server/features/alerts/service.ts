/**
 * Alerts, and who has read which. Every user sees all of them; an alert is read by a user, or settled for all of them. How many there are
 * and how many a user has read is counted with each change, so that neither a list nor a badge counts rows.
 */
import { and, desc, eq, isNotNull, lt, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Alert, Alerts, ListAlerts } from '../../../shared/alerts.ts'
import { Id } from '../../../shared/id.ts'
import type { Database } from '../../platform/db/database.ts'
import { offsetOf, placeOf, toList } from '../../platform/db/page.ts'
import { type Given, preparedQuery } from '../../platform/db/prepared.ts'
import { presentCursor } from '../../platform/live/channel-store.ts'
import { publish } from '../../platform/live/publish.ts'
import { alertsChannel, readsChannel } from './channel.ts'
import { addAlerts, countAllUnread } from './counts.ts'
import { type AlertRow, alertCounts, alertReads, alerts } from './table.ts'

export { alertsChannel, readsChannel } from './channel.ts'
export { handOverReads, markAllRead, markRead } from './reads.ts'
export { trimAlerts } from './retention.ts'
export { settleAlerts } from './settle.ts'

type NewAlert = Pick<AlertRow, 'driftId' | 'severity' | 'title' | 'message'>

/** In the transaction of what it is about. */
export async function raiseAlert(tx: Database, actorId: string | null, alert: NewAlert): Promise<void> {
  const [row] = await tx.insert(alerts).values(alert).returning()
  if (!row) throw new Error('insert returned no row')
  await publish(tx, alertsChannel, { type: 'alert.created', actorId, alert: toAlert(row, false) })
  await addAlerts(tx, [{ severity: row.severity, n: 1, open: 1 }])
}

/** The newest first. `readerId`: who asks; null for somebody who is not signed in. */
export async function listAlerts(db: Database, readerId: string | null, asked: ListAlerts): Promise<Alerts> {
  const { severity, settled } = asked
  const after = placeOf(asked, Place)?.[0]
  const cursor = await presentCursor(db, alertsChannel)
  const [counted] = await countOf(db, { severity, settled })
  const rows = await readPage(db, {
    readerId: readerId ?? undefined,
    severity,
    settled,
    after,
    offset: offsetOf(asked),
    limit: asked.limit + 1,
  })
  const list = toList(rows, asked, {
    total: counted?.n ?? 0,
    placeOf: ({ alert }) => [alert.id],
    toItem: ({ alert, isRead }) => toAlert(alert, isRead),
  })
  return { ...list, cursor }
}

const Place = z.tuple([Id])

interface Filters {
  severity: string | undefined
  settled: boolean | undefined
}

const countOf = preparedQuery('alert_count', (db, { severity, settled }: Given<Filters>) =>
  db
    .select({ n: sql<number>`coalesce(sum(${counted(settled)}), 0)::bigint`.mapWith(Number) })
    .from(alertCounts)
    .where(severity && eq(alertCounts.severity, severity)),
)

const counted = (settled: unknown) =>
  settled === undefined
    ? alertCounts.n
    : sql`case when ${settled}::boolean then ${alertCounts.n} - ${alertCounts.open} else ${alertCounts.open} end`

interface Page extends Filters {
  readerId: string | undefined
  after: string | undefined
  offset: number
  limit: number
}

const readPage = preparedQuery(null, (db, { readerId, severity, settled, after, offset, limit }: Given<Page>) =>
  db
    .select({
      alert: alerts,
      isRead: sql<boolean>`${readerId ? sql`${alerts.isSettled} or ${isNotNull(alertReads.userId)}` : sql`false`}`,
    })
    .from(alerts)
    .leftJoin(
      alertReads,
      and(eq(alertReads.alertId, alerts.id), readerId ? eq(alertReads.userId, readerId) : sql`false`),
    )
    .where(
      and(
        settled === undefined ? undefined : eq(alerts.isSettled, settled),
        severity && eq(alerts.severity, severity),
        after && lt(alerts.id, after),
      ),
    )
    .orderBy(desc(alerts.id))
    .offset(offset)
    .limit(limit),
)

/** Up to 100, with the cursor of the channel that tells its person what they read. */
export async function countUnread(db: Database, actor: { id: string }) {
  const cursor = await presentCursor(db, readsChannel(actor.id))
  return { unread: Math.min(100, await countAllUnread(db, actor)), cursor }
}

function toAlert({ id, driftId, severity, title, message, isSettled, createdAt }: AlertRow, isRead: boolean): Alert {
  return { id, driftId, severity, title, message, isSettled, isRead, createdAt: createdAt.toISOString() }
}
