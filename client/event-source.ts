/**
 * Server-sent events for programs: Node has no EventSource by default, and a browser's could not send their headers. As much
 * of the standard as tRPC's client uses: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
type Listener = (event: { type: string; data: string; lastEventId: string }) => void

const reconnectMs = 1000

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
      let rest = ''
      for await (const text of (answer.body as ReadableStream<Uint8Array>).pipeThrough(decoder())) {
        const blocks = (rest + text).replaceAll('\r\n', '\n').split('\n\n')
        rest = blocks.pop() ?? ''
        for (const block of blocks) this.#dispatch(block)
      }
    } catch {
      // The network; as a stream that ends.
    }
    this.#fail(0)
  }

  #fail(state: 0 | 2) {
    if (this.readyState === 2) return
    this.readyState = state
    if (state === 0) this.#timer = setTimeout(() => void this.#read(), reconnectMs)
    this.#tell('error', '')
  }

  #dispatch(block: string) {
    let type = 'message'
    const data: string[] = []
    for (const line of block.split('\n')) {
      const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
      if (field === 'event') type = value
      else if (field === 'data') data.push(value)
      else if (field === 'id') this.#lastEventId = value
    }
    if (data.length > 0) this.#tell(type, data.join('\n'))
  }

  #tell(type: string, data: string) {
    if (this.readyState === 2 && type !== 'error') return
    for (const listener of this.#listeners.get(type) ?? []) listener({ type, data, lastEventId: this.#lastEventId })
  }
}

const decoder = () => new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>
