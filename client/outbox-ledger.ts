/**
 * The entries of an outbox, in its store, and what could not be stored, in memory: nothing that was queued is refused for want
 * of storage, it only lives as long as its page. What is gone stays gone for this page, whether or not its removal was stored.
 */
import type { StoredEntry } from './outbox-entry.ts'
import type { OutboxStore } from './outbox-store.ts'

/** So small that all that could not be stored comes before the next that could. */
const step = 1e-6

export class OutboxLedger {
  readonly #store: OutboxStore | null
  /** Instead of what is in the store. */
  readonly #inMemory = new Map<string, StoredEntry>()
  readonly #gone = new Set<string>()
  #isReadable = true
  #highest = 0
  #writing: Promise<unknown> = Promise.resolve()

  constructor(store: OutboxStore | null) {
    this.#store = store
  }

  /** All that is here would still be here after a restart. */
  get durable(): boolean {
    return this.#store !== null && this.#isReadable && this.#inMemory.size === 0
  }

  /** Whether the last read of the store succeeded. */
  get isReadable(): boolean {
    return this.#isReadable
  }

  /** One after the other, so that they are numbered in the order of the calls. Never rejects. */
  add(entry: Omit<StoredEntry, 'order'>): Promise<StoredEntry> {
    const written = this.#writing.then(() => this.#add(entry))
    this.#writing = written
    return written
  }

  /** In their order. Never rejects. */
  async list(personId: string): Promise<StoredEntry[]> {
    const stored = await this.#read(personId)
    for (const { order } of stored) this.#highest = Math.max(this.#highest, order)
    const inMemory = [...this.#inMemory.values()].filter((entry) => entry.personId === personId)
    return [...stored.filter(({ id }) => !this.#inMemory.has(id)), ...inMemory]
      .filter(({ id }) => !this.#gone.has(id))
      .sort((a, b) => a.order - b.order)
  }

  /** Never rejects. */
  async put(entry: StoredEntry): Promise<void> {
    if (this.#inMemory.has(entry.id)) return this.#keep(entry)
    await this.#store?.put(entry).catch(() => this.#keep(entry))
  }

  /** Never rejects. */
  async remove(entry: StoredEntry): Promise<void> {
    this.forget(entry.id)
    await this.#store?.remove(entry).catch(() => {})
  }

  /** The users who have entries. Never rejects. */
  async owners(): Promise<string[]> {
    const stored = (await this.#store?.owners().catch(() => [])) ?? []
    return [...new Set([...stored, ...[...this.#inMemory.values()].map(({ personId }) => personId)])]
  }

  /** @throws what the store throws; the entries may still be stored then */
  async removeAllOf(personId: string): Promise<void> {
    this.forgetAllOf(personId)
    await this.#store?.removeAllOf(personId)
  }

  /** Another tab has removed them. */
  forgetAllOf(personId: string): void {
    for (const entry of [...this.#inMemory.values()]) if (entry.personId === personId) this.forget(entry.id)
  }

  /** Another tab has removed it. */
  forget(id: string): void {
    this.#gone.add(id)
    this.#inMemory.delete(id)
  }

  async #add(entry: Omit<StoredEntry, 'order'>): Promise<StoredEntry> {
    const order = await this.#store?.add(entry).catch(() => null)
    this.#highest = order ?? this.#highest + step
    const written = { ...entry, order: this.#highest }
    if (order === null || order === undefined) this.#keep(written)
    return written
  }

  #keep(entry: StoredEntry) {
    this.#inMemory.set(entry.id, entry)
  }

  async #read(personId: string): Promise<StoredEntry[]> {
    if (!this.#store) return []
    try {
      const stored = await this.#store.list(personId)
      this.#isReadable = true
      return stored
    } catch {
      this.#isReadable = false
      return []
    }
  }
}
