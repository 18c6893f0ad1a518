import { z } from 'zod'
import {
  CompleteTask,
  CreateTask,
  FollowTasks,
  GetTask,
  ListTasks,
  MoveTask,
  Task,
  type TaskEvent,
  TaskEvents,
  Tasks,
  UpdateTask,
} from '../../../shared/tasks.ts'
import { follow } from '../../platform/live/follow.ts'
import { pollChannel } from '../../platform/live/poll.ts'
import { can, recorded, router } from '../../trpc.ts'
import {
  createTask,
  deleteTask,
  getTask,
  listTasks,
  moveTask,
  restoreTask,
  tasksChannel,
  updateTask,
} from './service.ts'

const path = '/api/v1/tasks'
const task = `${path}/{taskId}`
const leaveOut = ['title', 'description']
const audit = { noun: 'task', id: 'taskId', leaveOut }

export const tasksRouter = router({
  list: can('task:read')
    .meta({ rest: { method: 'GET', path, summary: 'Your tasks, in the order that you gave them' }, mcp: {} })
    .input(ListTasks)
    .output(Tasks)
    .query(({ ctx, input }) => listTasks(ctx.db, ctx.actor, input)),
  get: can('task:read')
    .meta({ rest: { method: 'GET', path: task, summary: 'A task of yours' } })
    .input(GetTask)
    .output(Task)
    .query(({ ctx, input }) => getTask(ctx.db, ctx.actor, input.taskId)),
  create: can('task:write')
    .meta({
      audit: { noun: 'task', leaveOut },
      rest: {
        method: 'POST',
        path,
        status: 201,
        summary: 'Put a task at the top of your list',
        errors: ['CONFLICT', 'TASK_LIST_FULL'],
      },
      mcp: { destructive: false },
    })
    .input(CreateTask)
    .use(recorded)
    .output(Task)
    .mutation(({ ctx, input }) => createTask(ctx.db, ctx.actor, input)),
  update: can('task:write')
    .meta({ audit, rest: { method: 'PUT', path: task, summary: 'Change a task; what you leave out stays as it is' } })
    .input(UpdateTask)
    .use(recorded)
    .output(Task)
    .mutation(({ ctx, input }) => updateTask(ctx.db, ctx.actor, input)),
  complete: can('task:write')
    .meta({
      audit,
      rest: { method: 'POST', path: `${task}/complete`, summary: 'Say that a task is done, or that it is not' },
      mcp: { idempotent: true },
    })
    .input(CompleteTask)
    .use(recorded)
    .output(Task)
    .mutation(({ ctx, input }) => updateTask(ctx.db, ctx.actor, input)),
  move: can('task:write')
    .meta({
      audit,
      rest: { method: 'POST', path: `${task}/move`, summary: 'Put a task after another one, or at the top' },
    })
    .input(MoveTask)
    .use(recorded)
    .output(Task)
    .mutation(({ ctx, input }) => moveTask(ctx.db, ctx.actor, input)),
  delete: can('task:write')
    .meta({
      audit,
      rest: { method: 'DELETE', path: task, summary: 'Delete a task, which can be restored for 15 minutes' },
    })
    .input(GetTask)
    .use(recorded)
    .output(z.void())
    .mutation(({ ctx, input }) => deleteTask(ctx.db, ctx.actor, input.taskId)),
  restore: can('task:write')
    .meta({
      audit,
      rest: {
        method: 'POST',
        path: `${task}/restore`,
        summary: 'Restore a task to the place it had, within 15 minutes after it was deleted',
        errors: ['TASK_LIST_FULL'],
      },
    })
    .input(GetTask)
    .use(recorded)
    .output(Task)
    .mutation(({ ctx, input }) => restoreTask(ctx.db, ctx.actor, input.taskId)),
  /** What came after `lastEventId`, for clients that can hold no stream open. */
  events: can('task:read')
    .input(FollowTasks)
    .output(TaskEvents)
    .query(({ ctx, input }) => pollChannel<TaskEvent>(ctx.db, tasksChannel(ctx.actor.id), input.lastEventId)),
  onEvent: can('task:read')
    .input(FollowTasks)
    .subscription((call) => follow<TaskEvent>(call, tasksChannel(call.ctx.actor.id))),
})
