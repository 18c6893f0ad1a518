/**
 * Who wants to know when a session ends: open sockets and streams. A notice says it at once; a look at the table
 * every two seconds finds what no notice said (a lost one, an expiry, a disabled account).
 */
import type { SessionEndReason } from '../../../shared/account.ts'

type Listener = (reason: SessionEndReason) => void

export class SessionWatch {
  readonly #listeners = new Map<string, Set<Listener>>()

  /** Calls `listener` once when the session ends, unless unwatched before. */
  watch(sessionId: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(sessionId) ?? new Set()
    this.#listeners.set(sessionId, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(sessionId) === listeners) this.#listeners.delete(sessionId)
    }
  }

  /** How many listeners there are. */
  get size(): number {
    let size = 0
    for (const listeners of this.#listeners.values()) size += listeners.size
    return size
  }

  get sessionIds(): string[] {
    return [...this.#listeners.keys()]
  }

  tell(sessionId: string, reason: SessionEndReason): void {
    const listeners = this.#listeners.get(sessionId)
    this.#listeners.delete(sessionId)
    for (const listener of listeners ?? []) listener(reason)
  }
}
