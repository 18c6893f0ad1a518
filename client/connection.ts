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
  readonly #followers = new Set<(failure: TRPCClientError<AppRouter> | null) => void>()
  readonly #url: string
  readonly #WebSocket: typeof WebSocket | undefined
  /** What subscriptions fail with at `needs-auth`. */
  readonly #refusal = TRPCClientError.from<AppRouter>(
    new PlinthError('SESSION_ENDED', 'Your session has ended. Sign in again to continue.'),
  )

  /** `headers` for a program; a browser's socket takes none, and sends the page's cookies by itself. */
  constructor(origin: string, headers?: Record<string, string>) {
    this.#url = `${origin.replace(/^http/, 'ws')}/trpc`
    this.#WebSocket = headers && withHeaders(headers)
  }

  get state(): ConnectionState {
    return this.#state
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Calls `listener` at each change, not for the present state. Returns how to stop. */
  readonly onChange = (listener: (state: ConnectionState) => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Calls `end` once, when subscriptions are over: with their failure at `needs-auth`, with null when the client closes. */
  untilOver(end: (failure: TRPCClientError<AppRouter> | null) => void): () => void {
    this.#followers.add(end)
    return () => this.#followers.delete(end)
  }

  /** The shared socket, made when there is none. */
  socket(): Socket {
    this.#socket ??= this.#open()
    return this.#socket
  }

  close(): void {
    this.#closed = true
    const socket = this.#socket
    this.#socket = null
    tellAll([...this.#followers], null)
    // Twice: one that opens while it is being closed starts its idle timer after all, and keeps a program alive.
    void socket?.close().then(() => socket.close())
    this.#become('disconnected')
  }

  #open(): Socket {
    const socket = createWSClient({
      url: this.#url,
      ...(this.#WebSocket && { WebSocket: this.#WebSocket }),
      lazy: { enabled: true, closeMs: idleCloseMs },
      keepAlive: { enabled: true, intervalMs: 20_000, pongTimeoutMs: 10_000 },
      // Spread, so that a restarted server is not met by everybody in the same moment.
      retryDelayMs: (attempt) => Math.min(200 * 2 ** attempt, 10_000) * (0.5 + Math.random() / 2),
      onClose: (cause) => {
        if (this.#socket !== socket || cause?.code !== sessionOver) return
        // Out of reach and counted first, for whoever subscribes at the word; closed last, for that completes its
        // subscriptions, and these have failed.
        this.#socket = null
        const followers = [...this.#followers]
        this.#become('needs-auth')
        tellAll(followers, this.#refusal)
        void socket.close()
      },
    })
    socket.connectionState.subscribe({
      next: ({ state }) => {
        if (this.#socket !== socket) return
        this.#become(state === 'pending' ? 'connected' : state === 'connecting' ? 'connecting' : 'disconnected')
      },
    })
    return socket
  }

  #become(state: ConnectionState) {
    if (state === this.#state) return
    this.#state = state
    tellAll([...this.#listeners], state)
  }
}

/** One listener's failure is not another's, nor the connection's. */
function tellAll<T>(listeners: ((value: T) => void)[], value: T) {
  for (const listener of listeners) {
    try {
      listener(value)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}

/** Node's WebSocket takes headers as a second argument. */
function withHeaders(headers: Record<string, string>): typeof WebSocket {
  return class extends WebSocket {
    constructor(url: string | URL) {
      super(url, { headers } as never)
    }
  }
}
