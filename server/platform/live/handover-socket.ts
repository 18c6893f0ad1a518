/**
 * What tRPC's WebSocket handler takes for the socket. With the encoder that leaves messages as they are, `send` sees tRPC's
 * own objects, and one kind of them is not for the wire: from a HandOver on, the hub writes this request's events itself.
 */
import type { WebSocket } from 'ws'
import { HandOver } from './follow.ts'
import { SocketSink } from './socket-sink.ts'
import { TrackedForm } from './tracked-form.ts'

export const objectEncoder = {
  encode: (message: unknown) => message as string,
  decode: (text: string | ArrayBuffer | Uint8Array) => JSON.parse(String(text)),
}

interface ResultMessage {
  id: number | string
  jsonrpc?: '2.0'
  result?: { type: string; data?: unknown }
}

/** Hands each frame that arrives on, when its turn has come. */
interface Calls {
  intake(deliver: (...frame: unknown[]) => void): void
}

export class HandOverSocket {
  readonly #socket: WebSocket
  readonly #calls: Calls
  readonly #onFailed: (error: unknown) => void

  /** `onFailed`: the database went away while a subscriber was being brought up to date; its socket is closed. */
  constructor(socket: WebSocket, calls: Calls, onFailed: (error: unknown) => void) {
    this.#socket = socket
    this.#calls = calls
    this.#onFailed = onFailed
  }

  get readyState() {
    return this.#socket.readyState
  }

  on(event: string, listener: (...args: unknown[]) => void) {
    if (event === 'message') this.#calls.intake(listener)
    else this.#socket.on(event, listener)
    return this
  }

  once(event: string, listener: (...args: unknown[]) => void) {
    this.#socket.once(event, listener)
    return this
  }

  close(code?: number, reason?: string) {
    this.#socket.close(code, reason)
  }

  terminate() {
    this.#socket.terminate()
  }

  send(message: string | ResultMessage) {
    // PING and PONG are no JSON.
    if (typeof message === 'string') return this.#socket.send(message)
    const handOver = message.result?.data
    if (!(handOver instanceof HandOver)) return this.#socket.send(JSON.stringify(message))
    handOver.begin(new SocketSink(this.#socket, new TrackedForm(message))).catch(this.#onFailed)
  }
}
