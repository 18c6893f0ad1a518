/** What the address of the tasks page says, the first page of a list, and its loading ahead of a visit. */
import { isSignedIn } from '../account/account-queries.ts'
import { queryClient, trpc } from '../plinth.ts'
import { initialTaskState, type Show, shows, type TaskState } from './task-state.ts'

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

export const askedFor = (show: Show) => ({
  limit: pageSize,
  ...(show !== 'all' && { completed: show === 'done' }),
})

export const tasksQuery = (show: Show) => trpc.tasks.list.queryOptions(askedFor(show))
/** Whether an empty list is one that was worked off. */
export const anyDoneQuery = trpc.tasks.list.queryOptions({ completed: true, limit: 1 })
export const taskQuery = (taskId: string) => trpc.tasks.get.queryOptions({ taskId }, { retry: false })

export const prefetchTasks = (show: Show = 'open') => {
  if (isSignedIn() && !keptState()?.reach[show]) void queryClient.prefetchQuery(tasksQuery(show))
}

/** What was known when the page was left; it goes as everything of a person goes when they sign out. */
const keptKey = ['tasks in sight']
export const keepState = (state: TaskState) => queryClient.setQueryData(keptKey, state)
const keptState = () => queryClient.getQueryData<TaskState>(keptKey)
export const knownState = (): TaskState => keptState() ?? initialTaskState

export const forgetFirstPages = () =>
  Promise.all(shows.map((show) => queryClient.invalidateQueries({ queryKey: tasksQuery(show).queryKey })))
