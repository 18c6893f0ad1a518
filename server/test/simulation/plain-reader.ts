/** A client of the plain WebSocket, which stores the number or the cursor of the last event and comes back with it. */
import type { Checks, StreamCheck } from './checks.ts'
import { textsOf } from './frames.ts'
import type { Stream } from './network.ts'
import type { Surroundings } from './page.ts'
import type { Node } from './world.ts'

export interface ReaderPlan {
  channel: string
  /** By its number alone: such a client is not protected from a database that was set back. */
  byNumber: boolean
  /** How many events before the present it begins. */
  behind: number
}

interface Frame {
  type: string
  seq: number
  cursor: string
}

const comesBackMs = 1_000

export class PlainReader {
  readonly node: Node
  readonly plan: ReaderPlan
  readonly #surroundings: Surroundings
  #after: string
  #stream: Stream | null = null
  #streams = 0
  #isOver = false
  cursor = ''

  /** In a task of `node`. */
  constructor(node: Node, plan: ReaderPlan, after: string, surroundings: Surroundings) {
    this.node = node
    this.plan = plan
    this.#after = after
    this.#surroundings = surroundings
    this.#connect()
  }

  get isLive(): boolean {
    return this.#stream !== null
  }

  comeBack() {
    this.#stream?.close()
  }

  stall(ms: number) {
    this.#stream?.stall(ms)
  }

  close() {
    this.#isOver = true
    this.#stream?.close()
  }

  #connect() {
    const { network, anyInstance, checks } = this.#surroundings
    const instance = anyInstance(this.node)
    const check = checks.stream(`${this.node.name} ${++this.#streams}`)
    const again = () => {
      this.#stream = null
      if (!this.#isOver) setTimeout(() => this.#connect(), comesBackMs * (1 + Math.random()))
    }
    const accept = (accepted: Stream) => {
      accepted.onServerMessage = (text) => void instance.serve(accepted, JSON.parse(text))
    }
    network.connect(this.node, instance.node, accept, (connected) => {
      if (!connected?.isOpen) return again()
      this.#stream = connected
      connected.onClientClosed = again
      connected.onClientMessage = (bytes) => this.#heard(bytes, check, checks)
      const { channel } = this.plan
      connected.toServer(JSON.stringify({ channel, lastEventId: this.#after, transport: 'plain' }))
    })
  }

  #heard(bytes: string | Buffer, check: StreamCheck, checks: Checks) {
    for (const text of textsOf(bytes)) {
      const { type, seq, cursor } = JSON.parse(text) as Frame
      check.saw(type, cursor)
      if (type === 'ready') {
        const [, number] = this.#after.split(':')
        if (seq !== Number(number ?? this.#after))
          checks.report('gap', `${this.node.name} came with ${this.#after}, ready at ${cursor}`)
        continue
      }
      this.cursor = cursor
      this.#after = this.plan.byNumber ? String(seq) : cursor
    }
  }
}
