/** A decision on a drift, or its resolution, settles its alerts: they count as read for every user. */
import { and, eq, sql } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import { publish } from '../../platform/live/publish.ts'
import { alertsChannel } from './channel.ts'
import { addAlerts, removeReads } from './counts.ts'
import { alerts } from './table.ts'

/** In the transaction of the change. The caller has locked the row of the drift, so no alert of it is raised meanwhile. */
export async function settleAlerts(tx: Database, actorId: string | null, driftId: string): Promise<void> {
  const open = await tx
    .select({ id: alerts.id, severity: alerts.severity })
    .from(alerts)
    .where(and(eq(alerts.driftId, driftId), eq(alerts.isSettled, false)))
    .orderBy(alerts.id)
    .for('update')
  if (open.length === 0) return
  const alertIds = open.map(({ id }) => id)
  await tx
    .update(alerts)
    .set({ isSettled: true })
    .where(sql`${alerts.id} = any(${sql.param(alertIds)}::uuid[])`)
  await removeReads(tx, alertIds)
  await addAlerts(
    tx,
    open.map(({ severity }) => ({ severity, n: 0, open: -1 })),
  )
  await publish(tx, alertsChannel, { type: 'alert.settled', actorId, driftId, alertIds })
}
