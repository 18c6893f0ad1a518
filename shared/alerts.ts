/** Alerts: what an operations team has to look at. Each user has read them or not, until a decision or resolution settles them for all. */
import { z } from 'zod'
import { Severity } from './drifts.ts'
import { Id, TargetId } from './id.ts'
import { Instant } from './instant.ts'
import { eventsOf, happened, LastEventId, LiveCursor } from './live.ts'
import { listOf, listRequest } from './pages.ts'

export const Alert = z
  .object({
    id: Id,
    /** Null when it is about none, or about one that is not kept any more. */
    driftId: Id.nullable(),
    severity: Severity,
    title: z.string().meta({ example: 'Critical drift of security_group web-frontend' }),
    message: z.string(),
    /** The drift was decided or resolved after the alert was raised: no user has to act on it. */
    isSettled: z.boolean(),
    /** By the caller. True for each settled alert; false for a caller who is not signed in. */
    isRead: z.boolean(),
    createdAt: Instant,
  })
  .meta({ id: 'Alert' })
export type Alert = z.infer<typeof Alert>
export const Alerts = listOf(Alert)
export type Alerts = z.infer<typeof Alerts>

export const ListAlerts = listRequest({
  severity: Severity.optional(),
  settled: z.boolean().optional().meta({ description: 'Only those that are settled, or that are not' }),
}).prefault({})
export type ListAlerts = z.infer<typeof ListAlerts>
export const ReadAlert = z.object({ alertId: TargetId })
export const AlertRead = z.object({ id: Id, isRead: z.literal(true) })
/** How many are neither settled nor read by the caller, counted up to 100. `cursor`: of the channel of the caller's own reads. */
export const UnreadAlerts = z.object({ unread: z.int().max(100), cursor: LiveCursor })
export const AllAlertsRead = z.object({ read: z.int() })
export const FollowAlerts = z.object({ lastEventId: LastEventId }).prefault({})

/** For every signed-in user. `isRead` is false there. */
export const AlertEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('alert.created'), ...happened, alert: Alert }),
  z.object({ type: z.literal('alert.settled'), ...happened, driftId: Id, alertIds: z.array(Id) }),
])
export type AlertEvent = z.infer<typeof AlertEvent>
export const AlertEvents = eventsOf(AlertEvent)

/** For the devices of whoever read it. Null: all up to now. */
export const AlertReadEvent = z.object({ type: z.literal('alert.read'), ...happened, alertId: Id.nullable() })
export type AlertReadEvent = z.infer<typeof AlertReadEvent>
export const AlertReadEvents = eventsOf(AlertReadEvent)
