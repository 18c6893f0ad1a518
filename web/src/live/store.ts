/** A value that React follows: a new object at each change. */
import { useSyncExternalStore } from 'react'

export class Store<Value extends object> {
  readonly #listeners = new Set<() => void>()
  #now: Value

  constructor(initial: Value) {
    this.#now = initial
  }

  readonly now = () => this.#now

  readonly onChange = (listener: () => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  protected become(change: Partial<Value>) {
    this.#now = { ...this.#now, ...change }
    for (const listener of this.#listeners) listener()
  }
}

export const useStore = <Value extends object>(store: Store<Value>): Value =>
  useSyncExternalStore(store.onChange, store.now)
