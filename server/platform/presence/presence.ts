/**
 * Who is where, over all instances. Notices say that a room changed; a look at all rooms followed here every two seconds finds
 * what no notice said, such as the end of a grace or the death of an instance.
 */
import type { FastifyBaseLogger } from 'fastify'
import type { Database } from '../db/database.ts'
import type { NoticeBoard } from '../notices/plugin.ts'
import { coalesced } from './coalesced.ts'
import { type PresenceTimes, readPeople } from './lease-store.ts'
import { OwnLeases } from './own-leases.ts'
import { Room } from './room.ts'

export const defaultPresenceTimes: PresenceTimes = {
  beatEveryMs: 3000,
  expireMs: 10_000,
  graceMs: 10_000,
  lookEveryMs: 2000,
  writingMs: 6000,
}
/** A notice must fit into the 8,000 bytes of one NOTIFY. */
const roomsPerNotice = 50

export interface Seat {
  readonly room: Room
  /** Resolves when the room was looked at with this person in it; also when the database is away. */
  readonly ready: Promise<void>
  /** Others see it after the grace, or at once for somebody who may not be here any more. May be called twice. */
  leave(how: 'left' | 'gone'): void
}

export class Presence {
  readonly #db: Database
  readonly #notices: NoticeBoard
  readonly #times: PresenceTimes
  readonly #leases: OwnLeases
  readonly #rooms = new Map<string, { room: Room; seats: number }>()
  /** Rooms to look at. */
  readonly #unseen = new Set<string>()
  readonly #look: () => Promise<void>
  readonly #timers: NodeJS.Timeout[] = []
  #isClosed = false

  constructor(db: Database, notices: NoticeBoard, log: FastifyBaseLogger, times: Partial<PresenceTimes> = {}) {
    this.#db = db
    this.#notices = notices
    this.#times = { ...defaultPresenceTimes, ...times }
    this.#leases = new OwnLeases(db, {
      times: this.#times,
      onSaved: (rooms) => this.#tell([...rooms]),
      onFailed: (err) => log.debug({ err }, 'presence not saved'),
    })
    // The database is away: what was seen last stands, and the next look tries again.
    this.#look = coalesced(() => this.#lookNow().catch((err) => log.debug({ err }, 'presence not looked at')))
    notices.on('presence.changed', ({ rooms }) => void this.#lookAt(rooms))
    notices.on('presence.writing', ({ room, userId, writing }) =>
      this.#rooms.get(room)?.room.hearWriting(userId, writing),
    )
    notices.on('notices.connected', () => void this.#lookAt(this.#rooms.keys()))
  }

  /** Streams that follow a room here. */
  get seats(): number {
    return [...this.#rooms.values()].reduce((sum, { seats }) => sum + seats, 0)
  }

  /** When the tables are there. */
  start(): void {
    if (this.#isClosed) return
    this.#timers.push(
      setInterval(() => this.#leases.beatIfNeeded(), this.#times.beatEveryMs),
      setInterval(() => void this.#lookAt(this.#rooms.keys()), this.#times.lookEveryMs),
    )
    this.#leases.beat()
  }

  /** Whoever calls this has authorised. */
  enter(name: string, userId: string): Seat {
    const entry = this.#rooms.get(name) ?? { room: new Room(this.#times.writingMs), seats: 0 }
    this.#rooms.set(name, entry)
    entry.seats++
    const lease = this.#leases.take(name, userId)
    let isTaken = true
    return {
      room: entry.room,
      ready: lease.saved.then(() => this.#lookAt([name])),
      leave: (how) => {
        if (!isTaken) return
        isTaken = false
        lease.leave(how)
        if (--entry.seats > 0) return
        this.#rooms.delete(name)
        entry.room.close()
      },
    }
  }

  /** Whoever calls this has authorised. A hint: shown of whoever is in the room, and forgotten after some seconds. */
  tellWriting(room: string, userId: string, writing: boolean): void {
    this.#notices.publish('presence.writing', { room, userId, writing })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all([this.#leases.close(), this.#look()])
    for (const { room } of this.#rooms.values()) room.close()
  }

  #tell(rooms: string[]) {
    void this.#lookAt(rooms)
    for (let at = 0; at < rooms.length; at += roomsPerNotice)
      void this.#notices.tellOthers('presence.changed', { rooms: rooms.slice(at, at + roomsPerNotice) })
  }

  #lookAt(rooms: Iterable<string>): Promise<void> {
    for (const name of rooms) if (this.#rooms.has(name)) this.#unseen.add(name)
    return this.#unseen.size > 0 ? this.#look() : Promise.resolve()
  }

  async #lookNow(): Promise<void> {
    if (this.#isClosed) return
    const names = [...this.#unseen].filter((name) => {
      const entry = this.#rooms.get(name)
      return entry && (entry.room.present === null || this.#leases.trustsOtherBeats)
    })
    this.#unseen.clear()
    if (names.length === 0) return
    for (const [name, people] of await readPeople(this.#db, names, this.#times)) this.#rooms.get(name)?.room.see(people)
  }
}
