/**
 * Server-sent events for programs: Node has no EventSource by default, and a browser's could not send their headers.
 * eventsource-parser parses the stream; this file has the part of the interface that tRPC's client uses, and the reconnecting:
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import { createParser } from 'eventsource-parser'

type Listener = (event: { type: string; data: string; lastEventId: string }) => void

export class FetchEventSource {
  static readonly CONNECTING = 0
  static readonly OPEN = 1
  static readonly CLOSED = 2
  readonly CONNECTING = 0
  readonly OPEN = 1
  readonly CLOSED = 2
  readyState: 0 | 1 | 2 = 0
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #abort = new AbortController()
  readonly #url: string
  readonly #headers: () => Promise<Record<string, string>>
  #lastEventId = ''
  /** Until the server sends another (`retry`). */
  #reconnectMs = 1000
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `headers` is asked for each time that the stream begins (again). */
  constructor(
    url: string,
    { headers = {} }: { headers?: Record<string, string> | (() => Promise<Record<string, string>>) } = {},
  ) {
    this.#url = url
    this.#headers = typeof headers === 'function' ? headers : async () => headers
    void this.#read()
  }

  addEventListener(type: string, listener: Listener) {
    const known = this.#listeners.get(type)
    if (known) known.add(listener)
    else this.#listeners.set(type, new Set([listener]))
  }

  removeEventListener(type: string, listener: Listener) {
    this.#listeners.get(type)?.delete(listener)
  }

  close() {
    this.readyState = 2
    clearTimeout(this.#timer)
    this.#abort.abort()
  }

  async #read(): Promise<void> {
    const lastEventId = this.#lastEventId && { 'last-event-id': this.#lastEventId }
    try {
      const answer = await fetch(this.#url, {
        headers: { ...(await this.#headers()), accept: 'text/event-stream', ...lastEventId },
        cache: 'no-store',
        credentials: 'include',
        signal: this.#abort.signal,
      })
      if (answer.status !== 200 || !answer.headers.get('content-type')?.startsWith('text/event-stream')) {
        await answer.body?.cancel()
        return this.#fail(2)
      }
      this.readyState = 1
      this.#tell('open', '')
      const parser = createParser({
        onEvent: ({ event = 'message', data }) => this.#tell(event, data),
        onId: (id) => {
          this.#lastEventId = id
        },
        onRetry: (ms) => {
          this.#reconnectMs = ms
        },
      })
      for await (const text of (answer.body as ReadableStream<Uint8Array>).pipeThrough(decoder())) parser.feed(text)
    } catch {
      // The network; as a stream that ends.
    }
    this.#fail(0)
  }

  #fail(state: 0 | 2) {
    if (this.readyState === 2) return
    this.readyState = state
    if (state === 0) this.#timer = setTimeout(() => void this.#read(), this.#reconnectMs)
    this.#tell('error', '')
  }

  #tell(type: string, data: string) {
    if (this.readyState === 2 && type !== 'error') return
    for (const listener of this.#listeners.get(type) ?? []) listener({ type, data, lastEventId: this.#lastEventId })
  }
}

const decoder = () => new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>
