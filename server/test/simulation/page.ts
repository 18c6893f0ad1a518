/** A page in a browser: the product's feed and outbox on the simulated network. */
import { networkError } from '../../../client/errors.ts'
import { openFeed } from '../../../client/live.ts'
import type { Feed, LiveHandlers, LiveTransport } from '../../../client/live-options.ts'
import { createOutbox, type Outbox } from '../../../client/outbox.ts'
import type { Plinth } from '../../../client/plinth.ts'
import type { Browser } from './browser.ts'
import { type Checks, Shown } from './checks.ts'
import { textsOf } from './frames.ts'
import type { Instance, Snapshot } from './instance.ts'
import type { Network, Stream } from './network.ts'
import { openIn } from './virtual-globals.ts'
import type { Node } from './world.ts'

export interface PagePlan {
  channel: string
  transports: LiveTransport[]
  isList: boolean
}

interface Message {
  error?: string
  result?: { data: { id: string; data: { type: string; seq?: number; id?: string } } }
}

/** What a page needs of the run. */
export interface Surroundings {
  network: Network
  checks: Checks
  /** One of the instances, chosen by a load balancer that does no health checks. */
  anyInstance: (node: Node) => Instance
  acknowledged: (id: string) => void
}

export class Page {
  readonly node: Node
  readonly plan: PagePlan
  readonly shown: Shown
  readonly outbox: Outbox<'tasks.create'>
  readonly #feed: Feed
  readonly #browser: Browser
  readonly #surroundings: Surroundings
  cursor = ''
  #streams = 0
  #open: Stream | null = null

  /** In a task of `node`. */
  constructor(node: Node, browser: Browser, plan: PagePlan, surroundings: Surroundings) {
    this.node = node
    this.plan = plan
    this.#browser = browser
    this.#surroundings = surroundings
    const { checks, network, anyInstance, acknowledged } = surroundings
    openIn(browser, node)
    this.shown = new Shown(node.name, checks, plan.isList)
    const call = <T>(work: (instance: Instance) => Promise<T>) => {
      const instance = anyInstance(node)
      return network.call(node, instance.node, () => work(instance), networkError)
    }
    this.#feed = openFeed<Snapshot, { type: string; seq: number; id?: string }>(
      {
        snapshot: () => call((instance) => instance.snapshot(plan.channel, plan.isList)),
        poll: (after) => call((instance) => instance.poll(plan.channel, after)),
        follow: (lastEventId, handlers, transport) => this.#follow(lastEventId, handlers, transport),
        onSnapshot: ({ cursor, ids }) => {
          this.cursor = cursor
          this.shown.snapshot(ids)
        },
        onEvent: ({ type, id }, cursor) => {
          this.cursor = cursor
          this.shown.event(type, id)
        },
        onError: ({ code }) => checks.report('ended', `${node.name}: ${code}`),
        transports: plan.transports,
      },
      () => () => {},
    )
    const plinth = {
      origin: 'http://simulated',
      actingAs: { id: 'ada', lastId: 'ada', onChange: () => () => {} },
      tasks: {
        create: {
          mutate: ({ taskId, title }: { taskId: string; title: string }) =>
            call((instance) => instance.addThing(taskId, title)),
        },
      },
    }
    this.outbox = createOutbox(plinth as unknown as Plinth, {
      procedures: ['tasks.create'],
      store: browser.storeFor(node),
    })
    this.outbox.onAnswer(({ input }) => acknowledged(input.taskId as string))
    this.outbox.onChange(() => {
      for (const { state, refusal, input } of this.outbox.entries)
        if (state === 'refused') checks.report('refused', `${node.name}: ${input.taskId} was answered ${refusal?.code}`)
    })
  }

  get isLive(): boolean {
    return this.#feed.state === 'live' || this.#feed.state === 'polling'
  }

  add(id: string) {
    this.outbox.queue('tasks.create', { taskId: id, title: this.plan.channel })
  }

  stall(ms: number) {
    this.#open?.stall(ms)
  }

  /** As when the user closes the page. */
  close() {
    this.#feed.close()
    this.outbox.close()
  }

  /** Its process has ended. */
  ended() {
    this.#surroundings.network.cut(this.node)
    this.#browser.ended(this.node)
  }

  #follow(lastEventId: string, handlers: LiveHandlers, transport: 'websocket' | 'sse') {
    const { network, checks, anyInstance } = this.#surroundings
    const instance = anyInstance(this.node)
    const check = checks.stream(`${this.node.name} ${transport} ${++this.#streams}`)
    let isStopped = false
    let stream: Stream | null = null
    const broke = () => {
      if (!isStopped)
        handlers.onConnectionStateChange({ state: 'connecting', error: new Error('the connection broke') })
    }
    handlers.onConnectionStateChange({ state: 'connecting', error: null })
    const accept = (accepted: Stream) => {
      accepted.onServerMessage = (text) => void instance.serve(accepted, JSON.parse(text))
    }
    network.connect(this.node, instance.node, accept, (connected) => {
      if (!connected?.isOpen) return broke()
      if (isStopped) return connected.close()
      stream = connected
      this.#open = connected
      connected.onClientClosed = broke
      connected.onClientMessage = (bytes) => {
        for (const text of textsOf(bytes)) {
          if (isStopped) return
          const { error, result } = JSON.parse(text) as Message
          if (error) return handlers.onError(networkError())
          if (!result) continue
          check.saw(result.data.data.type, result.data.id)
          handlers.onData(result.data)
        }
      }
      handlers.onConnectionStateChange({ state: 'pending', error: null })
      connected.toServer(JSON.stringify({ channel: this.plan.channel, lastEventId, transport }))
    })
    return {
      unsubscribe() {
        isStopped = true
        stream?.close()
      },
    }
  }
}
