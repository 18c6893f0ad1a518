/** The newest events of a channel, without gaps: when all subscribers reconnect, they are served from memory. The table has the rest. */
import type { ChannelEvent } from './channel-event.ts'

/** Each bounds what one channel has in memory. */
export const recentEvents = 2000
export const recentChars = 2_000_000

export class RecentEvents {
  #events: ChannelEvent[] = []
  #chars = 0

  get length(): number {
    return this.#events.length
  }

  /** In UTF-16 units. */
  get chars(): number {
    return this.#chars
  }

  get first(): ChannelEvent | undefined {
    return this.#events[0]
  }

  /** `count` of them, up to the newest; at most `length`. */
  newest(count: number): ChannelEvent[] {
    return this.#events.slice(this.#events.length - count)
  }

  /** The first of the newest `count`; undefined where there are fewer. */
  firstOf(count: number): ChannelEvent | undefined {
    return this.#events[this.#events.length - count]
  }

  clear(): void {
    this.#events = []
    this.#chars = 0
  }

  /** `events` follow the newest one. The oldest ones are dropped when there are too many. */
  add(events: readonly ChannelEvent[]): void {
    for (const event of events) {
      this.#events.push(event)
      this.#chars += event.json.length
    }
    let surplus = 0
    while (this.#events.length - surplus > recentEvents || this.#chars > recentChars) {
      this.#chars -= (this.#events[surplus++] as ChannelEvent).json.length
    }
    if (surplus > 0) this.#events = this.#events.slice(surplus)
  }

  /** `older` end where these begin. Adds all of them or none. */
  prepend(older: readonly ChannelEvent[]): void {
    const chars = older.reduce((sum, { json }) => sum + json.length, 0)
    if (older.length + this.#events.length > recentEvents || chars + this.#chars > recentChars) return
    this.#events = [...older, ...this.#events]
    this.#chars += chars
  }
}
