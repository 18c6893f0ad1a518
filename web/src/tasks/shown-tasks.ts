/**
 * The list as its person sees it: what the server has confirmed, and over it, in order, what was asked for here and is not
 * confirmed yet. Done anew whenever either changes, so a change from elsewhere lands below what waits, never in its place.
 */
import type { CreateTask, MoveTask, Task, UpdateTask } from '../../../shared/tasks.ts'
import { belongs, comparePlaces, isWithin, type Show, type TaskState } from './task-state.ts'

type Asked =
  | { path: 'tasks.create'; input: CreateTask & { taskId: string } }
  | { path: 'tasks.update'; input: UpdateTask }
  | { path: 'tasks.complete'; input: { taskId: string; completed: boolean } }
  | { path: 'tasks.move'; input: MoveTask }
  | { path: 'tasks.delete' | 'tasks.restore'; input: { taskId: string } }

/** Written down and not confirmed. One that was refused changes nothing in the list. */
export type WaitingCall = Asked & { at: string }
export type TaskCall = Asked

export interface ShownTask {
  task: Task
  /** Something about it is not confirmed. */
  isPending: boolean
}

export interface ShownTasks {
  rows: ShownTask[]
  /** With those that are not loaded. */
  total: number
  hasMore: boolean
}

type Laid = ShownTask & { isHidden: boolean }

/** Null until a first page is there. */
export function shownTasks(state: TaskState, waiting: readonly WaitingCall[], show: Show): ShownTasks | null {
  const reach = state.reach[show]
  if (!reach) return null
  const laid = new Map<string, Laid>()
  for (const task of state.tasks.values()) laid.set(task.id, { task, isPending: false, isHidden: false })
  for (const { path, input } of waiting) {
    const lost = path === 'tasks.restore' && !laid.has(input.taskId) && state.gone.get(input.taskId)?.task
    if (lost) laid.set(lost.id, { task: lost, isPending: true, isHidden: true })
  }
  const order = [...laid.values()].map(({ task }) => task).sort(comparePlaces)
  const countBefore = order.filter((task) => state.tasks.has(task.id) && belongs(task, show)).length
  // Where what is known without a gap ends: what is moved stands on one side of it or the other.
  const edgeAt = order.findIndex((task) => !isWithin(reach, task))
  const ids = order.map(({ id }) => id)
  ids.splice(edgeAt === -1 ? ids.length : edgeAt, 0, edge)
  for (const call of waiting) layOver(laid, ids, call)

  const isShown = (row: Laid | undefined): row is Laid => row !== undefined && !row.isHidden && belongs(row.task, show)
  const rows = ids
    .slice(0, ids.indexOf(edge))
    .map((id) => laid.get(id))
    .filter(isShown)
  const hasMore = reach.next !== null
  const change = [...laid.values()].filter(isShown).length - countBefore
  return { rows, total: hasMore ? Math.max(reach.total + change, rows.length) : rows.length, hasMore }
}

/** One task as its person sees it; null where it is not known, or deleted. */
export function shownTask(state: TaskState, waiting: readonly WaitingCall[], taskId: string): ShownTask | null {
  const task = state.tasks.get(taskId) ?? state.gone.get(taskId)?.task
  const laid = new Map<string, Laid>()
  if (task) laid.set(taskId, { task, isPending: false, isHidden: !state.tasks.has(taskId) })
  for (const call of waiting) if (call.input.taskId === taskId) layOver(laid, [taskId], call)
  const row = laid.get(taskId)
  return row && !row.isHidden ? row : null
}

const edge = ''

function layOver(laid: Map<string, Laid>, ids: string[], call: WaitingCall) {
  const { taskId } = call.input
  const row = laid.get(taskId)
  if (call.path === 'tasks.create') {
    if (row) row.isPending = true
    else {
      laid.set(taskId, { task: newTask(call.input, call.at), isPending: true, isHidden: false })
      ids.unshift(taskId)
    }
    return
  }
  if (!row) return
  row.isPending = true
  switch (call.path) {
    case 'tasks.update':
    case 'tasks.complete': {
      const { taskId: _, ...change } = call.input
      const given = Object.entries(change).filter(([, value]) => value !== undefined)
      row.task = { ...row.task, ...Object.fromEntries(given) }
      return
    }
    case 'tasks.move':
      return moveAfter(ids, taskId, call.input.after)
    case 'tasks.delete':
      row.isHidden = true
      return
    case 'tasks.restore':
      row.isHidden = false
  }
}

/** After one that is not there it stays where it is. */
function moveAfter(ids: string[], taskId: string, after: string | null) {
  const from = ids.indexOf(taskId)
  if (from === -1 || after === taskId || (after !== null && !ids.includes(after))) return
  ids.splice(from, 1)
  ids.splice(after === null ? 0 : ids.indexOf(after) + 1, 0, taskId)
}

/** Ranks come from the server; until then it stands where it was put. */
const newTask = ({ taskId, title, description }: CreateTask & { taskId: string }, at: string): Task => {
  return {
    id: taskId,
    title,
    description: description ?? null,
    completed: false,
    rank: '',
    version: 0,
    createdAt: at,
    updatedAt: at,
  }
}
