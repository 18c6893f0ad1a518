/** What the pages of one browser share and what outlives them: stored entries, locks, and broadcast messages. */
import type { OutboxStore, StoredEntry } from '../../../client/outbox.ts'
import type { Node, World } from './world.ts'

interface Held {
  node: Node
  grant: () => void
  isOver: boolean
}

export class Browser {
  readonly #world: World
  readonly #disk = new Map<number, StoredEntry>()
  readonly #listeners = new Map<Node, ((data: unknown) => void)[]>()
  readonly #queues = new Map<string, Held[]>()
  #orders = 0
  /** By the thing that an entry creates: the order in which they were stored. From then on they must survive the end of any page. */
  readonly orders = new Map<string, number>()
  isOnline = true
  /** While true, nothing can be written or read. */
  isDiskBroken = false

  constructor(world: World) {
    this.#world = world
  }

  get stored(): StoredEntry[] {
    return [...this.#disk.values()]
  }

  /** As IndexedDB with strict durability: a completed request is on the disk; one without a result may be. */
  storeFor(node: Node): OutboxStore {
    const ask = <T>(work: () => T) =>
      new Promise<T>((resolve, reject) => {
        const { random } = node
        this.#world.in(random.between(0, 4), this.#world.stage, () => {
          if (this.isDiskBroken) return this.#world.in(1, node, () => reject(new Error('the disk is full')))
          const result = work()
          this.#world.in(random.between(0, 4), node, () => resolve(result))
        })
      })
    return {
      add: (entry) =>
        ask(() => {
          const order = ++this.#orders
          this.#disk.set(order, { ...structuredClone(entry), order })
          this.orders.set((entry.input as { taskId: string }).taskId, order)
          return order
        }),
      list: (personId) => ask(() => this.stored.filter((entry) => entry.personId === personId)),
      put: (entry) => ask(() => void this.#disk.set(entry.order, entry)),
      remove: ({ order }) => ask(() => void this.#disk.delete(order)),
      owners: () => ask(() => [...new Set(this.stored.map(({ personId }) => personId))]),
      removeAllOf: (personId) =>
        ask(() => {
          for (const entry of this.stored) if (entry.personId === personId) this.#disk.delete(entry.order)
        }),
    }
  }

  /** Web Locks, of which one for each name is held at a time; a page that ends releases its own. */
  locks(node: Node) {
    return {
      request: <T>(name: string, { signal }: { signal?: AbortSignal }, task: () => Promise<T>): Promise<T> =>
        new Promise((resolve, reject) => {
          const queue = this.#queues.get(name) ?? []
          this.#queues.set(name, queue)
          const entry: Held = {
            node,
            isOver: false,
            grant: () => {
              if (entry.isOver) return
              task()
                .then(resolve, reject)
                .finally(() => this.#free(name, entry))
            },
          }
          signal?.addEventListener('abort', () => {
            if (queue[0] === entry) return
            entry.isOver = true
            reject(signal.reason)
          })
          queue.push(entry)
          if (queue[0] === entry) this.#world.in(0, node, entry.grant)
        }),
    }
  }

  listen(node: Node, listener: (data: unknown) => void) {
    this.#listeners.set(node, [...(this.#listeners.get(node) ?? []), listener])
  }

  tell(from: Node, data: unknown) {
    for (const [node, listeners] of this.#listeners) {
      if (node === from) continue
      this.#world.in(from.random.between(0, 3), node, () => {
        for (const listener of listeners) listener(structuredClone(data))
      })
    }
  }

  /** The page has ended, and its locks are free. */
  ended(node: Node) {
    this.#listeners.delete(node)
    for (const [name, queue] of this.#queues) {
      for (const entry of [...queue]) if (entry.node === node) this.#free(name, entry)
    }
  }

  #free(name: string, entry: Held) {
    entry.isOver = true
    const queue = this.#queues.get(name) ?? []
    const wasFirst = queue[0] === entry
    const left = queue.filter((other) => !other.isOver)
    queue.splice(0, queue.length, ...left)
    const [next] = queue
    if (wasFirst && next) this.#world.in(0, next.node, next.grant)
  }
}
