/**
 * Changes that are made now and sent when they can be: written down first, then sent one at a time in the order in which their
 * person made them, each under one idempotency key for as long as it takes. All tabs share what is written, and one of them sends at a
 * time. Each entry is sent as the person who made it or not at all, and what the server refuses stays, with its reason,
 * until somebody decides.
 */
import { sentWithoutKey } from '../shared/offline.ts'
import { messageFor, PlinthError, toPlinthError } from './errors.ts'
import { newKey } from './idempotency.ts'
import type { AnswerOf, EntryState, MutationPath, OutboxEntry, QueuedInput, StoredEntry } from './outbox-entry.ts'
import { OutboxLedger } from './outbox-ledger.ts'
import { isOnline, OutboxSender, type Step, verdictOn } from './outbox-sender.ts'
import { type OutboxStore, storeInBrowser } from './outbox-store.ts'
import type { Plinth } from './plinth.ts'

export type { AnswerOf, EntryState, OutboxEntry, QueuedInput, Refusal, StoredEntry } from './outbox-entry.ts'
export type { OutboxStore } from './outbox-store.ts'

export interface OutboxOptions<Path extends MutationPath> {
  /** What may be queued: mutations that do the same however late and however often they come. */
  procedures: readonly Path[]
  /** IndexedDB when absent. Null, and where there is none: memory. */
  store?: OutboxStore | null
  /** See `PlinthOptions`. */
  pace?: number
}

export interface Queued<Path extends string> {
  readonly id: string
  /** Its answer, from whichever tab sends it; rejects when it is refused or discarded. It may well outlast this page, and then never settles. */
  readonly settled: Promise<AnswerOf<Path>>
  /** From then on it outlives the page, or it is known that it does not: see `durable`. */
  readonly written: Promise<void>
}

/** `path` tells the types of the others. */
type Answered<Path extends string> = { [P in Path]: OutboxEntry<P> & { answer: AnswerOf<P> } }[Path]

/** What tabs tell one another. */
type News =
  | { type: 'changed' }
  | { type: 'refused'; entry: StoredEntry }
  | { type: 'answered'; entry: StoredEntry; answer: unknown }
  | { type: 'discarded'; id: string }
  | { type: 'all-discarded'; personId: string }

interface Waiting {
  resolve: (answer: never) => void
  reject: (error: unknown) => void
}

export function createOutbox<const Path extends MutationPath>(plinth: Plinth, options: OutboxOptions<Path>) {
  return new Outbox<Path>(plinth, options)
}

export class Outbox<Path extends MutationPath> {
  readonly #plinth: Plinth
  readonly #procedures: ReadonlySet<string>
  readonly #ledger: OutboxLedger
  readonly #sender: OutboxSender
  #channel: BroadcastChannel | null
  readonly #forgetPerson: () => void
  readonly #listeners = new Set<() => void>()
  readonly #answerListeners = new Set<(answered: Answered<Path>) => void>()
  readonly #waiting = new Map<string, Waiting>()
  /** How often each was sent by this page. */
  readonly #tries = new Map<string, number>()
  /** On their way into the store. */
  #unwritten: StoredEntry[] = []
  #written: StoredEntry[] = []
  #shown: readonly OutboxEntry<Path>[] = []
  #sending: string | null = null
  #stopped: PlinthError | null = null
  #isHeldUp = false
  #lists = 0
  #listShown = 0

  constructor(plinth: Plinth, { procedures, store, pace = 1 }: OutboxOptions<Path>) {
    const name = `plinth:outbox:${plinth.origin}`
    const kept = store === undefined ? storeInBrowser(name) : store
    this.#plinth = plinth
    this.#procedures = new Set(procedures)
    this.#ledger = new OutboxLedger(kept)
    this.#sender = new OutboxSender(name, (signal) => this.#try(signal), pace)
    this.#channel = kept && globalThis.BroadcastChannel ? new BroadcastChannel(name) : null
    if (this.#channel) {
      this.#channel.onmessage = ({ data }: MessageEvent<News>) => this.#hear(data)
      // In Node a channel would keep its program from ending.
      ;(this.#channel as { unref?: () => void }).unref?.()
    }
    this.#forgetPerson = plinth.actingAs.onChange(() => this.resume())
    void this.#list()
    this.#sender.wake()
  }

  /** Of the person whom the page shows, or showed last, in their order. The same array until something changes. */
  get entries(): readonly OutboxEntry<Path>[] {
    return this.#shown
  }

  /** False where what is queued ends with this page: the browser stores nothing, or not enough. */
  get durable(): boolean {
    return this.#ledger.durable
  }

  /** Why nothing is sent until its person has signed in again; null while things are sent. */
  get stopped(): PlinthError | null {
    return this.#stopped
  }

  /** The first entry was not answered and is sent again later, or after `stopped`; the others follow it. */
  get isHeldUp(): boolean {
    return this.#stopped !== null || this.#isHeldUp
  }

  /** Calls back after `entries`, `durable`, `stopped` or `isHeldUp` have changed. Returns how to stop. */
  readonly onChange = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Calls back with each answer, in every tab, before its entry is gone from `entries`. Returns how to stop. */
  readonly onAnswer = (listener: (answered: Answered<Path>) => void): (() => void) => {
    this.#answerListeners.add(listener)
    return () => this.#answerListeners.delete(listener)
  }

  /** In `entries` at once; sent once it is written down. @throws PlinthError UNAUTHENTICATED when the page shows nobody */
  queue<P extends Path>(path: P, input: QueuedInput<P>): Queued<P> {
    if (!this.#procedures.has(path)) throw new TypeError(`${path} may not wait: call it`)
    const personId = this.#plinth.actingAs.id
    if (personId === null) throw new PlinthError('UNAUTHENTICATED', messageFor('UNAUTHENTICATED'))
    const call = { id: newKey(), personId, path, input: structuredClone(input), queuedAt: new Date().toISOString() }
    const entry = { ...call, refusal: null }
    const { promise: settled, resolve, reject } = Promise.withResolvers<AnswerOf<P>>()
    // Nobody has to wait for it: a refusal is among the entries.
    settled.catch(() => {})
    this.#waiting.set(entry.id, { resolve, reject })
    this.#unwritten.push({ ...entry, order: Number.POSITIVE_INFINITY })
    this.#show()
    const written = this.#ledger.add(entry).then(async () => {
      await this.#list()
      this.#unwritten = this.#unwritten.filter(({ id }) => id !== entry.id)
      this.#show()
      this.#tell({ type: 'changed' })
      this.#sender.wake()
    })
    return { id: entry.id, settled, written }
  }

  /** One that was refused takes its place in the order again. */
  async tryAgain(id: string): Promise<void> {
    const entry = await this.#findIdle(id)
    if (!entry?.refusal) return
    this.#tries.delete(id)
    await this.#ledger.put({ ...entry, refusal: null })
    await this.#list()
    this.#tell({ type: 'changed' })
    this.#sender.wake()
  }

  /**
   * Takes one out, when it is not being sent. False when it is gone already, so it may have taken effect; so may one
   * that was sent and got no answer.
   */
  discard(id: string): Promise<boolean> {
    return this.#sender.whileIdle(async () => {
      const entry = await this.#findStored(id)
      if (!entry) return false
      await this.#ledger.remove(entry)
      this.#discarded(id)
      this.#tell({ type: 'discarded', id })
      return true
    })
  }

  /** All users who have entries on this device, not only the one that the page shows. */
  owners(): Promise<string[]> {
    return this.#ledger.owners()
  }

  /**
   * Removes all entries of a user, in every tab, while none is being sent. One that was sent without a response may have
   * taken effect. @throws when the browser does not delete
   */
  async discardAllOf(personId: string): Promise<void> {
    await this.#sender.whileIdle(() => this.#ledger.removeAllOf(personId))
    this.#allDiscarded(personId)
    this.#tell({ type: 'all-discarded', personId })
  }

  /** Sends again after `stopped`, as its person is known to be signed in. */
  resume(): void {
    this.#stopped = null
    this.#show()
    void this.#list()
    this.#sender.wake()
  }

  close(): void {
    this.#forgetPerson()
    this.#sender.close()
    this.#channel?.close()
    this.#channel = null
  }

  async #try(signal: AbortSignal): Promise<Step> {
    const step = await this.#sendNext(signal)
    if (this.#isHeldUp !== (step.next === 'wait')) {
      this.#isHeldUp = step.next === 'wait'
      this.#show()
    }
    return step
  }

  async #sendNext(signal: AbortSignal): Promise<Step> {
    const personId = this.#plinth.actingAs.id
    if (personId === null || this.#stopped) return { next: 'nothing' }
    // Other tabs have sent and written meanwhile.
    await this.#list()
    if (this.#plinth.actingAs.id !== personId) return { next: 'go-on' }
    const entry = this.#written.find(({ refusal }) => refusal === null)
    // Entries that cannot be read now are still to be sent, and no event reports when they can be read again.
    if (!entry) return this.#ledger.isReadable ? { next: 'nothing' } : { next: 'wait', failure: toPlinthError(null) }
    if (!isOnline()) return { next: 'wait', failure: toPlinthError(null) }
    this.#sending = entry.id
    this.#show()
    try {
      const answer = await this.#call(entry, signal)
      await this.#ledger.remove(entry)
      this.#answered(entry, answer)
      this.#tell({ type: 'answered', entry, answer })
      return { next: 'go-on' }
    } catch (error) {
      return signal.aborted ? { next: 'nothing' } : await this.#failed(entry, toPlinthError(error))
    } finally {
      this.#sending = null
      this.#show()
    }
  }

  /** Named for the entry's own person: the server refuses it where the browser's session has become another's. */
  #call({ id, personId, path, input }: StoredEntry, signal: AbortSignal): Promise<unknown> {
    this.#tries.set(id, (this.#tries.get(id) ?? 0) + 1)
    type Mutation = { mutate(input: unknown, options: object): Promise<unknown> }
    const procedure = path
      .split('.')
      .reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], this.#plinth) as Mutation
    const idempotencyKey = sentWithoutKey.has(path) ? null : id
    return procedure.mutate(input, { signal, context: { idempotencyKey, personId, once: true } })
  }

  async #failed(entry: StoredEntry, failure: PlinthError): Promise<Step> {
    const verdict = verdictOn(failure, this.#tries.get(entry.id) ?? 1)
    if (verdict === 'passing') return { next: 'wait', failure }
    if (verdict === 'stopped') {
      this.#stopped = failure
      return { next: 'nothing' }
    }
    const { code, message, details, requestId } = failure
    const refused = { ...entry, refusal: { code, message, details, requestId } }
    await this.#ledger.put(refused)
    await this.#list()
    this.#refused(refused)
    this.#tell({ type: 'refused', entry: refused })
    return { next: 'go-on' }
  }

  #hear(news: News) {
    if (news.type === 'refused') this.#refused(news.entry)
    if (news.type === 'answered') {
      this.#ledger.forget(news.entry.id)
      this.#answered(news.entry, news.answer)
    }
    if (news.type === 'discarded') {
      this.#ledger.forget(news.id)
      this.#discarded(news.id)
    }
    if (news.type === 'all-discarded') {
      this.#ledger.forgetAllOf(news.personId)
      this.#allDiscarded(news.personId)
    }
    if (news.type === 'changed' || news.type === 'refused') void this.#list()
    this.#sender.wake()
  }

  #answered(entry: StoredEntry, answer: unknown) {
    this.#isHeldUp = false
    if (entry.personId === this.#plinth.actingAs.lastId)
      for (const listener of [...this.#answerListeners])
        try {
          listener({ ...shown(entry, 'sending'), answer } as Answered<Path>)
        } catch (error) {
          // A fault of whoever listens: to be heard of, but no reason to send anything twice.
          queueMicrotask(() => {
            throw error
          })
        }
    this.#waiting.get(entry.id)?.resolve(answer as never)
    this.#drop(entry.id)
  }

  #refused({ id, refusal }: StoredEntry) {
    if (!refusal) return
    const { code, message, details, requestId } = refusal
    this.#waiting.get(id)?.reject(new PlinthError(code, message, details, requestId))
    this.#waiting.delete(id)
  }

  #discarded(id: string) {
    this.#waiting.get(id)?.reject(new DOMException('It was discarded before it was sent', 'AbortError'))
    this.#drop(id)
  }

  #allDiscarded(personId: string) {
    for (const entry of [...this.#written, ...this.#unwritten])
      if (entry.personId === personId) this.#discarded(entry.id)
  }

  #drop(id: string) {
    this.#waiting.delete(id)
    this.#tries.delete(id)
    this.#unwritten = this.#unwritten.filter((entry) => entry.id !== id)
    this.#written = this.#written.filter((entry) => entry.id !== id)
    this.#show()
  }

  #findIdle(id: string): Promise<StoredEntry | undefined> {
    return this.#sender.whileIdle(() => this.#findStored(id))
  }

  async #findStored(id: string): Promise<StoredEntry | undefined> {
    await this.#list()
    return this.#written.find((entry) => entry.id === id)
  }

  /** Reads what is written down. Of two that read at once, the later one counts. */
  async #list() {
    const number = ++this.#lists
    const personId = this.#plinth.actingAs.lastId
    const entries = personId === null ? [] : await this.#ledger.list(personId)
    if (number < this.#listShown) return
    this.#listShown = number
    this.#written = personId === this.#plinth.actingAs.lastId ? entries : []
    this.#show()
  }

  #show() {
    const isWritten = new Set(this.#written.map(({ id }) => id))
    const personId = this.#plinth.actingAs.lastId
    const all = [
      ...this.#written.map((entry) => shown(entry, this.#stateOf(entry))),
      ...this.#unwritten.filter(({ id }) => !isWritten.has(id)).map((entry) => shown(entry, 'writing')),
    ]
    this.#shown = all.filter((entry) => entry.personId === personId) as OutboxEntry<Path>[]
    for (const listener of [...this.#listeners]) listener()
  }

  #stateOf({ id, refusal }: StoredEntry): EntryState {
    if (refusal) return 'refused'
    return id === this.#sending ? 'sending' : 'queued'
  }

  #tell(news: News) {
    this.#channel?.postMessage(news)
  }
}

const shown = (entry: StoredEntry, state: EntryState) => ({ ...entry, state })
