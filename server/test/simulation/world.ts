/**
 * Virtual time and the order of everything that happens in it. Whatever a program waits for (a timer, a packet, an answer of the database) is a
 * task of the node that waits; the world runs one task at a time, the earliest first, and its microtasks before the next. So a run
 * is decided by its seed alone.
 *
 * A node is a process: when it is killed its tasks are dropped, as nothing else can make it go on, and while it is paused they wait.
 */
import { Random } from '../chaos/random.ts'

/** Of this file, as everywhere else the names stand for virtual ones. */
const realImmediate = setImmediate
/** Several turns of the real event loop's queue at once: it drains the microtasks between them. */
const perTurn = 64

export class Node {
  readonly name: string
  readonly random: Random
  isAlive = true
  isPaused = false
  /** What became due while it was paused. */
  readonly waiting: Task[] = []

  constructor(name: string, seed: number) {
    this.name = name
    this.random = new Random(hash(seed, name))
  }
}

/** `setTimeout` and the like return it too. */
export class Task {
  at: number
  readonly order: number
  readonly node: Node
  readonly run: () => void
  readonly isTimer: boolean
  isCancelled = false

  constructor(at: number, order: number, node: Node, run: () => void, isTimer: boolean) {
    this.at = at
    this.order = order
    this.node = node
    this.run = run
    this.isTimer = isTimer
  }

  ref() {
    return this
  }

  unref() {
    return this
  }
}

export class World {
  readonly seed: number
  now = 0
  /** Whose task runs; its microtasks are its own. */
  current: Node
  /** The node of the run itself, which has no faults. */
  readonly stage: Node
  /** A digest of all that happened: equal for equal runs. */
  digest = 2166136261
  steps = 0
  readonly #heap: Task[] = []
  #orders = 0
  readonly onTask: ((task: Task) => void) | null

  constructor(seed: number, onTask: ((task: Task) => void) | null = null) {
    this.seed = seed
    this.onTask = onTask
    this.stage = this.node('stage')
    this.current = this.stage
  }

  node(name: string): Node {
    return new Node(name, this.seed)
  }

  /** Runs `run` as a task of `node` in `ms`. */
  in(ms: number, node: Node, run: () => void, isTimer = false): Task {
    const task = new Task(this.now + ms, this.#orders++, node, run, isTimer)
    this.#push(task)
    return task
  }

  kill(node: Node) {
    node.isAlive = false
    node.waiting.length = 0
  }

  pause(node: Node) {
    node.isPaused = true
  }

  /** Tasks that became due run first, timers before arrivals or after them: a frozen event loop may wake up in either order. */
  resume(node: Node) {
    if (!node.isPaused) return
    node.isPaused = false
    const due = node.waiting.splice(0)
    const timersFirst = node.random.chance(0.5)
    const [first, then] = [
      due.filter((task) => task.isTimer === timersFirst),
      due.filter((task) => task.isTimer !== timersFirst),
    ]
    for (const task of [...first, ...then]) {
      // Before what becomes due at this moment: a message must not overtake the connection that it came on.
      const at = this.now - 1
      const again = new Task(at, this.#orders++, node, () => task.isCancelled || task.run(), task.isTimer)
      this.#push(again)
    }
  }

  /** Runs tasks until `isDone`, or until there are none. Never rejects: what tasks throw is the caller's to catch. */
  run(isDone: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      let isOver = false
      const turn = () => {
        if (isOver) return
        if (isDone() || !this.#step()) {
          isOver = true
          resolve()
        }
      }
      const turns = () => {
        if (isOver) return
        for (let n = 0; n < perTurn; n++) realImmediate(turn)
        realImmediate(turns)
      }
      turns()
    })
  }

  note(text: string) {
    for (let i = 0; i < text.length; i++) this.digest = Math.imul(this.digest ^ text.charCodeAt(i), 16777619)
  }

  #step(): boolean {
    for (let task = this.#pop(); task; task = this.#pop()) {
      const { node } = task
      if (task.isCancelled || !node.isAlive) continue
      if (node.isPaused) {
        node.waiting.push(task)
        continue
      }
      this.now = Math.max(this.now, task.at)
      this.current = node
      this.steps++
      this.digest = Math.imul(this.digest ^ (task.order + Math.round(this.now * 1000)), 16777619)
      this.onTask?.(task)
      task.run()
      return true
    }
    return false
  }

  #push(task: Task) {
    const heap = this.#heap
    let at = heap.push(task) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent] as Task
      if (!isBefore(task, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = task
  }

  #pop(): Task | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (!first || !last || first === last) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Task, heap[child] as Task)) child++
      const below = heap[child] as Task
      if (!isBefore(below, last)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
    return first
  }
}

const isBefore = (a: Task, b: Task) => a.at < b.at || (a.at === b.at && a.order < b.order)

function hash(seed: number, name: string): number {
  let value = (seed ^ 2166136261) >>> 0
  for (let i = 0; i < name.length; i++) value = Math.imul(value ^ name.charCodeAt(i), 16777619) >>> 0
  return value
}
