import { expect, it } from 'vitest'
import { type AnyRules, byCodeUnits, type ListPage } from './channel.ts'
import { KnownRows } from './known-rows.ts'
import { OptimisticRows } from './optimistic-rows.ts'

interface Row {
  id: string
  version: number
  place: number
}

/** Counts how often two rows are compared. */
function counting() {
  const counted = { comparisons: 0 }
  const rules: AnyRules<Row, 'all'> = {
    compare: (one, other) => {
      counted.comparisons++
      return one.place - other.place || byCodeUnits(one.id, other.id)
    },
    isIn: () => true,
    calls: {
      restore: {
        rowId: String,
        apply: (rows, id) => rows.restore(String(id)),
        read: (put) => ({ put: put as Row, isNew: false }),
      },
    },
  }
  return { counted, known: new KnownRows<Row, 'all'>(rules), rules }
}

const row = (number: number, place = number): Row => ({ id: `row ${number}`, version: 1, place })
const count = 20_000
const pages = Array.from({ length: count / 100 }, (_, page): ListPage<Row> => {
  const items = Array.from({ length: 100 }, (_, index) => row(page * 100 + index))
  return { items, pagination: { nextCursor: String(page + 1), total: count } }
})

/** Of a search among `count` rows, and one more to see whether the row comes last. */
const perSearch = Math.ceil(Math.log2(count)) + 1

it('inserts 20,000 rows that come in pages with one comparison each', () => {
  const { known, counted } = counting()
  known.takeSnapshot('all', pages)
  expect(known.inOrder.length).toBe(count)
  expect(counted.comparisons).toBeLessThan(count)
})

it('moves, changes, adds and deletes a row among 20,000 without sorting them', () => {
  const { known, counted } = counting()
  known.takeSnapshot('all', pages)
  const comparisonsOf = (take: () => boolean) => {
    counted.comparisons = 0
    expect(take()).toBe(true)
    return counted.comparisons
  }
  // Where it was, whether it has moved, and where it is.
  const toMove = comparisonsOf(() => known.take({ put: { ...row(19_000, 0.5), version: 2 }, isNew: false }))
  expect(toMove).toBeLessThanOrEqual(2 * perSearch + 1)
  const toChange = comparisonsOf(() => known.take({ put: { ...row(7), version: 2 }, isNew: false }))
  expect(toChange).toBeLessThanOrEqual(perSearch + 1)
  expect(comparisonsOf(() => known.take({ put: row(count, 1.5), isNew: true }))).toBeLessThanOrEqual(perSearch)
  expect(comparisonsOf(() => known.take({ deleted: 'row 3', version: 2 }))).toBeLessThanOrEqual(perSearch)
  expect(known.inOrder.slice(0, 6).map(({ id }) => id)).toEqual(
    [0, 19_000, 1, count, 2, 4].map((number) => `row ${number}`),
  )
  expect(known.inOrder.length).toBe(count)
})

it('shows 20,000 rows with queued calls applied without sorting them', () => {
  const { known, counted, rules } = counting()
  known.takeSnapshot('all', pages)
  known.take({ deleted: 'row 3', version: 2 })
  counted.comparisons = 0
  const queued = [{ id: 'call', path: 'restore', input: 'row 3', queuedAt: '' }]
  const shown = new OptimisticRows(known, rules, queued).shown('all')
  expect(shown.rows.slice(0, 4).map(({ id }) => id)).toEqual(['row 0', 'row 1', 'row 2', 'row 3'])
  expect(shown.rows.length).toBe(count)
  // Where the restored row has been, and where the loaded ones end.
  expect(counted.comparisons).toBeLessThanOrEqual(2 * perSearch + 1)
})

it('remembers at most 1,000 deleted rows, and forgets the oldest first', () => {
  const { known } = counting()
  known.takeSnapshot('all', pages)
  for (let number = 0; number <= 1000; number++) known.take({ deleted: `row ${number}`, version: 2 })
  expect([known.getDeleted('row 0'), known.getDeleted('row 1'), known.stored().deleted.size]).toEqual([
    undefined,
    row(1),
    1000,
  ])
})

it('shows a row that a response has reported though an older snapshot lacks it, where rows are never deleted', () => {
  const answered = (neverDeletes: boolean) => {
    const known = new KnownRows<Row, 'all'>({ ...counting().rules, neverDeletes })
    const snapshot = (...items: Row[]) =>
      known.takeSnapshot('all', [{ items, pagination: { nextCursor: null, total: items.length } }])
    snapshot(row(1))
    known.takeAnswer({ put: row(2), isNew: true })
    return { known, snapshot, ids: () => known.inOrder.map(({ id }) => id) }
  }
  const { known, snapshot, ids } = answered(true)
  snapshot(row(1))
  expect([ids(), known.reach('all')?.total]).toEqual([['row 1', 'row 2'], 2])
  known.take({ put: row(2), isNew: true })
  snapshot(row(1))
  expect(ids()).toEqual(['row 1'])
  const deleting = answered(false)
  deleting.snapshot(row(1))
  expect(deleting.ids()).toEqual(['row 1'])
})

it('remembers at most 1,000 patches of unknown rows, and forgets the oldest first', () => {
  const { known } = counting()
  const lastPage = { ...(pages.at(-1) as ListPage<Row>), pagination: { nextCursor: null, total: count } }
  const first = count - 100
  for (let number = first; number <= first + 1000; number++)
    known.take({ patch: { id: `row ${number}`, version: 2, place: number + 0.5 } })
  known.takeSnapshot('all', [lastPage])
  expect([first, first + 1].map((number) => known.get(`row ${number}`)?.version)).toEqual([1, 2])
})
