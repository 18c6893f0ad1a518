/**
 * What must hold, as in the chaos suite: nothing lost, doubled or reordered. Each stream is checked on the wire, to see faults that the client
 * corrects too; each page by what it shows in the end; each change by what is stored.
 */
import type { ViolationKind } from '../chaos/checker.ts'
import type { Stream } from './network.ts'
import type { Postgres } from './postgres.ts'

export interface Found {
  kind: ViolationKind | 'too slow' | 'stuck'
  detail: string
  atMs: number
}

/** The faults of a run that permit certain consequences. */
export interface Allowed {
  /** Numbers restarted, events trimmed, a database set back. */
  resync: boolean
}

export class Checks {
  readonly found: Found[] = []
  readonly #postgres: Postgres
  readonly #allowed: Allowed

  constructor(postgres: Postgres, allowed: Allowed) {
    this.#postgres = postgres
    this.#allowed = allowed
  }

  report(kind: Found['kind'], detail: string) {
    this.found.push({ kind, detail, atMs: this.#postgres.world.now })
  }

  /** A stream of `name`. Call `saw` with its messages as they arrive. */
  stream(name: string): StreamCheck {
    return new StreamCheck(name, this, this.#postgres)
  }

  resync(name: string, detail: string) {
    if (!this.#allowed.resync) this.report('resync', `${name}: ${detail}`)
  }

  calledTooSlow(stream: Stream) {
    // One that reads again has not read until the kernel has taken something.
    if (!stream.isStalled && !stream.isBlocked)
      this.report('too slow', `${stream.client.name} was reading, and closed as too slow`)
  }
}

interface Place {
  epoch: string
  seq: number
  /** Null before the first event; undefined where it is not known. */
  mark: string | null | undefined
}

const placeOf = (cursor: string): Place => {
  const [epoch = '', seq, mark] = cursor.split(':')
  return { epoch, seq: Number(seq), mark: mark === '-' ? undefined : (mark ?? (seq === '0' ? null : undefined)) }
}

/** One stream: `ready`, then the events after it, each once and in order, of one epoch and one history, until `resync`. */
export class StreamCheck {
  readonly #name: string
  readonly #checks: Checks
  readonly #postgres: Postgres
  #at: Place | null = null

  constructor(name: string, checks: Checks, postgres: Postgres) {
    this.#name = name
    this.#checks = checks
    this.#postgres = postgres
  }

  saw(type: string, cursor: string) {
    const place = placeOf(cursor)
    if (type === 'ready') {
      if (this.#at) this.#checks.report('invented', `${this.#name}: ready a second time`)
      this.#at = place
    } else if (type === 'resync') {
      this.#checks.resync(this.#name, `resync at ${cursor}, after ${this.#where}`)
      this.#at = place
    } else this.#sawEvent(place, cursor)
  }

  get #where() {
    return this.#at ? `${this.#at.epoch}:${this.#at.seq}:${this.#at.mark}` : 'nothing'
  }

  #sawEvent(place: Place, cursor: string) {
    const before = this.#at
    this.#at = place
    if (!before) return this.#checks.report('invented', `${this.#name}: ${cursor} before ready`)
    const report = (kind: ViolationKind, what: string) =>
      this.#checks.report(kind, `${this.#name}: ${cursor} ${what} ${before.epoch}:${before.seq}:${before.mark}`)
    if (place.epoch !== before.epoch) return report('altered', 'of another epoch than')
    if (place.seq <= before.seq) return report(place.seq === before.seq ? 'doubled' : 'reordered', 'after')
    if (place.seq > before.seq + 1) return report('gap', 'after')
    const event = typeof place.mark === 'string' ? this.#postgres.history.get(place.mark) : undefined
    if (!event || event.seq !== place.seq) return report('invented', 'was never committed, after')
    if (before.mark !== undefined && event.previousMark !== before.mark) report('gap', 'is of another history than')
  }
}

/** What a page shows: the things of its last snapshot, and of the events since. */
export class Shown {
  readonly #name: string
  readonly #checks: Checks
  /** Its snapshots may be newer than their cursors, and it recognizes an old event when it comes. */
  readonly #isList: boolean
  ids = new Set<string>()
  #snapshots = 0

  constructor(name: string, checks: Checks, isList: boolean) {
    this.#name = name
    this.#checks = checks
    this.#isList = isList
  }

  snapshot(ids: string[]) {
    if (this.#snapshots++ > 0) this.#checks.resync(this.#name, 'a new snapshot')
    this.ids = new Set(ids)
  }

  event(type: string, id: string | undefined) {
    if (type !== 'thing.added' || id === undefined) return
    if (this.ids.has(id) && !this.#isList) this.#checks.report('doubled', `${this.#name}: ${id} is shown already`)
    this.ids.add(id)
  }

  /** In the end. */
  compare(stored: ReadonlySet<string>) {
    for (const id of stored.difference(this.ids)) this.#checks.report('lost', `${this.#name} does not show ${id}`)
    for (const id of this.ids.difference(stored))
      this.#checks.report('gap', `${this.#name} shows ${id}, which is not stored`)
  }
}
