/** Tasks: each person's own list, in an order that they make by hand, the same on all of their devices. */
import { z } from 'zod'
import { Id, TargetId } from './id.ts'
import { Instant } from './instant.ts'
import { eventsOf, happened, LastEventId } from './live.ts'
import { listOf, listRequest } from './pages.ts'
import { singleLine, text } from './text.ts'

export const taskLimits = { titleLength: 200, descriptionLength: 5_000, perPerson: 20_000, undoMinutes: 15 } as const

export const Task = z
  .object({
    id: Id,
    title: z.string().meta({ example: 'Order the printed programmes' }),
    description: z.string().nullable().meta({ example: null }),
    completed: z.boolean(),
    /** Sorts as the list does, by code units; changes when the task is moved. Opaque otherwise. */
    rank: z.string().meta({ example: 'a0' }),
    /** Grows with each change, so that of two states of a task the newer is known whatever order they arrive in. */
    version: z.int(),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'Task' })
export type Task = z.infer<typeof Task>
export const Tasks = listOf(Task)
export type Tasks = z.infer<typeof Tasks>

export const ListTasks = listRequest({
  completed: z.boolean().optional().meta({ description: 'Only those that are done, or that are not' }),
}).prefault({})
export type ListTasks = z.infer<typeof ListTasks>

const taskId = { taskId: TargetId }
const Title = singleLine(taskLimits.titleLength).meta({ example: 'Order the printed programmes' })
const Description = text(taskLimits.descriptionLength).nullable().meta({ example: null })

export const GetTask = z.object(taskId)
export const CreateTask = z.object({
  taskId: Id.optional().meta({
    description:
      'A UUID of your own making, by which you know your task again: the same id is the same task. Without it each call is a new task, but for a repeat of its Idempotency-Key',
  }),
  title: Title,
  description: Description.optional(),
  completed: z.boolean().optional(),
})
export type CreateTask = z.infer<typeof CreateTask>
/** What is absent stays as it is. */
export const UpdateTask = z.object({
  ...taskId,
  title: Title.optional(),
  description: Description.optional(),
  completed: z.boolean().optional(),
})
export type UpdateTask = z.infer<typeof UpdateTask>
export const CompleteTask = z.object({ ...taskId, completed: z.boolean().default(true) })
export type CompleteTask = z.infer<typeof CompleteTask>
export const MoveTask = z.object({
  ...taskId,
  after: TargetId.nullable().meta({ description: 'The task that it comes after; null for the top of the list' }),
})
export type MoveTask = z.infer<typeof MoveTask>
export const FollowTasks = z.object({ lastEventId: LastEventId }).prefault({})

/** What happens in a person's list. A new task is at its top. */
export const TaskEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('task.created'), ...happened, task: Task }),
  z.object({ type: z.literal('task.updated'), ...happened, task: Task }),
  z.object({ type: z.literal('task.deleted'), ...happened, taskId: Id, version: z.int() }),
  z.object({ type: z.literal('task.restored'), ...happened, task: Task }),
])
export type TaskEvent = z.infer<typeof TaskEvent>
export const TaskEvents = eventsOf(TaskEvent)
