/** The calls of an outbox that are about one list: those that are applied to its rows, and those that the server refused. */
import type { AnyChange } from './channel.ts'
import type { CallQueue, ListEntry } from './collection-options.ts'

export class ListCalls<Row> {
  readonly #queue: CallQueue | null
  readonly #changes: Readonly<Record<string, AnyChange<Row>>>
  /** Of the outbox, when it was read last. */
  #entries: readonly ListEntry[] = []
  #applied: readonly ListEntry[] = []
  #refused: readonly ListEntry[] = []

  constructor(queue: CallQueue | null, changes: Readonly<Record<string, AnyChange<Row>>>) {
    this.#queue = queue
    this.#changes = changes
  }

  /** In the order in which they were made. The same array until `read` reports a change. */
  get applied(): readonly ListEntry[] {
    return this.#applied
  }

  get refused(): readonly ListEntry[] {
    return this.#refused
  }

  /** Whether calls of this list have come, have been refused or have ended since the last time. */
  read(): boolean {
    const entries = this.#queue?.entries ?? this.#entries
    if (entries === this.#entries) return false
    this.#entries = entries
    const own = entries.filter(({ path, input }) => (this.#changes[path]?.rowId(input) ?? null) !== null)
    const applied = own.filter(({ state, path }) => state !== 'refused' || this.#changes[path]?.showsRefused)
    const refused = own.filter(({ state }) => state === 'refused')
    if (isSame(applied, this.#applied) && isSame(refused, this.#refused)) return false
    this.#applied = applied
    this.#refused = refused
    return true
  }

  areAbout(rowId: string): boolean {
    return this.#applied.some(({ path, input }) => this.#changes[path]?.rowId(input) === rowId)
  }
}

const isSame = (some: readonly ListEntry[], others: readonly ListEntry[]) =>
  some.length === others.length && some.every(({ id }, index) => id === others[index]?.id)
