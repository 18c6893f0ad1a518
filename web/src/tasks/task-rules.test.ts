import { describe, expect, it } from 'vitest'
import type { ListPage } from '../../../client/channel.ts'
import { KnownRows } from '../../../client/known-rows.ts'
import { OptimisticRows } from '../../../client/optimistic-rows.ts'
import type { OutboxEntry } from '../../../client/outbox.ts'
import type { Task, TaskEvent } from '../../../shared/tasks.ts'
import { type Show, type TaskPath, taskRules } from './task-rules.ts'

type Call = { [Path in TaskPath]: Pick<OutboxEntry<Path>, 'path' | 'input'> }[TaskPath]
type Known = KnownRows<Task, Show>
type Step = (known: Known) => unknown

const queuedAt = '2026-01-01T00:00:00.000Z'
const task = (id: string, change: Partial<Task> = {}): Task => {
  return {
    id,
    title: id,
    description: null,
    completed: false,
    rank: id,
    version: 1,
    createdAt: queuedAt,
    updatedAt: queuedAt,
    ...change,
  }
}
const page = (items: Task[], nextCursor: string | null = null, total = items.length): ListPage<Task> => {
  return { items, pagination: { total, nextCursor } }
}
const snapshot =
  (items: Task[], nextCursor: string | null = null, total = items.length): Step =>
  (known) =>
    known.takeSnapshot('open', [page(items, nextCursor, total)])
const happened = { seq: 1, at: queuedAt, actorId: null }
const event =
  (type: 'task.created' | 'task.updated' | 'task.restored', of: Task): Step =>
  (known) =>
    known.take(taskRules.read({ type, ...happened, task: of } as TaskEvent))
const deleted =
  (taskId: string, version: number): Step =>
  (known) =>
    known.take(taskRules.read({ type: 'task.deleted', ...happened, taskId, version }))
const answered =
  (of: Task): Step =>
  (known) =>
    known.take(taskRules.calls['tasks.update'].read(of, { taskId: of.id }))

/** What is known after these, one after the other. */
function knownAfter(...steps: Step[]): Known {
  const known: Known = new KnownRows(taskRules)
  for (const step of steps) step(known)
  return known
}
const optimistic = (known: Known, calls: Call[]) =>
  new OptimisticRows<Task, Show>(
    known,
    taskRules,
    calls.map((call) => ({ id: 'call', queuedAt, ...call })),
  )
const shown = (known: Known, calls: Call[] = [], show: Show = 'open') => optimistic(known, calls).shown(show)
const ids = (known: Known, calls?: Call[], show?: Show) => shown(known, calls, show).rows.map(({ id }) => id)
const total = (known: Known, calls?: Call[]) => shown(known, calls).total

const three = snapshot([task('a'), task('b'), task('c')])
/** `c` is all that is loaded of more. */
const part = snapshot([task('a'), task('b'), task('c')], 'more', 10)

describe('what is confirmed', () => {
  it('is the newest version of each task, in whatever order event, response and page come', () => {
    const renamed = task('b', { title: 'new', version: 2 })
    const older = event('task.updated', task('b', { title: 'old' }))
    for (const order of [
      [answered(renamed), event('task.updated', renamed), older],
      [event('task.updated', renamed), older, answered(renamed)],
      [answered(renamed), snapshot([task('a'), task('b')])],
    ])
      expect(knownAfter(three, ...order).get('b')?.title).toBe('new')
  })

  it('is ordered by rank, by code units', () => {
    expect(ids(knownAfter(three, event('task.updated', task('c', { rank: 'Zz', version: 2 }))))).toEqual([
      'c',
      'a',
      'b',
    ])
  })

  it('stays deleted for whatever is older than the deletion, and comes back with what is newer', () => {
    const without = [three, deleted('b', 2)]
    for (const late of [event('task.updated', task('b')), snapshot([task('a'), task('b')]), deleted('b', 2)])
      expect(knownAfter(...without, late).get('b')).toBeUndefined()
    const back = [...without, event('task.restored', task('b', { version: 3 }))]
    expect(ids(knownAfter(...back))).toEqual(['a', 'b', 'c'])
    expect(knownAfter(...back, deleted('b', 2)).get('b')).toBeDefined()
  })

  it('is deleted with the response to its deletion, which the event only repeats', () => {
    const response: Step = (known) => known.take(taskRules.calls['tasks.delete'].read(undefined, { taskId: 'b' }))
    const known = knownAfter(part, response)
    expect([ids(known), total(known)]).toEqual([['a', 'c'], 9])
    expect(total(knownAfter(part, response, deleted('b', 2)))).toBe(9)
  })

  it('shows no task from beyond what is loaded, for there may be others before it', () => {
    const beyond = [part, event('task.updated', task('x', { version: 2 }))]
    expect(ids(knownAfter(...beyond))).toEqual(['a', 'b', 'c'])
    expect(knownAfter(...beyond).isCountOld).toBe(true)
    const loaded = knownAfter(...beyond, (known) =>
      known.takePage('open', 'more', page([task('d'), task('x', { title: 'older' })], null, 5)),
    )
    expect(ids(loaded)).toEqual(['a', 'b', 'c', 'd', 'x'])
    expect(loaded.get('x')?.title).toBe('x')
  })

  it('takes no page that continues what a snapshot has replaced', () => {
    const late: Step = (known) => known.takePage('open', 'more', page([task('d')]))
    expect(ids(knownAfter(part, snapshot([task('a')], 'other', 10), late))).toEqual(['a'])
  })

  it('counts what is not loaded too', () => {
    expect(total(knownAfter(part))).toBe(10)
    const more = [part, event('task.created', task('A'))]
    expect(total(knownAfter(...more))).toBe(11)
    expect(total(knownAfter(...more, event('task.created', task('A'))))).toBe(11)
    expect(total(knownAfter(...more, event('task.updated', task('A', { completed: true, version: 2 }))))).toBe(10)
    const counted = knownAfter(part, deleted('x', 2), (known) => known.takeCount('open', 9))
    expect([total(counted), counted.isCountOld]).toEqual([9, false])
  })
})

describe('what is queued', () => {
  const create: Call = { path: 'tasks.create', input: { taskId: 'n', title: 'New' } }
  const move = (taskId: string, after: string | null): Call => ({ path: 'tasks.move', input: { taskId, after } })
  const complete = (taskId: string, completed = true): Call => {
    return { path: 'tasks.complete', input: { taskId, completed } }
  }
  const remove: Call = { path: 'tasks.delete', input: { taskId: 'b' } }
  const restore: Call = { path: 'tasks.restore', input: { taskId: 'b' } }

  it('is applied in order', () => {
    const known = knownAfter(three)
    expect(ids(known, [create, move('c', 'n'), move('a', null), move('n', 'b')])).toEqual(['a', 'c', 'b', 'n'])
    expect(ids(known, [complete('b')])).toEqual(['a', 'c'])
    expect(ids(known, [complete('b'), complete('b', false)])).toEqual(['a', 'b', 'c'])
    expect(ids(known, [remove, restore])).toEqual(['a', 'b', 'c'])
    const rename: Call = { path: 'tasks.update', input: { taskId: 'n', title: 'Newer', description: undefined } }
    expect(optimistic(known, [create, rename]).get('n')).toMatchObject({ title: 'Newer', description: null })
    expect(shown(known, [create, rename]).pending).toEqual(new Set(['n']))
  })

  it('marks as pending what it changes, and nothing else', () => {
    const { rows, pending } = shown(knownAfter(three), [create, move('b', null)])
    expect(rows.map(({ id }) => [id, pending.has(id)])).toEqual([
      ['b', true],
      ['n', true],
      ['a', false],
      ['c', false],
    ])
  })

  it('is applied again to what comes from elsewhere', () => {
    const renamed = knownAfter(three, event('task.updated', task('c', { title: 'Elsewhere', version: 2 })))
    expect(optimistic(renamed, [complete('c')]).get('c')).toMatchObject({ title: 'Elsewhere', completed: true })
    const added = knownAfter(three, event('task.created', task('A')))
    expect(ids(added, [create, move('c', 'a')])).toEqual(['n', 'A', 'a', 'c', 'b'])
  })

  it('does not show twice what is confirmed before its response', () => {
    const confirmed = knownAfter(three, event('task.created', task('n', { rank: 'Z' })))
    expect(ids(confirmed, [create])).toEqual(['n', 'a', 'b', 'c'])
    expect([ids(confirmed), total(confirmed, [create])]).toEqual([['n', 'a', 'b', 'c'], 4])
  })

  it('leaves a task where it is when the one to follow is deleted', () => {
    const without = knownAfter(three, deleted('a', 2))
    expect(ids(without, [move('c', 'a')])).toEqual(['b', 'c'])
    expect(ids(without, [complete('a'), remove])).toEqual(['c'])
  })

  it('restores a task to its place before the server has', () => {
    const without = knownAfter(three, deleted('b', 2))
    expect(ids(without, [restore])).toEqual(['a', 'b', 'c'])
    expect(optimistic(without, []).get('b')).toBeUndefined()
  })

  it('counts', () => {
    expect(total(knownAfter(part), [create, complete('a'), remove])).toBe(9)
    expect(total(knownAfter(part), [remove, restore])).toBe(10)
    expect(total(knownAfter(part, deleted('b', 2)), [restore])).toBe(10)
  })

  it('is moved beyond what is loaded, and back', () => {
    const known = knownAfter(part, event('task.updated', task('x', { version: 2 })))
    expect(ids(known, [move('a', 'x')])).toEqual(['b', 'c'])
    expect(ids(known, [move('x', 'a')])).toEqual(['a', 'x', 'b', 'c'])
    expect(ids(known, [move('a', 'c')])).toEqual(['b', 'c', 'a'])
  })

  it('shows under what it was changed to', () => {
    const all = knownAfter((known) => known.takeSnapshot('all', [page([task('a'), task('b')])]))
    expect(ids(all, [complete('a')], 'all')).toEqual(['a', 'b'])
    expect(shown(all, [complete('a')], 'done').isLoaded).toBe(false)
  })
})
