/** Who is in one room, as last read, and who of them writes, as last heard: for those who follow it on this instance. */
import type { PersonRef } from '../../../shared/person-ref.ts'
import type { Present } from '../../../shared/presence.ts'

/** Changes that come together are told together, and nobody makes followers hear more than ten times a second. */
const tellAfterMs = 100

export class Room {
  readonly #writingMs: number
  readonly #writing = new Map<string, NodeJS.Timeout>()
  readonly #listeners = new Set<() => void>()
  #people: PersonRef[] = []
  #telling: NodeJS.Timeout | undefined
  /** Another array for each change; null until the first look. */
  present: readonly Present[] | null = null

  constructor(writingMs: number) {
    this.#writingMs = writingMs
  }

  /** Calls `listener` after a change. Returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  see(people: PersonRef[]): void {
    this.#people = people
    this.#update()
  }

  /** Holds until the opposite is heard, and for some seconds at most. */
  hearWriting(userId: string, writing: boolean): void {
    clearTimeout(this.#writing.get(userId))
    if (writing)
      this.#writing.set(
        userId,
        setTimeout(() => this.hearWriting(userId, false), this.#writingMs),
      )
    else this.#writing.delete(userId)
    if (this.present) this.#update()
  }

  close(): void {
    for (const timer of this.#writing.values()) clearTimeout(timer)
    this.#writing.clear()
    clearTimeout(this.#telling)
  }

  #update() {
    const present = this.#people.map((person) => ({ person, writing: this.#writing.has(person.id) }))
    if (JSON.stringify(present) === JSON.stringify(this.present)) return
    this.present = present
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined
      for (const listener of this.#listeners) listener()
    }, tellAfterMs)
  }
}
