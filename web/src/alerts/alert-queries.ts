/** What is known of alerts here, and how news of them changes it. */
import type { InfiniteData } from '@tanstack/react-query'
import type { Alert, AlertEvent, AlertReadEvent, Alerts } from '../../../shared/alerts.ts'
import { followAs } from '../live/follow-as.ts'
import { plinth, queryClient, trpc } from '../plinth.ts'
import { announce } from '../toasts/announcer.tsx'

/** The server counts no further. */
export const countedTo = 100

export const unreadQuery = trpc.alerts.unread.queryOptions()
const listed = (settled: boolean) =>
  trpc.alerts.list.infiniteQueryOptions(
    { limit: 30, settled },
    { getNextPageParam: ({ pagination }) => pagination.nextCursor ?? undefined },
  )
export const openAlertsQuery = listed(false)
export const settledAlertsQuery = listed(true)

/** An event stream is for what somebody reads; a bell, which is on every page, leaves the few that a browser has to them. */
const transports = ['websocket', 'polling'] as const

const reloadLists = () => {
  for (const { queryKey } of [openAlertsQuery, settledAlertsQuery]) void queryClient.invalidateQueries({ queryKey })
}
const reloadCount = () => void queryClient.invalidateQueries({ queryKey: unreadQuery.queryKey })
const reload = () => {
  reloadCount()
  reloadLists()
}

/** Keeps all of this true for as long as somebody is signed in. Returns how to stop. */
export function followAlerts(personId: string): () => void {
  const stops = [
    followAs(personId, (handlers) =>
      plinth.live<{ cursor: string }, AlertEvent>({
        ...handlers,
        transports,
        follow: (lastEventId, live, transport) =>
          plinth.alerts.onEvent.subscribe({ lastEventId }, { ...live, context: { transport } }),
        poll: (lastEventId) => plinth.alerts.events.query({ lastEventId }),
        snapshot: () => plinth.alerts.list.query({ limit: 1 }),
        onSnapshot: reload,
        onEvent: (event) => (event.type === 'alert.created' ? addAlert(event.alert) : settle(event.alertIds)),
      }),
    ),
    followAs(personId, (handlers) =>
      plinth.live<{ cursor: string }, AlertReadEvent>({
        ...handlers,
        transports,
        follow: (lastEventId, live, transport) =>
          plinth.alerts.onRead.subscribe({ lastEventId }, { ...live, context: { transport } }),
        poll: (lastEventId) => plinth.alerts.readEvents.query({ lastEventId }),
        snapshot: () => queryClient.fetchQuery({ ...unreadQuery, staleTime: 0 }),
        onSnapshot: reloadLists,
        onEvent: ({ alertId }) => {
          markRead(alertId)
          reloadCount()
        },
      }),
    ),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

function addAlert(alert: Alert) {
  change((pages) =>
    pages.some(({ items }) => items.some(({ id }) => id === alert.id))
      ? pages
      : pages.map((page, place) => (place === 0 ? { ...page, items: [alert, ...page.items] } : page)),
  )
  reloadCount()
  if (alert.severity === 'critical') announce(`New alert. ${alert.title}.`)
}

/** They leave the list of what is to do. */
function settle(alertIds: readonly string[]) {
  change((pages) => pages.map((page) => ({ ...page, items: page.items.filter(({ id }) => !alertIds.includes(id)) })))
  reloadCount()
  void queryClient.invalidateQueries({ queryKey: settledAlertsQuery.queryKey })
}

/** Null: all of them. */
function markRead(alertId: string | null) {
  change((pages) =>
    pages.map((page) => ({
      ...page,
      items: page.items.map((alert) => (alertId === null || alert.id === alertId ? { ...alert, isRead: true } : alert)),
    })),
  )
}

function change(by: (pages: Alerts[]) => Alerts[]) {
  queryClient.setQueryData<InfiniteData<Alerts, string | null>>(
    openAlertsQuery.queryKey,
    (before) => before && { ...before, pages: by(before.pages) },
  )
}

/** Looks read at once. @throws PlinthError, and then it looks as the server has it */
export async function readAlert({ id, isRead }: Alert): Promise<void> {
  if (isRead) return
  markRead(id)
  queryClient.setQueryData(
    unreadQuery.queryKey,
    (before) =>
      before && { ...before, unread: before.unread < countedTo ? Math.max(0, before.unread - 1) : before.unread },
  )
  try {
    await plinth.alerts.read.mutate({ alertId: id })
  } finally {
    reload()
  }
}

/** @throws PlinthError */
export async function readAllAlerts(): Promise<void> {
  await plinth.alerts.readAll.mutate()
  markRead(null)
  reload()
}
