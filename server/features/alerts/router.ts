import {
  type AlertEvent,
  AlertEvents,
  AlertRead,
  type AlertReadEvent,
  AlertReadEvents,
  Alerts,
  AllAlertsRead,
  FollowAlerts,
  ListAlerts,
  ReadAlert,
  UnreadAlerts,
} from '../../../shared/alerts.ts'
import { follow } from '../../platform/live/follow.ts'
import { pollChannel } from '../../platform/live/poll.ts'
import { can, publicRead, recorded, router } from '../../trpc.ts'
import { alertsChannel, countUnread, listAlerts, markAllRead, markRead, readsChannel } from './service.ts'

const path = '/api/v1/alerts'

export const alertsRouter = router({
  list: publicRead('drift:read')
    .meta({ rest: { method: 'GET', path, summary: 'Alerts, the newest first, and which of them you have read' } })
    .input(ListAlerts)
    .output(Alerts)
    .query(({ ctx, input }) => listAlerts(ctx.db, ctx.actor?.id ?? null, input)),
  unread: can('drift:read')
    .output(UnreadAlerts)
    .query(({ ctx }) => countUnread(ctx.db, ctx.actor)),
  read: can('drift:read')
    .meta({
      audit: { noun: 'alert', id: 'alertId' },
      rest: { method: 'POST', path: `${path}/{alertId}/read`, summary: 'Mark an alert as read by you' },
    })
    .input(ReadAlert)
    .use(recorded)
    .output(AlertRead)
    .mutation(({ ctx, input }) => markRead(ctx.db, ctx.actor, input.alertId)),
  readAll: can('drift:read')
    .meta({
      audit: { noun: 'person' },
      rest: { method: 'POST', path: `${path}/read-all`, summary: 'Mark all alerts as read by you' },
    })
    .use(recorded)
    .output(AllAlertsRead)
    .mutation(({ ctx }) => markAllRead(ctx.db, ctx.actor)),
  /** What came after `lastEventId`, for clients that can hold no stream open. */
  events: can('drift:read')
    .input(FollowAlerts)
    .output(AlertEvents)
    .query(({ ctx, input }) => pollChannel<AlertEvent>(ctx.db, alertsChannel, input.lastEventId)),
  onEvent: can('drift:read')
    .input(FollowAlerts)
    .subscription((call) => follow<AlertEvent>(call, alertsChannel)),
  readEvents: can('drift:read')
    .input(FollowAlerts)
    .output(AlertReadEvents)
    .query(({ ctx, input }) => pollChannel<AlertReadEvent>(ctx.db, readsChannel(ctx.actor.id), input.lastEventId)),
  onRead: can('drift:read')
    .input(FollowAlerts)
    .subscription((call) => follow<AlertReadEvent>(call, readsChannel(call.ctx.actor.id))),
})
