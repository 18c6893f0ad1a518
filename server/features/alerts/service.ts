/**
 * Alerts, and who has read which. Everybody sees all of them; read or unread is each person's own. How many there are and how many
 * somebody has read is counted with each change, so that neither a list nor a badge counts rows.
 */
import { and, desc, eq, isNotNull, lt, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Alert, Alerts, ListAlerts } from '../../../shared/alerts.ts'
import { Id } from '../../../shared/id.ts'
import type { Database } from '../../platform/db/database.ts'
import { offsetOf, placeOf, toList } from '../../platform/db/page.ts'
import { type Given, preparedQuery } from '../../platform/db/prepared.ts'
import { beforeCommit } from '../../platform/db/transaction.ts'
import { presentCursor } from '../../platform/live/channel-store.ts'
import { publish } from '../../platform/live/publish.ts'
import { alertsChannel, readsChannel } from './channel.ts'
import { countAllUnread } from './reads.ts'
import { type AlertRow, alertCounts, alertReads, alerts } from './table.ts'

export { alertsChannel, readsChannel } from './channel.ts'
export { handOverReads, markAllRead, markRead } from './reads.ts'
export { trimAlerts } from './retention.ts'

type NewAlert = Pick<AlertRow, 'driftId' | 'severity' | 'title' | 'message'>

/** In the transaction of what it is about. */
export async function raiseAlert(tx: Database, actorId: string | null, alert: NewAlert): Promise<void> {
  const [row] = await tx.insert(alerts).values(alert).returning()
  if (!row) throw new Error('insert returned no row')
  await publish(tx, alertsChannel, { type: 'alert.created', actorId, alert: toAlert(row, false) })
  await beforeCommit(tx, `${alertsChannel} counts`, async (last) => {
    await last
      .insert(alertCounts)
      .values({ severity: row.severity, n: 1 })
      .onConflictDoUpdate({ target: alertCounts.severity, set: { n: sql`${alertCounts.n} + 1` } })
  })
}

/** The newest first. `readerId`: who asks; null for somebody who is not signed in. */
export async function listAlerts(db: Database, readerId: string | null, asked: ListAlerts): Promise<Alerts> {
  const { severity } = asked
  const after = placeOf(asked, Place)?.[0]
  const cursor = await presentCursor(db, alertsChannel)
  const [counted] = await countOf(db, { severity })
  const rows = await readPage(db, {
    readerId: readerId ?? undefined,
    severity,
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

const countOf = preparedQuery('alert_count', (db, { severity }: Given<{ severity: string | undefined }>) =>
  db
    .select({ n: sql<number>`coalesce(sum(${alertCounts.n}), 0)::bigint`.mapWith(Number) })
    .from(alertCounts)
    .where(severity && eq(alertCounts.severity, severity)),
)

interface Page {
  readerId: string | undefined
  severity: string | undefined
  after: string | undefined
  offset: number
  limit: number
}

const readPage = preparedQuery(null, (db, { readerId, severity, after, offset, limit }: Given<Page>) =>
  db
    .select({ alert: alerts, isRead: sql<boolean>`${isNotNull(alertReads.userId)}` })
    .from(alerts)
    .leftJoin(
      alertReads,
      and(eq(alertReads.alertId, alerts.id), readerId ? eq(alertReads.userId, readerId) : sql`false`),
    )
    .where(and(severity && eq(alerts.severity, severity), after && lt(alerts.id, after)))
    .orderBy(desc(alerts.id))
    .offset(offset)
    .limit(limit),
)

/** Up to 100, with the cursor of the channel that tells its person what they read. */
export async function countUnread(db: Database, actor: { id: string }) {
  const cursor = await presentCursor(db, readsChannel(actor.id))
  return { unread: Math.min(100, await countAllUnread(db, actor)), cursor }
}

function toAlert({ id, driftId, severity, title, message, createdAt }: AlertRow, isRead: boolean): Alert {
  return { id, driftId, severity, title, message, isRead, createdAt: createdAt.toISOString() }
}
