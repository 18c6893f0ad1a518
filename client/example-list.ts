import type { Task, TaskEvent } from '../shared/tasks.ts'
import { byCodeUnits, type Channel } from './channel.ts'
import { LiveCollection } from './live-collection.ts'
import { createOutbox } from './outbox.ts'
import type { Plinth } from './plinth.ts'

const ofTask = {
  rowId: ({ taskId }: { taskId: string }) => taskId,
  read: (task: Task) => ({ put: task, isNew: task.version === 1 }),
}

const openTasks = (plinth: Plinth): Channel<Task, TaskEvent, 'tasks.create' | 'tasks.complete', 'open'> => ({
  compare: (one, other) => byCodeUnits(one.rank, other.rank) || byCodeUnits(one.id, other.id),
  isIn: (_view, { completed }) => !completed,
  page: (_view, cursor) => plinth.tasks.list.query({ completed: false, ...(cursor !== null && { cursor }) }),
  follow: (lastEventId, handlers, transport) =>
    plinth.tasks.onEvent.subscribe({ lastEventId }, { ...handlers, context: { transport } }),
  poll: (lastEventId) => plinth.tasks.events.query({ lastEventId }),
  read: (event) =>
    event.type === 'task.deleted'
      ? { deleted: event.taskId, version: event.version }
      : { put: event.task, isNew: event.type !== 'task.updated' },
  calls: {
    'tasks.create': {
      ...ofTask,
      apply: (rows, { taskId: id, title }, at) =>
        rows.add({
          id,
          title,
          description: null,
          completed: false,
          rank: '',
          version: 0,
          createdAt: at,
          updatedAt: at,
        }),
    },
    'tasks.complete': { ...ofTask, apply: (rows, { taskId, completed }) => rows.change(taskId, { completed }) },
  },
})

export function followOpenTasks(plinth: Plinth, draw: (rows: readonly Task[], pending: ReadonlySet<string>) => void) {
  const outbox = createOutbox(plinth, { procedures: ['tasks.create', 'tasks.complete'] })
  const list = new LiveCollection(plinth, openTasks(plinth), { view: 'open', queue: outbox })
  list.onChange(() => {
    const { rows, pending } = list.inSight('open').shown
    draw(rows, pending)
  })
  list.start()
  return { list, outbox }
}
