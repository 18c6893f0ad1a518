import { IconChecklist, IconPlus } from '@tabler/icons-react'
import type { QueuedOffline } from '../../../shared/offline.ts'
import { nameOr, type OutboxWords, quoted } from '../offline/entry-words.ts'
import type { Product } from '../products/product.ts'
import { modifierKey } from '../shell/modifier-key.ts'

export const tasksProduct: Product = {
  name: 'Tasks',
  about: 'Your own list of what to do, in your order, on all of your devices.',
  navigation: { path: '/tasks', icon: IconChecklist },
  commands: [
    {
      name: 'New task',
      group: 'Commands',
      icon: IconPlus,
      alias: 'add create to-do',
      path: '/tasks',
      search: { add: true },
      access: 'task:write',
    },
  ],
  shortcuts: [
    { keys: ['N'], does: 'Go to the field for a new task' },
    { keys: ['↑', '↓'], does: 'Go from task to task, also with K and J' },
    { keys: ['Home', 'End'], does: 'Go to the first or the last task' },
    { keys: ['X'], does: 'Mark the task as done or open again, also with Space' },
    { keys: ['Enter'], does: 'Open the task to read or change it' },
    { keys: ['Alt', '↑'], does: 'Move the task up; with Shift to the top' },
    { keys: ['Alt', '↓'], does: 'Move the task down; with Shift to the bottom' },
    { keys: ['Del'], does: 'Delete the task, also with Backspace' },
    { keys: [modifierKey, 'Z'], does: 'Take back what was just done or deleted' },
  ],
  homeSection: { urgency: 1, load: async () => (await import('./tasks-glance.tsx')).TasksGlance },
  stored: { procedures: ['tasks.list', 'tasks.get'], keys: ['tasks in sight'] },
  titled: ['tasks'],
  outboxWords: {
    'tasks.create': ({ title }) => `Add the task ${quoted(title)}`,
    'tasks.update': ({ taskId, title }, nameOf) => `Change ${nameOr(title ?? nameOf(taskId), 'a task')}`,
    'tasks.complete': ({ taskId, completed = true }, nameOf) =>
      completed ? `Mark ${nameOr(nameOf(taskId), 'a task')} as done` : `Open ${nameOr(nameOf(taskId), 'a task')} again`,
    'tasks.move': ({ taskId }, nameOf) => `Move ${nameOr(nameOf(taskId), 'a task')}`,
    'tasks.delete': ({ taskId }, nameOf) => `Delete ${nameOr(nameOf(taskId), 'a task')}`,
    'tasks.restore': ({ taskId }, nameOf) => `Bring ${nameOr(nameOf(taskId), 'a task')} back`,
  } satisfies OutboxWords<Extract<QueuedOffline, `tasks.${string}`>>,
  auditWords: {
    'tasks.create': 'added a task',
    'tasks.update': 'changed a task',
    'tasks.complete': 'marked a task as done or open',
    'tasks.move': 'moved a task',
    'tasks.delete': 'deleted a task',
    'tasks.restore': 'restored a task',
  },
}
