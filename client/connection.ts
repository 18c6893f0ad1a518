/**
 * The one WebSocket of a client and what is known of it. Close code 4401 means that the session is over: reconnecting
 * with the same cookie would only be refused again, so it ends there until a new subscription asks for a socket. Where only an
 * access token has run out, it goes on with the next one, and subscriptions with it from their cursors.
 */
import { createWSClient, TRPCClientError } from '@trpc/client'
import type { AppRouter } from '../server/router.ts'
import { errorTable } from '../shared/error-table.ts'
import type { ErrorCode } from '../shared/errors.ts'
import { PlinthError } from './errors.ts'
import { Pause } from './pause.ts'

/**
 * `disconnected`: no socket, none wanted or none to be had yet; `connecting`: the first try, or trying again;
 * `needs-auth`: the server wants a sign-in.
 */
export type ConnectionState = 'connecting' | 'connected' | 'disconnected' | 'needs-auth'

type Socket = ReturnType<typeof createWSClient>

const sessionOver = 4401
/** Reasons beside that code for which a new access token is all that is needed. */
const tokenReasons = new Set(['token-expired', 'token-missing'])

/** What a socket goes with; see `Tokens`. */
interface Credentials {
  /** @throws PlinthError when the sign-in is over, or when nobody can tell now */
  protocols(): Promise<string[] | undefined>
  want(): void
}
interface ConnectionOptions {
  tokens: Credentials
  /** For a program. A browser's WebSocket accepts no headers and sends the page's cookies automatically. */
  headers: Record<string, string> | undefined
  /** See `PlinthOptions`. */
  pace: number
}
const idleCloseMs = 10_000

export class Connection {
  #state: ConnectionState = 'disconnected'
  #socket: Socket | null = null
  #closed = false
  readonly #listeners = new Set<(state: ConnectionState) => void>()
  readonly #followers = new Set<(failure: TRPCClientError<AppRouter> | null) => void>()
  #pause: Pause | null = null
  readonly #url: () => string
  readonly #credentials: Credentials
  readonly #WebSocket: typeof WebSocket
  readonly #pace: number
  #protocols: string[] | undefined
  /** What subscriptions fail with at `needs-auth`. */
  readonly #refusal = TRPCClientError.from<AppRouter>(
    new PlinthError('SESSION_ENDED', 'Your session has ended. Sign in again to continue.'),
  )

  constructor(url: () => string, { tokens, headers, pace }: ConnectionOptions) {
    this.#url = url
    this.#credentials = tokens
    this.#pace = pace
    this.#WebSocket = withProtocols(() => this.#protocols, headers)
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

  /** Ends what is open: the session that it was opened with is over, or is not this page's any more. */
  endSession(): void {
    const socket = this.#socket
    // Out of reach and counted first, for whoever subscribes at the word; closed last, for that completes its
    // subscriptions, and these have failed.
    this.#socket = null
    const followers = [...this.#followers]
    if (socket) this.#become('needs-auth')
    tellAll(followers, this.#refusal)
    this.#pause?.end()
    void socket?.close()
  }

  close(): void {
    this.#closed = true
    const socket = this.#socket
    this.#socket = null
    this.#pause?.end()
    tellAll([...this.#followers], null)
    // Twice: one that opens while it is being closed starts its idle timer after all, and keeps a program alive.
    void socket?.close().then(() => socket.close())
    this.#become('disconnected')
  }

  #open(): Socket {
    const socket = createWSClient({
      url: async () => {
        await this.#pause?.over
        if (this.#socket === socket && this.#followers.size === 0) this.#letGo(socket)
        await this.#takeCredentials(socket)
        if (this.#socket !== socket) throw new Error('this socket is not wanted any more')
        return this.#url()
      },
      WebSocket: this.#WebSocket,
      lazy: { enabled: true, closeMs: idleCloseMs },
      keepAlive: { enabled: true, intervalMs: 20_000, pongTimeoutMs: 10_000 },
      // Waited for above, where the wait can be cut short.
      retryDelayMs: (attempt) => {
        if (this.#socket === socket) this.#pause = new Pause(this.#pace * Math.min(200 * 2 ** attempt, 10_000))
        return 0
      },
      onClose: (cause) => {
        if (this.#socket !== socket || cause?.code !== sessionOver) return
        if (tokenReasons.has((cause as { reason?: string }).reason ?? '')) this.#credentials.want()
        else this.endSession()
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

  async #takeCredentials(socket: Socket) {
    try {
      this.#protocols = await this.#credentials.protocols()
    } catch (error) {
      const isOver = errorTable[(error as PlinthError).code as ErrorCode]?.status === 401
      if (isOver && this.#socket === socket) this.endSession()
      throw error
    }
  }

  /** tRPC would try again for ever, and keep a program alive, for nobody. */
  #letGo(socket: Socket) {
    this.#socket = null
    void socket.close()
    this.#become('disconnected')
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

/** tRPC's client names none. Node's WebSocket takes headers too. */
function withProtocols(protocols: () => string[] | undefined, headers?: Record<string, string>): typeof WebSocket {
  return class extends WebSocket {
    constructor(url: string | URL) {
      super(url, headers ? ({ headers, protocols: protocols() } as never) : protocols())
    }
  }
}
