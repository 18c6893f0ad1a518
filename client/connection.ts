/**
 * The one WebSocket of a client and what is known of it. Close code 4401 means that the session is over: reconnecting
 * with the same cookie would only be refused again, so it ends there until a new subscription asks for a socket.
 */
import { createWSClient, TRPCClientError } from '@trpc/client'
import type { AppRouter } from '../server/router.ts'
import { PlinthError } from './errors.ts'

/**
 * `disconnected`: no socket, none wanted or none to be had yet; `connecting`: the first try, or trying again;
 * `needs-auth`: the server wants a sign-in.
 */
export type ConnectionState = 'connecting' | 'connected' | 'disconnected' | 'needs-auth'

type Socket = ReturnType<typeof createWSClient>

const sessionOver = 4401
const idleCloseMs = 10_000

export class Connection {
  #state: ConnectionState = 'disconnected'
  #socket: Socket | null = null
  #closed = false
  readonly #listeners = new Set<(state: ConnectionState) => void>()
  readonly #url: string
  readonly #headers: Record<string, string>
  /** What subscriptions fail with once the state is `needs-auth`. */
  readonly refusal = TRPCClientError.from<AppRouter>(
    new PlinthError('SESSION_ENDED', 'Your session has ended. Sign in again to continue.'),
  )

  constructor(origin: string, headers: Record<string, string>) {
    this.#url = `${origin.replace(/^http/, 'ws')}/trpc`
    this.#headers = headers
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Calls `listener` at each change, not for the present state. Returns how to stop. */
  onChange(listener: (state: ConnectionState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The shared socket, made when there is none. */
  socket(): Socket {
    if (this.#closed) throw new PlinthError('NETWORK_ERROR', 'This client was closed.')
    this.#socket ??= this.#open()
    return this.#socket
  }

  close(): void {
    this.#closed = true
    this.#drop()
    this.#become('disconnected')
  }

  #open(): Socket {
    const headers = this.#headers
    const socket = createWSClient({
      url: this.#url,
      ...(Object.keys(headers).length > 0 && { WebSocket: withHeaders(headers) }),
      lazy: { enabled: true, closeMs: idleCloseMs },
      keepAlive: { enabled: true, intervalMs: 20_000, pongTimeoutMs: 10_000 },
      // Spread, so that a restarted server is not met by everybody in the same moment.
      retryDelayMs: (attempt) => Math.min(200 * 2 ** attempt, 10_000) * (0.5 + Math.random() / 2),
      onClose: (cause) => {
        if (this.#socket !== socket) return
        if (cause?.code === sessionOver) {
          // First the word, then the end: closing completes subscriptions, and these have failed.
          this.#become('needs-auth')
          this.#drop()
        }
      },
    })
    socket.connectionState.subscribe({
      next: ({ state }) => {
        if (this.#socket !== null && this.#socket !== socket) return
        if (state === 'pending') this.#become('connected')
        else if (state === 'connecting') this.#become('connecting')
        else if (this.#state !== 'needs-auth') this.#become('disconnected')
      },
    })
    return socket
  }

  #drop() {
    const socket = this.#socket
    this.#socket = null
    void socket?.close()
  }

  #become(state: ConnectionState) {
    if (state === this.#state) return
    this.#state = state
    for (const listener of [...this.#listeners]) listener(state)
  }
}

/** Node's WebSocket takes headers as a second argument; browsers have no such thing, and no need of it. */
function withHeaders(headers: Record<string, string>): typeof WebSocket {
  return class extends WebSocket {
    constructor(url: string | URL) {
      super(url, { headers } as never)
    }
  }
}
