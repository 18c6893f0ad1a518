/** What each step of a plan does, and how all faults are undone. */
import type { Step, StepKind } from './plan.ts'
import type { Run } from './run.ts'

const heldMs = 8_000
const awayMs = 8_000
const bytesOfMany = 1_300_000
/** For each way, of a statement and of its response; the client waits 12 s for the response. */
const slowMs = [50, 500, 2_000, 5_000, 7_000, 9_000]

export class Faults {
  readonly #run: Run
  /** How to end the faults that still last. */
  readonly #ends = new Set<() => void>()

  constructor(run: Run) {
    this.#run = run
  }

  begin(step: Step) {
    const end = this.#acts[step.kind](step)
    if (typeof end !== 'function') return
    const once = () => {
      if (this.#ends.delete(once)) end()
    }
    this.#ends.add(once)
    const { world } = this.#run
    world.in(step.ms, world.stage, once)
  }

  heal() {
    const { world, slots, pages, readers, postgres } = this.#run
    for (const end of [...this.#ends]) end()
    if (!postgres.isUp) postgres.start()
    for (const [n, { instance }] of slots.entries()) {
      instance.connections.faults.commitsCut = 0
      if (!instance.node.isAlive) this.#run.startInstance(n)
    }
    for (const open of pages) {
      open.browser.isDiskBroken = false
      this.#run.openPage(open)
    }
    for (const { node } of [...readers, ...slots.map(({ instance }) => instance)]) world.resume(node)
  }

  /** Each may return what is to be done when the fault is over. */
  readonly #acts: Record<StepKind, (step: Step) => unknown> = {
    add: (step) => this.#run.add(this.#page(step)),
    'add several': (step) => {
      for (let n = 0; n < step.n; n++) this.#run.add(this.#page(step))
    },
    'many at once': (step) => {
      const count = step.n * 4
      const ids = Array.from({ length: count }, () => this.#run.newId())
      const { instance } = this.#slot(step)
      void this.#run.ask(instance, () => instance.addMany(ids, this.#channel(step), Math.ceil(bytesOfMany / count)))
    },
    'instance killed': (step) => {
      const n = step.target % this.#run.slots.length
      this.#run.killInstance(n)
      return () => {
        if (!this.#slot(step).instance.node.isAlive) this.#run.startInstance(n)
      }
    },
    'instance paused': (step) => this.#pause(this.#slot(step).instance.node),
    'page killed': (step) => {
      const open = this.#page(step)
      this.#run.killPage(open)
      return () => this.#run.openPage(open)
    },
    'page paused': (step) => {
      const { page } = this.#page(step)
      return page ? this.#pause(page.node) : undefined
    },
    'page opened': (step) => {
      const { browser, plan, name } = this.#page(step)
      const open = { page: null, node: null, browser, plan, name: `${name}+${this.#run.pages.length}`, starts: 0 }
      this.#run.pages.push(open)
      this.#run.openPage(open)
    },
    'page stalled': (step) => this.#page(step).page?.stall(step.ms),
    'reader stalled': (step) => this.#reader(step)?.stall(step.ms),
    'reader comes back': (step) => this.#reader(step)?.comeBack(),
    'reader opened': (step) => {
      const [{ channel, byNumber } = { channel: this.#channel(step), byNumber: !this.#run.plan.isMade }] =
        this.#run.plan.readers
      this.#run.openReader({ channel, byNumber, behind: step.n * 4 })
    },
    'streams cut': (step) => this.#run.network.cut(this.#slot(step).instance.node),
    'connections cut': (step) => this.#slot(step).instance.connections.cutAll(),
    'commits cut': (step) => {
      this.#slot(step).instance.connections.faults.commitsCut += step.n
    },
    'database crashed': () => this.#crash(0),
    'commits lost': ({ n }) => this.#crash(n),
    'database set back': ({ n }) => this.#crash(n * 4),
    'database frozen': () => this.#pause(this.#run.postgres.node),
    'database slow': ({ n }) => {
      const all = this.#run.slots.map(({ instance }) => instance.connections.faults)
      for (const faults of all) faults.slowMs = slowMs[n - 1] ?? 0
      return () => {
        for (const faults of all) faults.slowMs = 0
      }
    },
    'channel held': (step) => {
      const free = this.#run.postgres.hold(this.#channel(step))
      const { world } = this.#run
      world.in(Math.min(step.ms, heldMs), world.stage, free)
      return free
    },
    'notices lost': ({ n }) => this.#bus({ lost: n / 6 }),
    'notices doubled': ({ n }) => this.#bus({ doubled: n / 6 }),
    'notices late': ({ ms }) => this.#bus({ lateMs: ms }),
    'network slow': ({ ms }) => {
      const { faults } = this.#run.network
      faults.slowMs = Math.min(ms, 3_000)
      return () => {
        faults.slowMs = 0
      }
    },
    'answers lost': ({ n }) => {
      const { faults } = this.#run.network
      faults.answersLost = n / 8
      return () => {
        faults.answersLost = 0
      }
    },
    'disk full': (step) => {
      const { browser } = this.#page(step)
      browser.isDiskBroken = true
      return () => {
        browser.isDiskBroken = false
      }
    },
    'numbers restarted': (step) => this.#asOperator(step, (instance) => instance.restartNumbers(this.#channel(step))),
    'events forgotten': (step) => this.#asOperator(step, (instance) => instance.forget(this.#channel(step))),
    'epochs restarted': (step) => this.#asOperator(step, (instance) => instance.restartEpochs()),
  }

  #crash(lost: number) {
    const { postgres } = this.#run
    if (!postgres.isUp) return undefined
    postgres.crash(lost)
    const { world } = this.#run
    world.in(awayMs, world.stage, () => postgres.start())
    return () => postgres.start()
  }

  #pause(node: Parameters<Run['world']['pause']>[0]) {
    const { world } = this.#run
    world.pause(node)
    return () => world.resume(node)
  }

  #bus(faults: Partial<Run['postgres']['bus']>) {
    Object.assign(this.#run.postgres.bus, faults)
    return () => {
      this.#run.postgres.bus = { lost: 0, doubled: 0, lateMs: 0 }
    }
  }

  #asOperator(step: Step, work: (instance: Run['slots'][number]['instance']) => Promise<void>) {
    const { instance } = this.#slot(step)
    void this.#run.ask(instance, () => work(instance))
  }

  #slot({ target }: Step) {
    return this.#run.slots[target % this.#run.slots.length] as Run['slots'][number]
  }

  #page({ target }: Step) {
    return this.#run.pages[target % this.#run.pages.length] as Run['pages'][number]
  }

  #reader({ target }: Step) {
    return this.#run.readers[target % Math.max(1, this.#run.readers.length)]
  }

  #channel({ target }: Step) {
    const { channels } = this.#run.plan
    return channels[target % channels.length] as string
  }
}
