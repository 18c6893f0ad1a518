/**
 * What a page knows of its person's tasks as the server has confirmed them: of each task its newest version, whatever order
 * event, answer and page arrive in, and for each way of looking at the list how far it is known without a gap. Ends with
 * nothing that the server has not said; what waits to be sent is laid over it in shown-tasks.ts.
 */
import type { Task, TaskEvent, Tasks } from '../../../shared/tasks.ts'

export const shows = ['open', 'done', 'all'] as const
export type Show = (typeof shows)[number]

type Place = Pick<Task, 'rank' | 'id'>

/** Every task from the top to `upTo` is known; to the end where that is null. */
export interface Reach {
  upTo: Place | null
  /** Cursor of the page after. Null at the end. */
  next: string | null
  /** Of all pages. */
  total: number
}

export interface TaskState {
  tasks: ReadonlyMap<string, Task>
  /** Deleted, with the version of that, and the last that is known of the task. */
  gone: ReadonlyMap<string, { version: number; task: Task | null }>
  /** Null until a first page is there. */
  reach: Readonly<Record<Show, Reach | null>>
  /** Something happened to a task that is not known here: totals are to be asked for again. */
  isCountOld: boolean
}

export type TaskAction =
  /** `pages` follow one another from the top, as they were read after the cursor of the first. */
  | { type: 'snapshot'; show: Show; pages: Tasks[] }
  /** `after`: the cursor that it was asked by; null for the top. */
  | { type: 'page'; show: Show; after: string | null; page: Tasks }
  | { type: 'event'; event: TaskEvent }
  /** What a call answered with, or a query. */
  | { type: 'answer'; task: Task }
  | { type: 'delete-answered'; taskId: string }
  | { type: 'counted'; show: Show; total: number }

const nowhere = { open: null, done: null, all: null }
export const initialTaskState: TaskState = { tasks: new Map(), gone: new Map(), reach: nowhere, isCountOld: false }

export function reduceTasks(state: TaskState, action: TaskAction): TaskState {
  switch (action.type) {
    case 'snapshot':
      return takeSnapshot(state, action.show, action.pages)
    case 'page':
      return takePage(state, action)
    case 'event':
      return takeEvent(state, action.event)
    case 'answer':
      return withTask(state, action.task, { isNew: action.task.version === 1 })
    case 'delete-answered': {
      const { version } = state.tasks.get(action.taskId) ?? {}
      return version === undefined ? state : withoutTask(state, action.taskId, version)
    }
    case 'counted':
      return { ...withTotal(state, action.show, () => action.total), isCountOld: false }
  }
}

/** As the list sorts: by code units, as ranks are made. */
export const comparePlaces = (one: Place, other: Place): number =>
  compare(one.rank, other.rank) || compare(one.id, other.id)
const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)

export const belongs = (task: Pick<Task, 'completed'>, show: Show) =>
  show === 'all' || task.completed === (show === 'done')

/** Whether everything before this place is known, itself included. */
export const isWithin = (reach: Reach, place: Place) => reach.upTo === null || comparePlaces(place, reach.upTo) <= 0

/** Replaces everything, but for what is known to be newer than the snapshot. */
function takeSnapshot(before: TaskState, show: Show, pages: Tasks[]): TaskState {
  const tasks = new Map<string, Task>()
  for (const { items } of pages) for (const item of items) keepNewest(tasks, before, item)
  const last = pages.at(-1)
  const reach = { ...nowhere, [show]: last ? reachAfter(last) : null }
  return { tasks, gone: before.gone, reach, isCountOld: false }
}

function takePage(state: TaskState, { show, after, page }: Extract<TaskAction, { type: 'page' }>): TaskState {
  // Asked for before a snapshot that has come since: it continues nothing.
  if ((state.reach[show]?.next ?? null) !== after) return state
  const tasks = new Map(state.tasks)
  for (const item of page.items) keepNewest(tasks, state, item)
  return { ...state, tasks, reach: { ...state.reach, [show]: reachAfter(page) } }
}

function takeEvent(state: TaskState, event: TaskEvent): TaskState {
  switch (event.type) {
    case 'task.created':
    case 'task.restored':
      return withTask(state, event.task, { isNew: true })
    case 'task.updated':
      return withTask(state, event.task, { isNew: false })
    case 'task.deleted':
      return withoutTask(state, event.taskId, event.version)
  }
}

/** `isNew`: was in no list before, unless it is known here. */
function withTask(state: TaskState, task: Task, { isNew }: { isNew: boolean }): TaskState {
  const before = state.tasks.get(task.id)
  if (isOld(state, task)) return state
  const tasks = new Map(state.tasks).set(task.id, task)
  const gone = without(state.gone, task.id)
  const wasKnown = before !== undefined || isNew
  const counted: TaskState = { ...state, tasks, gone, isCountOld: state.isCountOld || !wasKnown }
  if (!wasKnown) return counted
  return shows.reduce(
    (next, show) =>
      withTotal(
        next,
        show,
        (total) => total + Number(belongs(task, show)) - Number(before ? belongs(before, show) : 0),
      ),
    counted,
  )
}

function withoutTask(state: TaskState, taskId: string, version: number): TaskState {
  const before = state.tasks.get(taskId)
  if (before && before.version > version) return state
  const known = state.gone.get(taskId)
  if (known && known.version >= version) return state
  const gone = new Map(state.gone).set(taskId, { version, task: before ?? known?.task ?? null })
  const counted: TaskState = { ...state, tasks: without(state.tasks, taskId), gone }
  // Told of twice, by answer and event, it is counted once.
  if (!before) return known ? counted : { ...counted, isCountOld: true }
  return shows.reduce((next, show) => withTotal(next, show, (total) => total - Number(belongs(before, show))), counted)
}

const isOld = ({ tasks, gone }: Pick<TaskState, 'tasks' | 'gone'>, { id, version }: Task) =>
  (tasks.get(id)?.version ?? 0) >= version || (gone.get(id)?.version ?? 0) >= version

function keepNewest(tasks: Map<string, Task>, before: TaskState, item: Task) {
  const known = before.tasks.get(item.id)
  const newest = known && known.version > item.version ? known : item
  if ((before.gone.get(item.id)?.version ?? 0) < newest.version) tasks.set(item.id, newest)
}

const reachAfter = ({ items, pagination: { nextCursor, total } }: Tasks): Reach => {
  const last = items.at(-1)
  return { upTo: nextCursor !== null && last ? { rank: last.rank, id: last.id } : null, next: nextCursor, total }
}

function withTotal(state: TaskState, show: Show, change: (total: number) => number): TaskState {
  const reach = state.reach[show]
  return reach ? { ...state, reach: { ...state.reach, [show]: { ...reach, total: change(reach.total) } } } : state
}

function without<Value>(map: ReadonlyMap<string, Value>, key: string): ReadonlyMap<string, Value> {
  if (!map.has(key)) return map
  const rest = new Map(map)
  rest.delete(key)
  return rest
}
