/**
 * Who follows what, and whether they still may. A stream outlives the moment in which it was allowed, so every three
 * seconds each channel's followers are asked for in one query; whoever is not among them any more is ended.
 */
export interface Follower {
  readonly channel: string
  readonly userId: string
  /** Which of these people may follow the channel now; one query. */
  readonly allowed: (userIds: string[]) => Promise<Set<string>>
}

export class AccessWatch {
  readonly #followers = new Map<Follower, () => void>()

  get size(): number {
    return this.#followers.size
  }

  /** Calls `onLost` at most once. Returns how to stop watching. */
  add(follower: Follower, onLost: () => void): () => void {
    this.#followers.set(follower, onLost)
    return () => this.#followers.delete(follower)
  }

  /** @throws what the database throws; nobody is ended for that */
  async check(): Promise<void> {
    const byChannel = Map.groupBy(this.#followers.keys(), ({ channel }) => channel)
    for (const followers of byChannel.values()) {
      const allowed = await followers[0]?.allowed([...new Set(followers.map(({ userId }) => userId))])
      for (const follower of followers) {
        if (!allowed || allowed.has(follower.userId)) continue
        const onLost = this.#followers.get(follower)
        this.#followers.delete(follower)
        onLost?.()
      }
    }
  }
}
