/**
 * A program that reads, one person: follows all drafts by one way, and notes each event as it is given to the page. Two ways are not
 * our client's: tRPC's own as its documentation has it, and a bare socket that stops reading when told to.
 */
import { createTRPCClient, createWSClient, retryLink, wsLink } from '@trpc/client'
import { createPlinth, errorCode, type Feed, type LiveTransport } from '../../../client/plinth.ts'
import type { Draft, DraftEvent } from '../../../shared/drafts.ts'
import type { AppRouter } from '../../router.ts'
import { chained, digestOf, Journal, type ReadEntry } from './journal.ts'
import type { Person } from './people.ts'
import { Random } from './random.ts'
import { SlowSocket } from './slow-socket.ts'

export type ReadWay = LiveTransport | 'ladder' | 'plain' | 'slow'

export interface SubscriberTask {
  seed: number
  name: string
  journal: string
  url: string
  way: ReadWay
  person: Person
  draftIds: string[]
}
/** What it is told: where its feeds stand (answered), to stop reading for a while, to open no new ones. */
export type SubscriberOrder = { order: 'positions' } | { order: 'pause'; ms: number } | { order: 'settle' }
/** By draft, of each feed that is open, the number of the newest event. */
export type Positions = [draftId: string, seq: number][]

const task: SubscriberTask = JSON.parse(process.argv[2] ?? '')
const { way, draftIds, person, url } = task
const random = new Random(task.seed)
const journal = new Journal<ReadEntry>(task.journal)
const plinth = createPlinth({ url, headers: person.headers })
const transports: readonly LiveTransport[] = way === 'ladder' ? ['websocket', 'sse', 'polling'] : [way as LiveTransport]

class Reader {
  readonly draftId: string
  readonly feed: string
  seq = -1
  #stop: () => void = () => {}
  #closed = false
  #waiting: { id: string; data: DraftEvent }[] | null = null
  /** Of the snapshot after `resync`, which may be newer than the word: what is in it is dropped. */
  #from = 0

  constructor(draftId: string, number: number) {
    this.draftId = draftId
    this.feed = `${task.name}/${draftId.slice(-6)}#${number}`
    journal.note({ feed: this.feed, step: 'opened', draftId })
  }

  onSnapshot({ cursor, title, ringHolderId, segments }: Draft) {
    const digest = segments.reduce((before, { id }) => chained(before, id), '')
    journal.note({ feed: this.feed, step: 'snapshot', cursor, title, ringHolderId, segments: digest })
    this.seq = Number(cursor.split(':')[1])
  }

  onEvent(epoch: string, event: DraftEvent) {
    journal.note({ feed: this.feed, step: 'event', epoch, seq: event.seq, digest: digestOf(event) })
    this.seq = event.seq
  }

  onMessage({ id, data }: { id: string; data: DraftEvent | { type: 'ready' } | { type: 'resync' } }) {
    if (data.type === 'ready') journal.note({ feed: this.feed, step: 'state', state: 'ready' })
    else if (data.type === 'resync') {
      journal.note({ feed: this.feed, step: 'resync' })
      void this.#startOver()
    } else if (this.#waiting) this.#waiting.push({ id, data })
    else if (data.seq > this.#from) this.onEvent(id.slice(0, id.indexOf(':')), data)
  }

  /** What comes before the snapshot waits for it. */
  async #startOver() {
    if (this.#waiting) return
    const waiting: { id: string; data: DraftEvent }[] = []
    this.#waiting = waiting
    this.onSnapshot(await snapshotOf(this.draftId))
    this.#waiting = null
    this.#from = this.seq
    for (const message of waiting) this.onMessage(message)
  }

  ended(code: string) {
    if (!this.#closed) journal.note({ feed: this.feed, step: 'ended', code })
  }

  stopsBy(stop: () => void) {
    this.#stop = stop
  }

  close() {
    this.#closed = true
    journal.note({ feed: this.feed, step: 'closed' })
    this.#stop()
  }
}

const readers = new Set<Reader>()
let opened = 0

/** A snapshot however often it takes. */
async function snapshotOf(draftId: string): Promise<Draft> {
  for (;;) {
    try {
      return await plinth.drafts.get.query({ draftId }, { signal: AbortSignal.timeout(8000) })
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

function followOurWay(reader: Reader) {
  const { draftId } = reader
  let epoch = ''
  const feed: Feed = plinth.live({
    snapshot: () => plinth.drafts.get.query({ draftId }),
    follow: (lastEventId, handlers, transport) =>
      plinth.drafts.onEvent.subscribe({ draftId, lastEventId }, { ...handlers, context: { transport } }),
    poll: (lastEventId) => plinth.drafts.events.query({ draftId, lastEventId }),
    onSnapshot: (draft) => {
      epoch = draft.cursor.slice(0, draft.cursor.indexOf(':'))
      reader.onSnapshot(draft)
    },
    onEvent: (event) => reader.onEvent(epoch, event),
    onState: (state) => journal.note({ feed: reader.feed, step: 'state', state: `${state} ${feed.transport ?? ''}` }),
    onError: (error) => reader.ended(error.code),
    transports,
    climbEveryMs: 1000,
  })
  reader.stopsBy(() => feed.close())
}

class OwnHeaders extends WebSocket {
  constructor(to: string | URL) {
    super(to, { headers: person.headers } as never)
  }
}
const socket = createWSClient({
  url: `${url.replace(/^http/, 'ws')}/trpc`,
  WebSocket: OwnHeaders,
  lazy: { enabled: true, closeMs: 0 },
  keepAlive: { enabled: true, intervalMs: 5000, pongTimeoutMs: 3000 },
  retryDelayMs: () => random.between(50, 500),
})
const trpc = createTRPCClient<AppRouter>({
  links: [retryLink({ retry: () => true, retryDelayMs: () => 200 }), wsLink({ client: socket })],
})

async function followPlainly(reader: Reader) {
  const draft = await snapshotOf(reader.draftId)
  reader.onSnapshot(draft)
  const subscription = trpc.drafts.onEvent.subscribe(
    { draftId: reader.draftId, lastEventId: draft.cursor },
    {
      onData: (message) => reader.onMessage(message),
      onError: (error) => reader.ended(errorCode(error)),
      onComplete: () => reader.ended('completed'),
    },
  )
  reader.stopsBy(() => subscription.unsubscribe())
}

const slow = way === 'slow' ? new SlowSocket(`${url.replace(/^http/, 'ws')}/trpc`, person.headers) : null

async function open(draftId: string) {
  const reader = new Reader(draftId, ++opened)
  readers.add(reader)
  if (slow) {
    const draft = await snapshotOf(draftId)
    reader.onSnapshot(draft)
    slow.follow(draftId, draft.cursor, (message) => reader.onMessage(message as never))
  } else if (way === 'plain') await followPlainly(reader)
  else followOurWay(reader)
}

/** Somebody new comes in the middle of everything, from time to time. */
async function renew() {
  // Who goes down the ladder and up again needs its time.
  if (way === 'slow' || way === 'ladder' || settled) return
  const old = random.pick([...readers])
  if (old.seq < 0) return
  readers.delete(old)
  old.close()
  await open(old.draftId)
}

let settled = false
process.on('message', (order: SubscriberOrder) => {
  if (order.order === 'pause') slow?.pause(order.ms)
  else if (order.order === 'settle') settled = true
  else process.send?.([...readers].map(({ draftId, seq }) => [draftId, seq]))
})
process.on('disconnect', () => process.exit())
// One of the slow way's many subscriptions weighs little; together they fill what a connection holds.
await Promise.all(draftIds.flatMap((id) => (slow ? Array.from({ length: 6 }, () => id) : [id])).map(open))
setInterval(() => void renew(), random.between(3000, 5000))
