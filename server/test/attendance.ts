/** Somebody who is on a draft's page, and every list of who is here that they were sent. */
import type { Present } from '../../shared/presence.ts'
import type { TestBrowser } from './browser.ts'
import { plainEventsClient, plainSocketClient } from './followers.ts'

export type Stream = 'websocket' | 'sse'

export class Attendance {
  readonly lists: Present[][] = []
  readonly errors: unknown[] = []
  readonly #leave: () => unknown

  constructor(url: string, { browser }: { browser: TestBrowser }, draftId: string, stream: Stream = 'websocket') {
    const handlers = {
      onData: (list: readonly Present[]) => void this.lists.push([...list]),
      onError: (error: unknown) => void this.errors.push(error),
    }
    if (stream === 'sse') {
      const subscription = plainEventsClient(url, browser).drafts.onPresence.subscribe({ draftId }, handlers)
      this.#leave = () => subscription.unsubscribe()
    } else {
      const { trpc, close } = plainSocketClient(url, browser)
      trpc.drafts.onPresence.subscribe({ draftId }, handlers)
      this.#leave = close
    }
  }

  /** Ids of those who are here, as last told. */
  get present(): string[] {
    return idsOf(this.lists.at(-1) ?? [])
  }

  get writing(): string[] {
    return idsOf((this.lists.at(-1) ?? []).filter(({ writing }) => writing))
  }

  sees(...people: { id: string }[]): boolean {
    const { present } = this
    return present.length === people.length && people.every(({ id }) => present.includes(id))
  }

  /** How many lists since the first with `person` were without. */
  blinks(person: { id: string }): number {
    const lists = this.lists.map(idsOf)
    const first = lists.findIndex((ids) => ids.includes(person.id))
    return lists.slice(first).filter((ids) => !ids.includes(person.id)).length
  }

  leave() {
    return this.#leave()
  }
}

const idsOf = (list: readonly Present[]) => list.map(({ person }) => person.id)
