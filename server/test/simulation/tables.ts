/**
 * The tables in memory, under the rules of Postgres that delivery depends on: a statement sees what is committed when it begins (in a repeatable-read
 * transaction, when that began); a written row is locked to the end of its transaction, and a transaction that waits for it continues with
 * the new version; a commit is visible when its locks are released. Every commit can be undone, which is how the database is set back.
 */
export interface ChannelRow {
  readonly id: string
  readonly epoch: string
  readonly head: number
  readonly floor: number
  readonly mark: string | null
  readonly marked: number | null
  readonly previousMark: string | null
}

export interface EventRow {
  readonly channel: string
  readonly seq: number
  readonly type: string
  /** JSON. */
  readonly payload: string
  readonly createdAt: string
  readonly mark: string | null
  readonly previousMark: string | null
}

/** What users make: the business rows beside the events. */
export interface Thing {
  readonly id: string
  readonly channel: string
}

type Undo = () => void

export class Tables {
  channels = new Map<string, ChannelRow>()
  /** By channel, in the order of their numbers. */
  events = new Map<string, readonly EventRow[]>()
  things = new Map<string, Thing>()

  copy(): Tables {
    const copy = new Tables()
    copy.channels = new Map(this.channels)
    copy.events = new Map(this.events)
    copy.things = new Map(this.things)
    return copy
  }

  thingsOf(channel: string): Thing[] {
    return [...this.things.values()].filter((thing) => thing.channel === channel)
  }
}

/** SQLSTATE and text, as the driver throws them. */
export class SqlError extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** The rows that a transaction has written and no other sees yet. */
export class Transaction {
  readonly locks = new Set<string>()
  readonly snapshot: Tables | null
  readonly #tables: Tables
  readonly #channels = new Map<string, ChannelRow>()
  readonly #things = new Map<string, Thing>()
  readonly #writes: (() => Undo)[] = []

  constructor(tables: Tables, isRepeatable: boolean) {
    this.#tables = tables
    this.snapshot = isRepeatable ? tables.copy() : null
  }

  get reads(): Tables {
    return this.snapshot ?? this.#tables
  }

  channel(id: string): ChannelRow | undefined {
    return this.#channels.get(id) ?? this.reads.channels.get(id)
  }

  get channelIds(): string[] {
    return [...new Set([...this.reads.channels.keys(), ...this.#channels.keys()])]
  }

  thing(id: string): Thing | undefined {
    return this.#things.get(id) ?? this.reads.things.get(id)
  }

  putChannel(row: ChannelRow) {
    this.#channels.set(row.id, row)
    this.#writes.push(() => put(this.#tables.channels, row.id, row))
  }

  putThing(thing: Thing) {
    this.#things.set(thing.id, thing)
    this.#writes.push(() => put(this.#tables.things, thing.id, thing))
  }

  addEvent(event: EventRow) {
    this.#writes.push(() => {
      const before = this.#tables.events.get(event.channel) ?? []
      const last = before.at(-1)?.seq ?? 0
      if (event.seq <= last) throw new SqlError('23505', `event ${event.seq} of ${event.channel} is there already`)
      return put(this.#tables.events, event.channel, [...before, event])
    })
  }

  /** Those that the statement saw. */
  deleteEvents(channel: string, upTo: number): number {
    const isOld = ({ seq }: EventRow) => seq <= upTo
    const count = (this.reads.events.get(channel) ?? []).filter(isOld).length
    this.#writes.push(() => {
      const before = this.#tables.events.get(channel) ?? []
      return put(
        this.#tables.events,
        channel,
        before.filter((event) => !isOld(event)),
      )
    })
    return count
  }

  get hasWritten(): boolean {
    return this.#writes.length > 0
  }

  /** Makes it visible, and returns how to undo it while nothing later is there. */
  apply(): Undo {
    const undos = this.#writes.map((write) => write())
    return () => {
      for (const undo of undos.reverse()) undo()
    }
  }
}

function put<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): Undo {
  const before = map.get(key)
  map.set(key, value)
  return () => {
    if (before === undefined) map.delete(key)
    else map.set(key, before)
  }
}
