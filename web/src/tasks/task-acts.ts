/** What a person does with their tasks: asked for through the outbox, shown at once, and offered to be undone where it takes something out of sight. */
import { v7 as newId } from 'uuid'
import type { Task, UpdateTask } from '../../../shared/tasks.ts'
import { outbox } from '../offline/outbox.ts'
import { announce } from '../toasts/announcer.tsx'
import { offerUndo } from './undo.ts'

/** The first of them ends up on top. */
export function addTasks(titles: string[]) {
  for (const title of titles.toReversed()) outbox.queue('tasks.create', { taskId: newId(), title })
  announce(titles.length === 1 ? `“${titles[0]}” added.` : `${titles.length} tasks added.`)
}

export function setCompleted({ id: taskId, title }: Task, completed: boolean) {
  outbox.queue('tasks.complete', { taskId, completed })
  offerUndo({
    kind: completed ? 'done' : 'opened',
    words: (count) => {
      const what = count === 1 ? `“${title}” is` : `${count} tasks are`
      return completed ? `${what} done` : `${what} open again`
    },
    taskId,
    undo: () => outbox.queue('tasks.complete', { taskId, completed: !completed }),
  })
}

export function deleteTask({ id: taskId, title }: Task) {
  outbox.queue('tasks.delete', { taskId })
  offerUndo({
    kind: 'deleted',
    words: (count) => (count === 1 ? `“${title}” is deleted` : `${count} tasks are deleted`),
    taskId,
    undo: () => outbox.queue('tasks.restore', { taskId }),
  })
}

/** `after`: null for the top. */
export function moveTask({ id: taskId, title }: Task, after: string | null, where: string) {
  outbox.queue('tasks.move', { taskId, after })
  announce(`“${title}” moved ${where}.`)
}

export function changeTask(change: UpdateTask) {
  outbox.queue('tasks.update', change)
  announce('Saved.')
}
