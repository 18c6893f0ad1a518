/**
 * What the server has confirmed of one list: the newest version of each row, in whatever order events, responses and pages arrive, and
 * for each view how far it is known without a gap. Rows are inserted in their order, which is never sorted as a whole.
 */
import type { AnyRules, Change, ListPage, Patch, Versioned } from './channel.ts'

/** Every row up to `upTo` is known, itself included; all where that is null. */
export interface Reach<Row> {
  upTo: Row | null
  /** Cursor of the page after. Null at the end. */
  next: string | null
  /** Of all pages. */
  total: number
}

interface Deleted<Row> {
  version: number
  /** As it was last known. */
  row: Row | null
}

/** For the next visit. */
export interface StoredRows<Row, View extends string> {
  /** In their order. */
  rows: ReadonlyMap<string, Row>
  deleted: ReadonlyMap<string, Deleted<Row>>
  reach: ReadonlyMap<View, Reach<Row>>
}

type Order<Row, View extends string> = Pick<AnyRules<Row, View>, 'compare' | 'isIn' | 'isAppendOnly' | 'neverDeletes'>

/** Of a deletion that is older than so many others, a late page may show the row again, until the next snapshot. */
const deletedAtMost = 1000
/** Of a patch that is older than so many others, a late page may show the row as it was, until the next event about it. */
const patchesAtMost = 1000

export class KnownRows<Row extends Versioned, View extends string> {
  readonly #by: Order<Row, View>
  #rows = new Map<string, Row>()
  #inOrder: Row[] = []
  #deleted = new Map<string, Deleted<Row>>()
  /** Of rows that are not known: a page that was read earlier may bring them. */
  #patches = new Map<string, Patch<Row>>()
  #reach = new Map<View, Reach<Row>>()
  /** Where rows are never deleted: those that a response has reported, and no event or page yet. */
  readonly #ahead = new Set<string>()
  /** A row that is not known here was changed or deleted: the totals have to be read again. */
  isCountOld = false

  constructor(by: Order<Row, View>, stored?: StoredRows<Row, View>) {
    this.#by = by
    if (!stored) return
    for (const row of stored.rows.values()) this.#set(row)
    this.#deleted = new Map(stored.deleted)
    this.#reach = new Map(stored.reach)
  }

  /** Not a copy: it changes with the rows. */
  get inOrder(): readonly Row[] {
    return this.#inOrder
  }

  get(id: string): Row | undefined {
    return this.#rows.get(id)
  }

  /** As it was when it was deleted; undefined where it is not known to be. */
  getDeleted(id: string): Row | undefined {
    return this.#deleted.get(id)?.row ?? undefined
  }

  reach(view: View): Reach<Row> | undefined {
    return this.#reach.get(view)
  }

  /** What an event says. Whether it changed anything. Null does not. */
  take(change: Change<Row> | null): boolean {
    if (!change) return false
    if ('patch' in change) return this.#patch(change.patch)
    if ('deleted' in change) return this.#delete(change.deleted, change.version)
    this.#ahead.delete(change.put.id)
    return this.#put(change.put, change.isNew)
  }

  /** What a response says, which may arrive before the event of the same change or after it. Whether it changed anything. */
  takeAnswer(change: Change<Row>): boolean {
    if (!('put' in change)) return this.take(change)
    const isChanged = this.#put(change.put, change.isNew)
    if (isChanged && this.#by.neverDeletes) this.#ahead.add(change.put.id)
    return isChanged
  }

  /** Replaces everything but what is newer. `pages` follow one another from the first. */
  takeSnapshot(view: View, pages: readonly ListPage<Row>[]) {
    const before = this.#rows
    if (this.#by.isAppendOnly && this.#reach.has(view)) {
      const { items = [] } = pages[0] ?? {}
      const last = items.at(-1)
      // Otherwise there may be rows between what is known and this page.
      if (!last || before.has(last.id)) {
        for (const item of items) if (!before.has(item.id)) this.#set(item)
        return
      }
    }
    this.#rows = new Map()
    this.#inOrder = []
    this.#reach = new Map()
    this.isCountOld = false
    for (const page of pages) this.#add(view, page, before)
    for (const id of this.#ahead) {
      const row = before.get(id)
      if (row) this.#put(row, true)
    }
  }

  /** `after`: the cursor by which it was requested, null for the first page. False if it does not continue what is known. */
  takePage(view: View, after: string | null, page: ListPage<Row>): boolean {
    // A snapshot has replaced the page before it.
    if ((this.#reach.get(view)?.next ?? null) !== after) return false
    this.#add(view, page, this.#rows)
    return true
  }

  takeCount(view: View, total: number) {
    this.isCountOld = false
    const reach = this.#reach.get(view)
    if (reach) this.#reach.set(view, { ...reach, total })
  }

  stored(): StoredRows<Row, View> {
    const rows = new Map(this.#inOrder.map((row) => [row.id, row]))
    return { rows, deleted: new Map(this.#deleted), reach: new Map(this.#reach) }
  }

  #put(whole: Row, isNew: boolean): boolean {
    const row = this.#withPatch(whole)
    const before = this.#rows.get(row.id)
    if (versionOf(before) >= versionOf(row) || versionOf(this.#deleted.get(row.id)) >= versionOf(row)) return false
    this.#deleted.delete(row.id)
    this.#set(row)
    if (before || isNew) this.#addToTotals(before, row)
    else this.isCountOld = true
    return true
  }

  #patch(patch: Patch<Row>): boolean {
    const { id } = patch
    const before = this.#rows.get(id)
    if (before) return this.#put({ ...before, ...patch }, false)
    const earlier = this.#patches.get(id)
    if (versionOf(earlier) >= patch.version || versionOf(this.#deleted.get(id)) >= patch.version) return false
    remember(this.#patches, id, { ...earlier, ...patch }, patchesAtMost)
    this.isCountOld = true
    return true
  }

  #withPatch(row: Row): Row {
    const patch = this.#patches.get(row.id)
    return patch && patch.version > versionOf(row) ? { ...row, ...patch } : row
  }

  #delete(id: string, deletedAs?: number): boolean {
    const row = this.#rows.get(id)
    const before = this.#deleted.get(id)
    const version = deletedAs ?? versionOf(row)
    if (version === 0 || versionOf(row) > version || versionOf(before) >= version) return false
    this.#rows.delete(id)
    if (row) this.#inOrder.splice(placeOf(row, this.#inOrder, this.#by.compare), 1)
    remember(this.#deleted, id, { version, row: row ?? before?.row ?? null }, deletedAtMost)
    if (row) this.#addToTotals(row, undefined)
    // The response and the event both report it: it is counted once.
    else if (!before) this.isCountOld = true
    return true
  }

  #add(view: View, { items, pagination: { nextCursor, total } }: ListPage<Row>, before: ReadonlyMap<string, Row>) {
    for (const item of items) {
      this.#ahead.delete(item.id)
      const known = before.get(item.id)
      const newest = this.#withPatch(known && versionOf(known) > versionOf(item) ? known : item)
      if (versionOf(this.#deleted.get(item.id)) < versionOf(newest)) this.#set(newest)
    }
    this.#reach.set(view, { upTo: nextCursor === null ? null : (items.at(-1) ?? null), next: nextCursor, total })
  }

  #set(row: Row) {
    const { compare } = this.#by
    const before = this.#rows.get(row.id)
    this.#rows.set(row.id, row)
    if (before && compare(before, row) === 0) {
      this.#inOrder[placeOf(before, this.#inOrder, compare)] = row
      return
    }
    if (before) this.#inOrder.splice(placeOf(before, this.#inOrder, compare), 1)
    this.#inOrder.splice(placeOf(row, this.#inOrder, compare), 0, row)
  }

  #addToTotals(before: Row | undefined, now: Row | undefined) {
    const isIn = (view: View, row: Row | undefined) => Number(row !== undefined && this.#by.isIn(view, row))
    for (const [view, reach] of this.#reach)
      this.#reach.set(view, { ...reach, total: reach.total + isIn(view, now) - isIn(view, before) })
  }
}

/** The oldest goes first. */
function remember<Value>(memory: Map<string, Value>, id: string, value: Value, atMost: number) {
  memory.delete(id)
  memory.set(id, value)
  const [oldest] = memory.keys()
  if (oldest !== undefined && memory.size > atMost) memory.delete(oldest)
}

/** 0 for what is not there. */
const versionOf = (row: { version?: number } | undefined) => (row ? (row.version ?? 1) : 0)

/** Where `row` is, or has to be inserted: the number of rows before it. */
export function placeOf<Row>(row: Row, rows: readonly Row[], compare: (one: Row, other: Row) => number): number {
  let [low, high] = [0, rows.length]
  const last = rows.at(-1)
  // Pages come in order, so most rows are added at the end.
  if (last !== undefined && compare(last, row) < 0) return high
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(rows[middle] as Row, row) < 0) low = middle + 1
    else high = middle
  }
  return low
}
