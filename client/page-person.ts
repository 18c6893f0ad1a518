/**
 * Whom this page shows and writes as. The session is the whole browser's, so the tabs tell one another when it begins and
 * ends, over a BroadcastChannel that carries ids and reasons and nothing that opens anything; and each call and stream says
 * whom it is meant for, so that what this page asks is never done as somebody else, however late the news comes.
 */
import type { SessionEndReason } from '../shared/account.ts'

type EndReason = SessionEndReason | 'unknown'

export type TabNews = { type: 'signed-in'; personId: string } | { type: 'ended'; reason: EndReason }

const word = 'plinth-person'

/** Of a call that is meant for one person, whoever the page shows. */
export const headerNaming = (personId: string): Record<string, string> => ({ [word]: personId })

export class PagePerson {
  #id: string | null = null
  /** Whom calls are meant for. The last one also after their end: what a page still shows is written as nobody else. */
  #last: string | null = null
  /** Why the last session ended, as far as it is known. */
  #reason: EndReason = 'unknown'
  readonly #channel: BroadcastChannel | null = null
  readonly #changeListeners = new Set<() => void>()
  readonly #newsListeners = new Set<(news: TabNews) => void>()

  /** `channel`: the tabs that share a session; null for a program, whose session is its own. */
  constructor(channel: string | null) {
    if (channel === null || !globalThis.BroadcastChannel) return
    this.#channel = new BroadcastChannel(channel)
    this.#channel.onmessage = ({ data }: MessageEvent<TabNews>) => this.#hear(data)
  }

  /** Null from the end of a session on, although the page may show what was loaded. */
  get id(): string | null {
    return this.#id
  }

  /** Whose what the page shows is, also after their session has ended; null before anybody's has begun. */
  get lastId(): string | null {
    return this.#last
  }

  /** As a header. */
  get header(): Record<string, string> {
    return this.#last === null ? {} : headerNaming(this.#last)
  }

  /** As the end of an address. */
  get query(): string {
    return this.#last === null ? '' : `?${new URLSearchParams(this.header)}`
  }

  become(id: string | null, reason: EndReason = 'unknown'): void {
    if (!(id === null ? this.#end(reason) : this.#change(id))) return
    const news: TabNews = id === null ? { type: 'ended', reason } : { type: 'signed-in', personId: id }
    this.#channel?.postMessage(news)
  }

  /** Calls back when this page is another's, or nobody's, from now on: what is open was opened as the one before. */
  onChange(listener: () => void): () => void {
    this.#changeListeners.add(listener)
    return () => this.#changeListeners.delete(listener)
  }

  onNews(listener: (news: TabNews) => void): () => void {
    this.#newsListeners.add(listener)
    return () => this.#newsListeners.delete(listener)
  }

  close(): void {
    this.#channel?.close()
  }

  #hear(news: TabNews) {
    if (news.type === 'ended' ? !this.#end(news.reason) : this.#id === news.personId) return
    for (const listener of [...this.#newsListeners]) listener(news)
  }

  /** False if nothing changed. A refused call shows only that the session has ended; the reason may come later. */
  #end(reason: EndReason): boolean {
    const isReasonNew = this.#last !== null && reason !== 'unknown' && reason !== this.#reason
    if (this.#id === null && !isReasonNew) return false
    this.#reason = reason
    this.#change(null)
    return true
  }

  #change(id: string | null): boolean {
    if (id === this.#id) return false
    if (id !== null) this.#reason = 'unknown'
    this.#id = id
    if (id !== null) this.#last = id
    for (const listener of [...this.#changeListeners]) listener()
    return true
  }
}
