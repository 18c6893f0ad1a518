/** A user's tasks while a page shows them, live, with what is queued applied; see client/live-collection.ts. */
import { useState } from 'react'
import type { Channel } from '../../../client/channel.ts'
import type { Task, TaskEvent } from '../../../shared/tasks.ts'
import { openCollection, useCollection } from '../live/use-collection.ts'
import { plinth, queryClient } from '../plinth.ts'
import { announce } from '../toasts/announcer.tsx'
import { requestFor, storedTasks, tasksQuery } from './task-queries.ts'
import { type Show, type TaskPath, taskRules } from './task-rules.ts'

const channel: Channel<Task, TaskEvent, TaskPath, Show> = {
  ...taskRules,
  page: (show, cursor) =>
    cursor === null
      ? queryClient.fetchQuery({ ...tasksQuery(show), staleTime: 0 })
      : plinth.tasks.list.query({ ...requestFor(show), cursor }),
  count: async (show) => (await plinth.tasks.list.query({ ...requestFor(show), limit: 1 })).pagination.total,
  follow: (lastEventId, handlers, transport) =>
    plinth.tasks.onEvent.subscribe({ lastEventId }, { ...handlers, context: { transport } }),
  poll: (lastEventId) => plinth.tasks.events.query({ lastEventId }),
}

const openTasks = (userId: string, view: Show) =>
  openCollection(userId, storedTasks, channel, {
    view,
    firstPage: queryClient.getQueryData(tasksQuery(view).queryKey),
    onRemoteChange: (event, before) => announce(newsOf(event, before)),
  })
export type LiveTasks = ReturnType<typeof openTasks>

/** Follows the list while `isSignedIn`; afterwards what was loaded stays. Another user: another `key`. */
export function useTasks(userId: string, show: Show, isSignedIn: boolean) {
  const [live] = useState(() => openTasks(userId, show))
  return { live, ...useCollection(live, show, isSignedIn) }
}
export type TasksInSight = ReturnType<typeof useTasks>

/** The last task of all `total`, which may not be loaded. Null when there is none. @throws PlinthError */
export async function findLast(live: LiveTasks, show: Show, total: number): Promise<string | null> {
  const request = requestFor(show)
  const page = Math.max(1, Math.ceil(total / request.limit))
  const { items } = await plinth.tasks.list.query({ ...request, page })
  for (const task of items) live.take({ put: task, isNew: false })
  return items.at(-1)?.id ?? null
}

/** For a screen reader; on the page it can be seen. Only the user's other devices, and programs with their key, change it. */
function newsOf(event: TaskEvent, before: Task | undefined): string {
  if (event.type === 'task.deleted')
    return before ? `“${before.title}” was deleted elsewhere.` : 'A task was deleted elsewhere.'
  const { title, completed } = event.task
  if (event.type !== 'task.updated') return `“${title}” was added elsewhere.`
  if ((before?.completed ?? completed) === completed) return `“${title}” was changed elsewhere.`
  return completed ? `“${title}” was done elsewhere.` : `“${title}” was opened again elsewhere.`
}
