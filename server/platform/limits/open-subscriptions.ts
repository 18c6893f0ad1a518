/** How many subscriptions a user has open on this instance, on all sockets together. */
export class OpenSubscriptions {
  readonly #limit: number
  readonly #open = new Map<string, number>()

  constructor({ subscriptionsPerPerson }: { subscriptionsPerPerson: number }) {
    this.#limit = subscriptionsPerPerson
  }

  /** Returns what lets go of it, to be called once; null when there are too many. */
  enter(personId: string): (() => void) | null {
    const open = this.#open.get(personId) ?? 0
    if (open >= this.#limit) return null
    this.#open.set(personId, open + 1)
    return () => {
      const left = (this.#open.get(personId) ?? 0) - 1
      if (left > 0) this.#open.set(personId, left)
      else this.#open.delete(personId)
    }
  }
}
