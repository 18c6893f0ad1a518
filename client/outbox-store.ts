/** Where an outbox is written down, so that it outlives its page: what one tab has written every other one reads. */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import type { StoredEntry } from './outbox-entry.ts'

/** Each rejects when it was not done; then the entry lives as long as its page. */
export interface OutboxStore {
  /** Answers with its order number, which is higher than any before, once the entry outlives this process. */
  add(entry: Omit<StoredEntry, 'order'>): Promise<number>
  list(personId: string): Promise<StoredEntry[]>
  put(entry: StoredEntry): Promise<void>
  /** Fine when it is not there. */
  remove(entry: StoredEntry): Promise<void>
  /** The users who have entries. */
  owners(): Promise<string[]>
  removeAllOf(personId: string): Promise<void>
}

interface Schema extends DBSchema {
  entries: { key: number; value: StoredEntry; indexes: { personId: string } }
}

/** A browser that does not open it by then never may. */
const opensWithinMs = 5000

/** In the browser's IndexedDB; null where there is none. */
export const storeInBrowser = (name: string): OutboxStore | null =>
  globalThis.indexedDB ? new IndexedDbStore(name) : null

class IndexedDbStore implements OutboxStore {
  readonly #name: string
  #opened: Promise<IDBPDatabase<Schema>> | null = null

  constructor(name: string) {
    this.#name = name
  }

  async add(entry: Omit<StoredEntry, 'order'>): Promise<number> {
    const { store, done } = await this.#writing()
    // The key is made by the database, from a number that only rises, also when everything is deleted.
    const [order] = await Promise.all([store.add(entry as StoredEntry), done])
    return order
  }

  async list(personId: string): Promise<StoredEntry[]> {
    return (await this.#open()).getAllFromIndex('entries', 'personId', personId)
  }

  async put(entry: StoredEntry): Promise<void> {
    const { store, done } = await this.#writing()
    await Promise.all([store.put(entry), done])
  }

  async remove({ order }: StoredEntry): Promise<void> {
    const { store, done } = await this.#writing()
    await Promise.all([store.delete(order), done])
  }

  async owners(): Promise<string[]> {
    const { store } = (await this.#open()).transaction('entries')
    const owners: string[] = []
    let cursor = await store.index('personId').openKeyCursor(null, 'nextunique')
    for (; cursor; cursor = await cursor.continue()) owners.push(cursor.key)
    return owners
  }

  async removeAllOf(personId: string): Promise<void> {
    const { store, done } = await this.#writing()
    const orders = await store.index('personId').getAllKeys(personId)
    await Promise.all([...orders.map((order) => store.delete(order)), done])
  }

  /** Done when it is on the disk, and not before. */
  async #writing() {
    return (await this.#open()).transaction('entries', 'readwrite', { durability: 'strict' })
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    if (this.#opened) return this.#opened
    const reopen = () => {
      this.#opened = null
    }
    const opening = openDB<Schema>(this.#name, 1, {
      upgrade(database) {
        database
          .createObjectStore('entries', { keyPath: 'order', autoIncrement: true })
          .createIndex('personId', 'personId')
      },
      // Somebody deletes what this site has stored, or a newer page needs another form of it.
      blocking: (_current, _wanted, event) => {
        ;(event.target as IDBDatabase).close()
        reopen()
      },
      terminated: reopen,
    })
    this.#opened = Promise.race([opening, failsAfter(opensWithinMs)])
    return this.#opened
  }
}

const failsAfter = (ms: number) =>
  new Promise<never>((_resolve, reject) => {
    const timer = setTimeout(() => reject(new DOMException('It does not open', 'TimeoutError')), ms)
    // A program does not wait for it.
    if (typeof timer === 'object') (timer as { unref(): void }).unref()
  })
