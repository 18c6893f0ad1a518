/** Between pages and instances: calls with one response, and streams that deliver in order until they break. */
import type { Node, World } from './world.ts'

export interface NetworkFaults {
  /** The share of calls that get no response. */
  answersLost: number
  /** Of each packet, at most. */
  slowMs: number
}

/** While the other side does not read. */
const retriesMs = 20

/** One direction of a stream: first in, first out. */
class Direction {
  arrivesAt = 0
  /** Nothing arrives before this time. */
  stalledUntil = 0
}

export class Stream {
  readonly #network: Network
  readonly #up = new Direction()
  readonly #down = new Direction()
  readonly client: Node
  readonly server: Node
  isOpen = true
  onClientMessage: (message: string | Buffer) => void = () => {}
  onServerMessage: (message: string) => void = () => {}
  onClientClosed: (code: number) => void = () => {}
  onServerClosed: () => void = () => {}
  /** Sent by the server and not taken by the kernel yet. */
  buffered = 0
  readonly #unsent: (string | Buffer)[] = []
  #isFlushing = false
  /** The kernel found the other side not reading, and has taken nothing since. */
  isBlocked = false

  constructor(network: Network, client: Node, server: Node) {
    this.#network = network
    this.client = client
    this.server = server
  }

  /** The client's side does not read. */
  stall(ms: number) {
    this.#down.stalledUntil = Math.max(this.#down.stalledUntil, this.#network.world.now + ms)
  }

  get isStalled(): boolean {
    return this.client.isPaused || this.#network.world.now < this.#down.stalledUntil
  }

  toServer(message: string) {
    this.#network.deliver(this.#up, this.server, () => this.isOpen && this.onServerMessage(message))
  }

  /** The kernel takes data between two turns of the event loop, as long as the other side reads. */
  toClient(message: string | Buffer) {
    this.buffered += message.length
    this.#unsent.push(message)
    this.#flushIn(0)
  }

  #flushIn(ms: number) {
    if (this.#isFlushing) return
    this.#isFlushing = true
    this.#network.world.in(ms, this.server, () => {
      this.#isFlushing = false
      this.#flush()
    })
  }

  #flush() {
    if (!this.isOpen) return
    this.isBlocked = this.isStalled
    if (this.isBlocked) return this.#flushIn(retriesMs)
    this.buffered = 0
    for (const message of this.#unsent.splice(0)) {
      this.#network.deliver(this.#down, this.client, () => this.isOpen && this.onClientMessage(message))
    }
  }

  /** Ends it for both; each learns of it in its own time, and data in transit is lost. `code`: the server's close code. */
  close(code = 1006) {
    if (!this.isOpen) return
    const { world } = this.#network
    // Data that was sent before a close frame arrives before it, if the other side reads.
    const isOrderly = code !== 1006 && !this.isStalled
    if (isOrderly) this.#flush()
    const end = () => {
      this.isOpen = false
      this.onClientClosed(code)
    }
    if (isOrderly) this.#network.deliver(this.#down, this.client, () => this.isOpen && end())
    else {
      this.isOpen = false
      world.in(this.client.random.between(0, 50), this.client, () => this.onClientClosed(code))
    }
    this.#network.streams.delete(this)
    world.in(this.server.random.between(0, 50), this.server, () => this.onServerClosed())
  }
}

export class Network {
  readonly world: World
  readonly faults: NetworkFaults = { answersLost: 0, slowMs: 0 }
  readonly streams = new Set<Stream>()

  constructor(world: World) {
    this.world = world
  }

  /** `accept` runs at the server, or `refused` at the client where there is none. */
  connect(client: Node, server: Node, accept: (stream: Stream) => void, connected: (stream: Stream | null) => void) {
    this.world.in(this.#latency(client), this.world.stage, () => {
      if (!server.isAlive) return this.world.in(1, client, () => connected(null))
      if (!client.isAlive) return
      const stream = new Stream(this, client, server)
      this.streams.add(stream)
      this.world.in(0, server, () => accept(stream))
      this.world.in(this.#latency(client), client, () => connected(stream))
    })
  }

  /** Rejects with `lost` when no response comes; the call may have taken effect. */
  call<T>(client: Node, server: Node, work: () => Promise<T>, lost: () => Error, withinMs = 15_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(lost())
      this.world.in(withinMs, client, fail, true)
      this.world.in(this.#latency(client), this.world.stage, () => {
        if (!server.isAlive) return this.world.in(1, client, fail)
        this.world.in(0, server, () => {
          const answer = (give: () => void) => {
            if (client.random.chance(this.faults.answersLost)) return this.world.in(this.#latency(client), client, fail)
            this.world.in(this.#latency(client), client, give)
          }
          work().then(
            (value) => answer(() => resolve(value)),
            (error) => answer(() => reject(error)),
          )
        })
      })
    })
  }

  deliver(direction: Direction, to: Node, run: () => void) {
    const at = Math.max(direction.arrivesAt, direction.stalledUntil, this.world.now + this.#latency(to))
    direction.arrivesAt = at
    this.world.in(at - this.world.now, to, run)
  }

  /** All that a process has open. */
  cut(node: Node) {
    for (const stream of this.streams) if (stream.server === node || stream.client === node) stream.close()
  }

  #latency({ random }: Node): number {
    if (this.faults.slowMs > 0) return random.between(0, this.faults.slowMs)
    return random.chance(0.9) ? random.between(0, 4) : random.between(0, 60)
  }
}
