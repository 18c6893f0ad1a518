/** One run of a plan: its world, what is done in it, and what is found in the end. */
import type { StoredEntry } from '../../../client/outbox.ts'
import { Browser } from './browser.ts'
import { Checks, type Found } from './checks.ts'
import { checkEnd, type Written } from './end-checks.ts'
import { Faults } from './faults.ts'
import { Instance } from './instance.ts'
import { Network } from './network.ts'
import { Page, type PagePlan, type Surroundings } from './page.ts'
import { PlainReader, type ReaderPlan } from './plain-reader.ts'
import { isUpsetting, type Plan, setsBack } from './plan.ts'
import { Postgres } from './postgres.ts'
import { enter } from './virtual-globals.ts'
import { type Node, type Task, World } from './world.ts'

export interface Outcome {
  found: Found[]
  digest: number
  steps: number
  virtualMs: number
}

const daysMs = 24 * 3600_000
/** After all faults are undone: more than the longest pauses of feeds and outboxes. */
const settlesWithinMs = 150_000
const looksEveryMs = 250

/** One that shows what it stores, and the page's own name in the run. */
interface OpenPage {
  page: Page | null
  /** Its process, from before the page is there. */
  node: Node | null
  browser: Browser
  plan: PagePlan
  name: string
  starts: number
}

export class Run {
  readonly plan: Plan
  readonly world: World
  readonly postgres: Postgres
  readonly network: Network
  readonly checks: Checks
  readonly slots: { instance: Instance; starts: number }[] = []
  readonly pages: OpenPage[] = []
  readonly readers: PlainReader[] = []
  /** By thing: what became of the change that makes it. */
  readonly written = new Map<string, Written>()
  #things = 0
  #readers = 0
  #isOver = false

  constructor(plan: Plan, onTask: ((task: Task) => void) | null = null) {
    this.plan = plan
    this.world = new World(plan.seed, onTask)
    enter(this.world)
    this.postgres = new Postgres(this.world)
    this.network = new Network(this.world)
    this.checks = new Checks(this.postgres, { resync: isUpsetting(plan) })
  }

  async play(): Promise<Outcome> {
    const { plan, world } = this
    if (plan.isMade) for (const channel of plan.channels) this.#fill(channel)
    for (let n = 0; n < plan.instances; n++) {
      this.slots.push({ instance: null as unknown as Instance, starts: 0 })
      this.startInstance(n)
    }
    for (const [n, page] of plan.pages.entries()) {
      const open = { page: null, node: null, browser: new Browser(world), plan: page, name: `page ${n + 1}`, starts: 0 }
      this.pages.push(open)
      world.in(world.stage.random.between(0, 200), world.stage, () => this.openPage(open))
    }
    for (const reader of plan.readers) this.openReader(reader)
    const faults = new Faults(this)
    for (const step of plan.steps) world.in(step.atMs, world.stage, () => faults.begin(step))
    world.in(plan.lengthMs, world.stage, () => {
      faults.heal()
      void this.#settle()
    })
    await world.run(() => this.#isOver)
    return { found: this.checks.found, digest: world.digest >>> 0, steps: world.steps, virtualMs: world.now }
  }

  get surroundings(): Surroundings {
    return {
      network: this.network,
      checks: this.checks,
      anyInstance: ({ random }: Node) => random.pick(this.slots).instance,
      acknowledged: (id) => {
        const written = this.written.get(id)
        if (written) written.isAcknowledged = true
      },
    }
  }

  newId(): string {
    return `thing-${++this.#things}`
  }

  startInstance(n: number) {
    const slot = this.slots[n]
    if (!slot || this.#isOver) return
    const node = this.world.node(`instance ${n + 1}.${++slot.starts}`)
    slot.instance = new Instance(this.postgres, node, this.plan.lookEveryMs, this.checks)
  }

  killInstance(n: number) {
    const instance = this.slots[n]?.instance
    if (!instance?.node.isAlive) return
    this.world.kill(instance.node)
    instance.connections.dropped()
    this.network.cut(instance.node)
  }

  openPage(open: OpenPage) {
    if (this.#isOver || open.node) return
    const node = this.world.node(`${open.name}.${++open.starts}`)
    open.node = node
    this.world.in(0, node, () => {
      open.page = new Page(node, open.browser, open.plan, this.surroundings)
    })
  }

  /** From some events before the present, by its number; one that stores cursors has those of the beginning only. */
  openReader(plan: ReaderPlan) {
    if (this.#isOver) return
    const node = this.world.node(`reader ${++this.#readers}`)
    const head = plan.byNumber ? (this.postgres.tables.channels.get(plan.channel)?.head ?? 0) : this.plan.history
    const seq = Math.max(0, head - plan.behind)
    const after = plan.byNumber ? String(seq) : `e0:${seq}${seq > 0 ? `:${markOf(plan.channel, seq)}` : ''}`
    this.world.in(1, node, () => this.readers.push(new PlainReader(node, plan, after, this.surroundings)))
  }

  killPage(open: OpenPage) {
    const { page, node } = open
    if (!node) return
    this.world.kill(node)
    page?.ended()
    open.page = null
    open.node = null
  }

  /** A change by a page, which may never be stored if the page ends at once. */
  add({ page, browser }: OpenPage) {
    if (!page || page.node.isPaused) return
    const id = this.newId()
    this.written.set(id, { channel: page.plan.channel, browser, isAcknowledged: false })
    this.world.in(0, page.node, () => page.add(id))
  }

  /** Until everything has been sent and every reader shows it, with one more change in each channel. */
  async #settle(): Promise<void> {
    const { world } = this
    const deadline = world.now + settlesWithinMs
    const until = async (what: string, missing: () => string[]) => {
      for (;;) {
        const left = missing()
        if (left.length === 0) return true
        if (world.now > deadline) {
          this.checks.report('stuck', `${what}: ${left.join(', ')}`)
          return false
        }
        await this.#wait(looksEveryMs)
      }
    }
    const pages = () => this.pages.flatMap(({ page }) => page ?? [])
    // A step of this very moment has begun, and what it adds is not in an outbox yet.
    await this.#wait(looksEveryMs)
    const isWell =
      (await until('unsent', () =>
        [
          ...pages().flatMap(({ node, outbox }) => (outbox.entries.length > 0 ? [node.name] : [])),
          ...this.pages.flatMap(({ name, browser }) =>
            browser.stored.map((entry) => `${idOf(entry)} stored by the browser of ${name}`),
          ),
        ].filter(
          // One whose removal could not be stored is sent again by the next page, under the same key.
          (left) => !this.written.get(left.split(' ', 1)[0] as string)?.isAcknowledged,
        ),
      )) &&
      (await this.#probe()) &&
      (await until('not up to date', () => [
        ...pages()
          .filter(({ isLive, plan, cursor }) => !isLive || !this.#isPresent(plan.channel, cursor))
          .map(({ node, cursor, plan }) => `${node.name} at ${cursor} of ${this.#present(plan.channel)}`),
        ...this.readers
          .filter(({ isLive, plan, cursor }) => !isLive || !this.#isPresent(plan.channel, cursor))
          .map(({ node, cursor, plan }) => `${node.name} at ${cursor} of ${this.#present(plan.channel)}`),
      ]))
    if (isWell) checkEnd(this, setsBack(this.plan))
    for (const page of pages()) page.close()
    for (const reader of this.readers) reader.close()
    await this.#wait(5_000)
    for (const { instance } of this.slots) {
      if (instance.sinks > 0) this.checks.report('process', `${instance.node.name} still has ${instance.sinks} sinks`)
    }
    this.#isOver = true
  }

  /** One more event shows whether a channel still reaches its readers. */
  async #probe(): Promise<boolean> {
    for (const channel of this.plan.channels) {
      const id = this.newId()
      for (let tries = 0; ; tries++) {
        const { instance } = this.world.stage.random.pick(this.slots)
        const isDone = await this.ask(instance, () => instance.addThing(id, channel))
        if (isDone) break
        if (tries === 20) {
          this.checks.report('stuck', 'nothing can be written')
          return false
        }
        await this.#wait(500)
      }
    }
    return true
  }

  /** Runs `work` on an instance, from no page. Returns whether it succeeded. */
  ask(instance: Instance, work: () => Promise<unknown>): Promise<boolean> {
    return this.network
      .call(this.world.stage, instance.node, work, () => new Error('no answer'))
      .then(
        () => true,
        () => false,
      )
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.world.in(ms, this.world.stage, resolve))
  }

  #present(channel: string): string {
    const { epoch = '', head = 0, mark = null } = this.postgres.tables.channels.get(channel) ?? {}
    return `${epoch}:${head}:${mark}`
  }

  #isPresent(channel: string, cursor: string): boolean {
    const present = this.#present(channel)
    // From a poll whose later events came by a stream, and from a plain client's number, without its mark.
    return cursor === present || present.startsWith(`${cursor}:`)
  }

  #fill(channel: string) {
    const { history, past } = this.plan
    const { tables } = this.postgres
    const now = Date.now()
    const events = Array.from({ length: history }, (_, at) => {
      const id = `${channel}-${at + 1}`
      tables.things.set(id, { id, channel })
      const createdAt = new Date(at < past ? now - 8 * daysMs + at : now - daysMs + at).toISOString()
      const [mark, previousMark] = [markOf(channel, at + 1), at === 0 ? null : markOf(channel, at)]
      const event = {
        channel,
        seq: at + 1,
        type: 'thing.added',
        payload: JSON.stringify({ id }),
        createdAt,
        mark,
        previousMark,
      }
      this.postgres.history.set(mark, event)
      return event
    })
    const last = events.at(-1)
    tables.events.set(channel, events)
    tables.channels.set(channel, {
      id: channel,
      epoch: 'e0',
      head: history,
      floor: 0,
      mark: last?.mark ?? null,
      marked: last?.seq ?? null,
      previousMark: last?.previousMark ?? null,
    })
  }
}

const idOf = ({ input }: StoredEntry) => (input as { taskId: string }).taskId
const markOf = (channel: string, seq: number) => `${channel}${seq.toString(16).padStart(7, '0')}`
