/**
 * The leases of this instance. What is in memory here decides, and the table follows it: whatever fails to be saved, or is lost
 * there, is saved at a later beat. One beat keeps all leases alive, however many they are.
 */
import { newId } from '../db/columns.ts'
import type { Database } from '../db/database.ts'
import { coalesced } from './coalesced.ts'
import { beat, type LeaseRow, type PresenceTimes, saveLeases, sweep } from './lease-store.ts'

interface Lease extends LeaseRow {
  /** Streams of this person in this room. */
  seats: number
}

interface Options {
  times: PresenceTimes
  /** Of these rooms others see something new; somebody who left is seen until the grace is over. */
  onSaved: (rooms: Set<string>) => void
  /** The database is away; the next beat tries again. */
  onFailed: (error: unknown) => void
}

export class OwnLeases {
  readonly #db: Database
  readonly #options: Options
  readonly #serverId = newId()
  /** Also those that were left, until their rows are gone. */
  readonly #leases = new Map<string, Lease>()
  readonly #unsaved = new Set<Lease>()
  readonly #save = coalesced(() => this.#saveNow().catch(this.#options.onFailed))
  #isBeatDue = false
  /** Null while there is nothing to beat for. */
  #beatenAt: number | null = null
  #trustsFrom = 0
  #isClosed = false

  constructor(db: Database, options: Options) {
    this.#db = db
    this.#options = options
  }

  /** False for a while after this instance could not beat: likely no other could, and none of them is dead for that. */
  get trustsOtherBeats(): boolean {
    return !this.#isLate && performance.now() >= this.#trustsFrom
  }

  /** `saved` never rejects. Each call is given back by one `leave`. */
  take(room: string, userId: string) {
    const key = keyOf({ room, userId })
    const lease = this.#leases.get(key) ?? { room, userId, state: 'left', seats: 0 }
    this.#leases.set(key, lease)
    lease.seats++
    return {
      saved: this.#change(lease, 'here'),
      leave: (how: 'left' | 'gone') => {
        if (--lease.seats === 0) void this.#change(lease, how)
      },
    }
  }

  /** Also removes what is dead. Nothing, while there is nobody to beat for. */
  beatIfNeeded(): void {
    if (this.#leases.size > 0) this.beat()
    else this.#beatenAt = null
  }

  beat(): void {
    this.#isBeatDue = true
    void this.#save()
  }

  /** Everybody leaves, with the grace that lets them come back by another instance unnoticed. */
  async close(): Promise<void> {
    for (const lease of this.#leases.values()) if (lease.state === 'here') void this.#change(lease, 'left')
    await this.#save()
    this.#isClosed = true
  }

  #change(lease: Lease, state: Lease['state']): Promise<void> {
    if (lease.state !== state) this.#unsaved.add(lease)
    lease.state = state
    return this.#unsaved.has(lease) ? this.#save() : Promise.resolve()
  }

  async #saveNow(): Promise<void> {
    if (this.#isClosed || (this.#unsaved.size === 0 && !this.#isBeatDue)) return
    const batch = new Set(this.#unsaved)
    const isSweepDue = this.#isBeatDue
    this.#unsaved.clear()
    this.#isBeatDue = false
    try {
      if (!(await beat(this.#db, this.#serverId))) this.#addAllTo(batch)
      this.#noteBeat()
      await saveLeases(this.#db, this.#serverId, [...batch])
    } catch (error) {
      for (const lease of batch) this.#unsaved.add(lease)
      throw error
    }
    this.#options.onSaved(new Set([...batch].filter(({ state }) => state !== 'left').map(({ room }) => room)))
    if (isSweepDue && this.trustsOtherBeats) await this.#sweep()
  }

  /** The table has none of them any more. */
  #addAllTo(batch: Set<Lease>) {
    for (const [key, lease] of this.#leases) {
      if (lease.state === 'here') batch.add(lease)
      else if (!batch.has(lease)) this.#leases.delete(key)
    }
  }

  #noteBeat() {
    if (this.#isLate) this.#trustsFrom = performance.now() + 2 * this.#options.times.beatEveryMs
    this.#beatenAt = performance.now()
  }

  get #isLate() {
    return this.#beatenAt !== null && performance.now() - this.#beatenAt > this.#options.times.expireMs
  }

  async #sweep() {
    for (const swept of await sweep(this.#db, this.#serverId, this.#options.times)) {
      const key = keyOf(swept)
      if (this.#leases.get(key)?.state !== 'here') this.#leases.delete(key)
    }
  }
}

const keyOf = ({ room, userId }: { room: string; userId: string }) => `${userId} ${room}`
