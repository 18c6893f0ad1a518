/** What the address of the tasks page says, the first page of a list, and its loading ahead of a visit. */
import type { StoredRows } from '../../../client/known-rows.ts'
import type { Task } from '../../../shared/tasks.ts'
import { isSignedIn } from '../account/account-queries.ts'
import { queryClient, trpc } from '../plinth.ts'
import type { Show } from './task-rules.ts'

export interface TasksSearch {
  /** Open ones where absent. */
  show?: 'done' | 'all'
  /** The one that is open. */
  task?: string
  /** To begin with a new one. */
  add?: true
}

export const readTasksSearch = ({ show, task, add }: Record<string, unknown>): TasksSearch => ({
  show: show === 'done' || show === 'all' ? show : undefined,
  task: typeof task === 'string' && task !== '' ? task : undefined,
  add: add === true ? true : undefined,
})

const pageSize = 100

export const requestFor = (show: Show) => ({
  limit: pageSize,
  ...(show !== 'all' && { completed: show === 'done' }),
})

export const tasksQuery = (show: Show) => trpc.tasks.list.queryOptions(requestFor(show))
/** Whether an empty list is one that was worked off. */
export const anyDoneQuery = trpc.tasks.list.queryOptions({ completed: true, limit: 1 })
export const taskQuery = (taskId: string) => trpc.tasks.get.queryOptions({ taskId }, { retry: false })

/** The key of what was loaded when the page was left. */
export const storedTasks = 'tasks in sight'

export const prefetchTasks = (show: Show = 'open') => {
  const stored = queryClient.getQueryData<StoredRows<Task, Show>>([storedTasks])
  if (isSignedIn() && !stored?.reach.has(show)) void queryClient.prefetchQuery(tasksQuery(show))
}
