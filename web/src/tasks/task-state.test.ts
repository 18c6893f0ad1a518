import { describe, expect, it } from 'vitest'
import type { Task, TaskEvent, Tasks } from '../../../shared/tasks.ts'
import { shownTask, shownTasks, type TaskCall, type WaitingCall } from './shown-tasks.ts'
import { initialTaskState, reduceTasks, type Show, type TaskAction, type TaskState } from './task-state.ts'

const at = '2026-01-01T00:00:00.000Z'
const task = (id: string, change: Partial<Task> = {}): Task => {
  return {
    id,
    title: id,
    description: null,
    completed: false,
    rank: id,
    version: 1,
    createdAt: at,
    updatedAt: at,
    ...change,
  }
}
const page = (items: Task[], nextCursor: string | null = null, total = items.length): Tasks => {
  return { items, cursor: 'epoch:0', pagination: { page: null, limit: 100, total, totalPages: 1, nextCursor } }
}
const snapshot = (items: Task[], nextCursor: string | null = null, total = items.length): TaskAction => {
  return { type: 'snapshot', show: 'open', pages: [page(items, nextCursor, total)] }
}
const happened = { seq: 1, at, actorId: null }
const event = (type: 'task.created' | 'task.updated' | 'task.restored', of: Task): TaskAction => {
  return { type: 'event', event: { type, ...happened, task: of } as TaskEvent }
}
const deleted = (taskId: string, version: number): TaskAction => {
  return { type: 'event', event: { type: 'task.deleted', ...happened, taskId, version } }
}
const stateAfter = (...actions: TaskAction[]) => actions.reduce(reduceTasks, initialTaskState)
const waiting = (...calls: TaskCall[]): WaitingCall[] => calls.map((call) => ({ ...call, at }))
const ids = (state: TaskState, calls: TaskCall[] = [], show: Show = 'open') =>
  shownTasks(state, waiting(...calls), show)?.rows.map((row) => row.task.id)
const total = (state: TaskState, calls: TaskCall[] = []) => shownTasks(state, waiting(...calls), 'open')?.total

const three = stateAfter(snapshot([task('a'), task('b'), task('c')]))
/** `c` is all that is loaded of more. */
const part = stateAfter(snapshot([task('a'), task('b'), task('c')], 'more', 10))

describe('what is confirmed', () => {
  it('is the newest of each task, in whatever order event, answer and page come', () => {
    const renamed = task('b', { title: 'new', version: 2 })
    const asked: TaskAction = { type: 'answer', task: renamed }
    const told = event('task.updated', renamed)
    const older = event('task.updated', task('b', { title: 'old' }))
    for (const order of [
      [asked, told, older],
      [told, older, asked],
      [asked, snapshot([task('a'), task('b')])],
    ])
      expect(order.reduce(reduceTasks, three).tasks.get('b')?.title).toBe('new')
  })

  it('stands where its rank says, by code units', () => {
    const moved = reduceTasks(three, event('task.updated', task('c', { rank: 'Zz', version: 2 })))
    expect(ids(moved)).toEqual(['c', 'a', 'b'])
  })

  it('stays deleted for whatever is older than that, and comes back with what is newer', () => {
    const gone = reduceTasks(three, deleted('b', 2))
    for (const late of [event('task.updated', task('b')), snapshot([task('a'), task('b')]), deleted('b', 2)])
      expect(reduceTasks(gone, late).tasks.has('b')).toBe(false)
    const back = reduceTasks(gone, event('task.restored', task('b', { version: 3 })))
    expect(ids(back)).toEqual(['a', 'b', 'c'])
    expect(reduceTasks(back, deleted('b', 2)).tasks.has('b')).toBe(true)
  })

  it('is gone with the answer to its deletion, which the event only repeats', () => {
    const answered = reduceTasks(part, { type: 'delete-answered', taskId: 'b' })
    expect([ids(answered), total(answered)]).toEqual([['a', 'c'], 9])
    expect(total(reduceTasks(answered, deleted('b', 2)))).toBe(9)
  })

  it('shows no task from beyond what is loaded, for there may be others before it', () => {
    const beyond = reduceTasks(part, event('task.updated', task('x', { version: 2 })))
    expect(ids(beyond)).toEqual(['a', 'b', 'c'])
    expect(beyond.isCountOld).toBe(true)
    const loaded = reduceTasks(beyond, {
      type: 'page',
      show: 'open',
      after: 'more',
      page: page([task('d'), task('x', { title: 'older' })], null, 5),
    })
    expect(ids(loaded)).toEqual(['a', 'b', 'c', 'd', 'x'])
    expect(loaded.tasks.get('x')?.title).toBe('x')
  })

  it('takes no page that continues what a snapshot has replaced', () => {
    const fresh = reduceTasks(part, snapshot([task('a')], 'other', 10))
    const late = reduceTasks(fresh, { type: 'page', show: 'open', after: 'more', page: page([task('d')]) })
    expect(ids(late)).toEqual(['a'])
  })

  it('counts what is not loaded too', () => {
    expect(total(part)).toBe(10)
    const more = reduceTasks(part, event('task.created', task('A')))
    expect(total(more)).toBe(11)
    expect(total(reduceTasks(more, event('task.created', task('A'))))).toBe(11)
    expect(total(reduceTasks(more, event('task.updated', task('A', { completed: true, version: 2 }))))).toBe(10)
    const counted = reduceTasks(reduceTasks(part, deleted('x', 2)), { type: 'counted', show: 'open', total: 9 })
    expect([total(counted), counted.isCountOld]).toEqual([9, false])
  })
})

describe('what waits', () => {
  const create: TaskCall = { path: 'tasks.create', input: { taskId: 'n', title: 'New' } }
  const move = (taskId: string, after: string | null): TaskCall => ({ path: 'tasks.move', input: { taskId, after } })
  const complete = (taskId: string, completed = true): TaskCall => {
    return { path: 'tasks.complete', input: { taskId, completed } }
  }
  const remove: TaskCall = { path: 'tasks.delete', input: { taskId: 'b' } }
  const restore: TaskCall = { path: 'tasks.restore', input: { taskId: 'b' } }

  it('is laid over in order', () => {
    expect(ids(three, [create, move('c', 'n'), move('a', null), move('n', 'b')])).toEqual(['a', 'c', 'b', 'n'])
    expect(ids(three, [complete('b')])).toEqual(['a', 'c'])
    expect(ids(three, [complete('b'), complete('b', false)])).toEqual(['a', 'b', 'c'])
    expect(ids(three, [remove, restore])).toEqual(['a', 'b', 'c'])
    const rename: TaskCall = { path: 'tasks.update', input: { taskId: 'n', title: 'Newer', description: undefined } }
    expect(shownTask(three, waiting(create, rename), 'n')).toMatchObject({
      task: { title: 'Newer', description: null },
      isPending: true,
    })
  })

  it('marks as pending what it touches, and nothing else', () => {
    const rows = shownTasks(three, waiting(create, move('b', null)), 'open')?.rows
    expect(rows?.map(({ task: { id }, isPending }) => [id, isPending])).toEqual([
      ['b', true],
      ['n', true],
      ['a', false],
      ['c', false],
    ])
  })

  it('is laid anew over what comes from elsewhere', () => {
    const renamed = reduceTasks(three, event('task.updated', task('c', { title: 'Elsewhere', version: 2 })))
    expect(shownTask(renamed, waiting(complete('c')), 'c')?.task).toMatchObject({ title: 'Elsewhere', completed: true })
    const added = reduceTasks(three, event('task.created', task('A')))
    expect(ids(added, [create, move('c', 'a')])).toEqual(['n', 'A', 'a', 'c', 'b'])
  })

  it('does not show twice what is confirmed before its answer', () => {
    const confirmed = reduceTasks(three, event('task.created', task('n', { rank: 'Z' })))
    expect(ids(confirmed, [create])).toEqual(['n', 'a', 'b', 'c'])
    expect([ids(confirmed), total(confirmed, [create])]).toEqual([['n', 'a', 'b', 'c'], 4])
  })

  it('leaves a task where it is when the one to follow is gone', () => {
    const gone = reduceTasks(three, deleted('a', 2))
    expect(ids(gone, [move('c', 'a')])).toEqual(['b', 'c'])
    expect(ids(gone, [complete('a'), remove])).toEqual(['c'])
  })

  it('brings a task back to its place before the server has', () => {
    const gone = reduceTasks(three, deleted('b', 2))
    expect(ids(gone, [restore])).toEqual(['a', 'b', 'c'])
    expect(shownTask(gone, [], 'b')).toBeNull()
  })

  it('counts', () => {
    expect(total(part, [create, complete('a'), remove])).toBe(9)
    expect(total(part, [remove, restore])).toBe(10)
    expect(total(reduceTasks(part, deleted('b', 2)), waiting(restore))).toBe(10)
  })

  it('is moved beyond what is loaded, and back', () => {
    const known = reduceTasks(part, event('task.updated', task('x', { version: 2 })))
    expect(ids(known, [move('a', 'x')])).toEqual(['b', 'c'])
    expect(ids(known, [move('x', 'a')])).toEqual(['a', 'x', 'b', 'c'])
    expect(ids(known, [move('a', 'c')])).toEqual(['b', 'c', 'a'])
  })

  it('shows under what it was changed to', () => {
    const all = stateAfter({ type: 'snapshot', show: 'all', pages: [page([task('a'), task('b')])] })
    expect(ids(all, [complete('a')], 'all')).toEqual(['a', 'b'])
    expect(ids(all, [complete('a')], 'done')).toBeUndefined()
  })
})
