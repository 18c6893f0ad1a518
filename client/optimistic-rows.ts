/**
 * The rows of a list with the queued calls applied to them optimistically. They are applied again at each change of either, so a change
 * from elsewhere lands below what is queued, and a refused call takes back its own change alone.
 */
import type { AnyRules, EditableRows, Versioned } from './channel.ts'
import { type KnownRows, placeOf } from './known-rows.ts'

/** A call of the outbox, in the form that is common to all paths. */
export interface QueuedCall {
  id: string
  path: string
  input: unknown
  queuedAt: string
}

export interface Shown<Row> {
  /** Before a first page is loaded: what queued calls create, alone. */
  isLoaded: boolean
  rows: readonly Row[]
  /** Ids of the rows that a queued call changes. */
  pending: ReadonlySet<string>
  /** With the rows that are not loaded. */
  total: number
  hasMore: boolean
}

export class OptimisticRows<Row extends Versioned, View extends string> implements EditableRows<Row> {
  readonly #known: KnownRows<Row, View>
  readonly #rules: AnyRules<Row, View>
  /** Confirmed rows, and deleted ones that a call may restore, in order. */
  readonly #base: readonly Row[]
  /** Where the calls have moved them; removed rows stay in their places. */
  readonly #rows: Row[]
  readonly #pending = new Set<string>()
  readonly #moved = new Set<string>()
  readonly #removed = new Set<string>()
  readonly #shown = new Map<View, Shown<Row>>()

  constructor(known: KnownRows<Row, View>, rules: AnyRules<Row, View>, calls: readonly QueuedCall[]) {
    this.#known = known
    this.#rules = rules
    const base = [...known.inOrder]
    for (const { path, input } of calls) {
      const id = rules.calls[path]?.rowId(input) ?? ''
      const deleted = known.getDeleted(id)
      if (!deleted || this.#removed.has(id)) continue
      base.splice(placeOf(deleted, base, rules.compare), 0, deleted)
      this.#removed.add(id)
    }
    this.#base = base
    this.#rows = calls.length === 0 ? base : [...base]
    for (const { path, input, queuedAt } of calls) rules.calls[path]?.apply(this, input, queuedAt)
  }

  get(id: string): Row | undefined {
    if (this.#removed.has(id)) return undefined
    return this.#pending.has(id) ? this.#rows.find((row) => row.id === id) : this.#known.get(id)
  }

  add(row: Row) {
    if (this.#find(row.id) === -1) {
      this.#rows.unshift(row)
      this.#moved.add(row.id)
    }
    this.#pending.add(row.id)
  }

  change(id: string, change: Partial<Row>) {
    const index = this.#find(id)
    const row = this.#rows[index]
    if (!row) return
    const given = Object.entries(change).filter(([, value]) => value !== undefined)
    this.#rows[index] = { ...row, ...Object.fromEntries(given) }
    this.#pending.add(id)
  }

  move(id: string, after: string | null) {
    const from = this.#find(id)
    const row = this.#rows[from]
    if (!row) return
    this.#pending.add(id)
    if (after === id || (after !== null && this.#find(after) === -1)) return
    this.#rows.splice(from, 1)
    this.#rows.splice(after === null ? 0 : this.#find(after) + 1, 0, row)
    this.#moved.add(id)
  }

  remove(id: string) {
    if (this.#find(id) === -1) return
    this.#removed.add(id)
    this.#pending.add(id)
  }

  restore(id: string) {
    if (this.#find(id) === -1) return
    this.#removed.delete(id)
    this.#pending.add(id)
  }

  /** The same each time. */
  shown(view: View): Shown<Row> {
    const shown = this.#shown.get(view) ?? this.#show(view)
    this.#shown.set(view, shown)
    return shown
  }

  #show(view: View): Shown<Row> {
    const reach = this.#known.reach(view)
    const isShown = (row: Row) => !this.#removed.has(row.id) && this.#rules.isIn(view, row)
    if (!reach) {
      const rows = this.#rows.filter((row) => this.#pending.has(row.id) && !this.#known.get(row.id) && isShown(row))
      return { isLoaded: false, rows, pending: this.#pending, total: rows.length, hasMore: false }
    }
    const rows = this.#rows.slice(0, this.#end(reach.upTo)).filter(isShown)
    const hasMore = reach.next !== null
    let total = rows.length
    if (hasMore) {
      total = reach.total
      for (const id of this.#pending) {
        const [before, now] = [this.#known.get(id), this.get(id)]
        total +=
          Number(now ? this.#rules.isIn(view, now) : false) - Number(before ? this.#rules.isIn(view, before) : false)
      }
    }
    return { isLoaded: true, rows, pending: this.#pending, total: Math.max(total, rows.length), hasMore }
  }

  /** Where what is known without a gap ends: at the first row beyond `upTo` that no call has moved. */
  #end(upTo: Row | null): number {
    if (upTo === null) return this.#rows.length
    const { compare } = this.#rules
    let beyond = placeOf(upTo, this.#base, compare)
    for (; beyond < this.#base.length; beyond++) {
      const row = this.#base[beyond] as Row
      if (!this.#moved.has(row.id) && compare(row, upTo) > 0) return this.#find(row.id)
    }
    return this.#rows.length
  }

  #find(id: string): number {
    return this.#rows.findIndex((row) => row.id === id)
  }
}
