/** A WebSocket client that does on the wire what it is told to, also what no well-behaved one does. */
import { once } from 'node:events'
import WebSocket from 'ws'
import { publicUrl } from './app.ts'
import { until } from './until.ts'

export interface SocketAnswer {
  id: number | string | null
  // biome-ignore lint/suspicious/noExplicitAny: as tests read answers of inject
  result?: { type: 'data' | 'started' | 'stopped'; data?: any }
  error?: { message: string; data: { code: string; httpStatus: number; requestId?: string } }
}

export class TestSocket {
  readonly ws: WebSocket
  readonly answers: SocketAnswer[] = []
  close: { code: number; reason: string } | null = null
  #lastId = 0

  /** Resolves when it is open, or rejects with `Unexpected server response: <status>`. */
  static async open(
    url: string,
    headers: Record<string, string> = {},
    path = '/trpc',
    protocols: string[] = [],
  ): Promise<TestSocket> {
    const socket = new TestSocket(new WebSocket(url.replace(/^http/, 'ws') + path, protocols, { headers }))
    await once(socket.ws, 'open')
    return socket
  }

  /** As a page does that holds a token: it can send no header. */
  static openByToken(url: string, token: string, headers: Record<string, string> = {}): Promise<TestSocket> {
    return TestSocket.open(url, { origin: publicUrl, ...headers }, '/trpc', ['plinth', `plinth.bearer.${token}`])
  }

  /** With the cookies of a browser, from our own page. */
  static openAs(url: string, { cookieHeader }: { cookieHeader: string }, path?: string): Promise<TestSocket> {
    return TestSocket.open(url, { cookie: cookieHeader, origin: publicUrl }, path)
  }

  constructor(ws: WebSocket) {
    this.ws = ws
    ws.on('message', (data) => {
      const text = String(data)
      if (text !== 'PING' && text !== 'PONG') this.answers.push(JSON.parse(text))
    })
    ws.on('close', (code, reason) => {
      this.close = { code, reason: String(reason) }
    })
    // A refused upgrade rejects `open`; a cut connection is seen in `close`.
    ws.on('error', () => {})
  }

  send(method: string, path: string, input?: unknown): number {
    const id = ++this.#lastId
    this.ws.send(JSON.stringify({ id, method, params: { path, input } }))
    return id
  }

  stop(id: number) {
    this.ws.send(JSON.stringify({ id, method: 'subscription.stop' }))
  }

  /** The first answer to `id` that is none of its `started`. */
  async answerTo(id: number | null): Promise<SocketAnswer> {
    return until(`an answer to ${id}`, () => {
      const answer = this.answers.find((answer) => answer.id === id && answer.result?.type !== 'started')
      return answer ?? (this.close && Promise.reject(new Error(`closed with ${this.close.code}`)))
    })
  }

  call(method: 'query' | 'mutation', path: string, input?: unknown): Promise<SocketAnswer> {
    return this.answerTo(this.send(method, path, input))
  }

  /** Begins a subscription; resolves when the server has begun it, rejects with its error. */
  async subscribe(path: string, input?: unknown): Promise<number> {
    const id = this.send('subscription', path, input)
    const { error } = await until(`the start of ${path}`, () => this.answers.find((answer) => answer.id === id))
    if (error) throw new Error(error.data.code)
    return id
  }

  /** How the socket ended. */
  closed(deadlineMs?: number) {
    return until('the end of the socket', () => this.close, deadlineMs)
  }
}
