/** What the list of tasks is: its order and views, what an event says of a task, and what each queued call changes. */
import { byCodeUnits, type ListRules } from '../../../client/channel.ts'
import type { QueuedOffline } from '../../../shared/offline.ts'
import type { Task, TaskEvent } from '../../../shared/tasks.ts'

export const shows = ['open', 'done', 'all'] as const
export type Show = (typeof shows)[number]

export type TaskPath = Extract<QueuedOffline, `tasks.${string}`>

const ofTask = {
  rowId: ({ taskId }: { taskId: string }) => taskId,
  read: (task: Task) => ({ put: task, isNew: task.version === 1 }),
}

export const taskRules: ListRules<Task, TaskEvent, TaskPath, Show> = {
  compare: (one, other) => byCodeUnits(one.rank, other.rank) || byCodeUnits(one.id, other.id),
  isIn: (show, { completed }) => show === 'all' || completed === (show === 'done'),
  read: (event) =>
    event.type === 'task.deleted'
      ? { deleted: event.taskId, version: event.version }
      : { put: event.task, isNew: event.type !== 'task.updated' },
  calls: {
    'tasks.create': {
      ...ofTask,
      apply: (rows, { taskId: id, title, description = null }, at) =>
        // The server gives it a rank; until then it is at the top.
        rows.add({ id, title, description, completed: false, rank: '', version: 0, createdAt: at, updatedAt: at }),
    },
    'tasks.update': { ...ofTask, apply: (rows, { taskId, ...change }) => rows.change(taskId, change) },
    'tasks.complete': {
      ...ofTask,
      apply: (rows, { taskId, completed = true }) => rows.change(taskId, { completed }),
    },
    'tasks.move': { ...ofTask, apply: (rows, { taskId, after }) => rows.move(taskId, after) },
    'tasks.delete': {
      ...ofTask,
      apply: (rows, { taskId }) => rows.remove(taskId),
      read: (_, { taskId }) => ({ deleted: taskId }),
    },
    'tasks.restore': { ...ofTask, apply: (rows, { taskId }) => rows.restore(taskId) },
  },
}
