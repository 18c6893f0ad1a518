/** A socket that speaks tRPC's protocol by hand and can stop reading, with cursors of its own over as many sockets as it takes. */
import WebSocket from 'ws'

interface Message {
  id: string
  data: { type: string }
}
interface Subscription {
  draftId: string
  cursor: string
  onMessage: (message: Message) => void
}

const againAfterMs = 200

export class SlowSocket {
  readonly #url: string
  readonly #headers: Record<string, string>
  readonly #subscriptions: Subscription[] = []
  #ws: WebSocket | null = null
  #pausedUntil = 0

  constructor(url: string, headers: Record<string, string>) {
    this.#url = url
    this.#headers = headers
    this.#open()
  }

  follow(draftId: string, cursor: string, onMessage: (message: Message) => void): void {
    const number = this.#subscriptions.push({ draftId, cursor, onMessage })
    if (this.#ws?.readyState === WebSocket.OPEN) this.#subscribe(this.#ws, number - 1)
  }

  /** Reads nothing for `ms`; what the system holds fills, and then what the server holds. */
  pause(ms: number): void {
    this.#pausedUntil = performance.now() + ms
    this.#ws?.pause()
    setTimeout(() => {
      if (performance.now() >= this.#pausedUntil - 1) this.#ws?.resume()
    }, ms)
  }

  #open() {
    const ws = new WebSocket(this.#url, { headers: this.#headers })
    this.#ws = ws
    // What was cut off comes as a close.
    ws.on('error', () => {})
    ws.on('open', () => {
      for (const at of this.#subscriptions.keys()) this.#subscribe(ws, at)
      if (performance.now() < this.#pausedUntil) ws.pause()
    })
    ws.on('message', (data) => this.#take(ws, String(data)))
    ws.on('close', () => setTimeout(() => this.#open(), againAfterMs))
  }

  #subscribe(ws: WebSocket, at: number) {
    const { draftId, cursor } = this.#subscriptions[at] as Subscription
    const params = { path: 'drafts.onEvent', input: { draftId, lastEventId: cursor } }
    ws.send(JSON.stringify({ id: at, method: 'subscription', params }))
  }

  #take(ws: WebSocket, text: string) {
    if (text === 'PING') return ws.send('PONG')
    if (text === 'PONG') return
    const { id, result, error } = JSON.parse(text)
    const subscription = this.#subscriptions[id]
    // The database is away, or the stream has ended: all of it once more.
    if (error || result?.type === 'stopped') return ws.terminate()
    if (result?.type !== 'data' || !subscription) return
    subscription.onMessage(result.data)
    subscription.cursor = result.data.id
  }
}
