/** A decision on a drift, or its resolution, settles its alerts: they count as read for every user. */
import { and, eq, inArray, sql } from 'drizzle-orm'
import { Severity } from '../../../shared/drifts.ts'
import type { Database } from '../../platform/db/database.ts'
import { publish } from '../../platform/live/publish.ts'
import { alertsChannel } from './channel.ts'
import { addAlerts, removeReads } from './counts.ts'
import { alerts } from './table.ts'

/** In the transaction of the change. The caller has locked the rows of the drifts, so no alert of them is raised meanwhile. */
export async function settleAlerts(tx: Database, actorId: string | null, driftIds: readonly string[]): Promise<void> {
  const open = await tx
    .select({ id: alerts.id, driftId: alerts.driftId, severity: alerts.severity })
    .from(alerts)
    .where(and(inArray(alerts.driftId, [...driftIds]), eq(alerts.isSettled, false)))
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
    Severity.options.flatMap((severity) => {
      const settled = open.filter((alert) => alert.severity === severity).length
      return settled === 0 ? [] : [{ severity, n: 0, open: -settled }]
    }),
  )
  for (const driftId of driftIds) {
    const ids = open.filter((alert) => alert.driftId === driftId).map(({ id }) => id)
    if (ids.length > 0) await publish(tx, alertsChannel, { type: 'alert.settled', actorId, driftId, alertIds: ids })
  }
}
