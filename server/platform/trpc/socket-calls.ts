/**
 * Bounds what one tRPC socket uses of the instance (CWE-770). tRPC starts every call as its frame arrives. Here frames wait while
 * `callsAtOncePerSocket` calls run, the connection is paused meanwhile, and a client that continues after `refusalsPerSocket` refusals is
 * disconnected. At most one frame is delivered in a turn of the event loop, so other requests are served between any two, and memory
 * holds about one network buffer of waiting frames.
 */
import type { WebSocket } from 'ws'
import { AppError } from '../errors/app-error.ts'
import { closeCodes } from '../sockets/socket-door.ts'

export const subscriptionsPerSocket = 100
/** A batch is delivered whole, so it may exceed this by its own calls. */
export const callsAtOncePerSocket = 32
/** Calls refused with RATE_LIMITED after which the socket is closed. */
export const refusalsPerSocket = 100
/** Waiting frames at which the connection is paused. Frames that are in its buffer already still arrive. */
const pauseAtFrames = 16

/** A tRPC socket, and the user whose budget its calls are counted against. */
export interface CallingSocket {
  readonly payer: { id: string }
  readonly calls: SocketCalls
}

type Deliver = (...frame: unknown[]) => void

export class SocketCalls {
  readonly #socket: WebSocket
  readonly #enter: () => (() => void) | null
  readonly #waiting: unknown[][] = []
  #deliver: Deliver = () => {}
  #running = 0
  #subscriptions = 0
  #refusals = 0
  /** A frame was handed on in this turn of the event loop. */
  #isBusy = false

  /** `enter` counts a subscription of the user on all sockets and returns how to release it; null when there are too many. */
  constructor(socket: WebSocket, enter: () => (() => void) | null) {
    this.#socket = socket
    this.#enter = enter
  }

  /** Frames arrive at `deliver` in their order, the first at once and each further one in a later turn of the event loop. */
  intake(deliver: Deliver): void {
    this.#deliver = deliver
    this.#socket.on('message', (...frame) => {
      // Not read any more by whoever closes it: its answers would be sent to nobody.
      if (this.#socket.readyState !== this.#socket.OPEN) return
      this.#waiting.push(frame)
      if (this.#waiting.length >= pauseAtFrames) this.#socket.pause()
      this.#takeNext()
    })
  }

  /** Of a call that tRPC has begun; returns what ends it. */
  begin(): () => void {
    this.#running++
    return () => {
      this.#running--
      this.#takeNext()
    }
  }

  /** Returns what lets go of it. @throws AppError TOO_MANY_SUBSCRIPTIONS */
  openSubscription(): () => void {
    const leave = this.#subscriptions < subscriptionsPerSocket ? this.#enter() : null
    if (!leave) throw new AppError('TOO_MANY_SUBSCRIPTIONS')
    this.#subscriptions++
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      this.#subscriptions--
      leave()
    }
  }

  /** A call was beyond the budget. */
  noteRefusal(): void {
    if (++this.#refusals === refusalsPerSocket) this.#socket.close(closeCodes.tooMany, 'RATE_LIMITED')
  }

  #takeNext(): void {
    if (this.#isBusy || this.#running >= callsAtOncePerSocket) return
    if (this.#socket.readyState !== this.#socket.OPEN) this.#waiting.length = 0
    const frame = this.#waiting.shift()
    if (!frame) {
      if (this.#socket.isPaused) this.#socket.resume()
      return
    }
    this.#deliver(...frame)
    // Its calls begin before the next turn, and are counted then.
    this.#isBusy = true
    setImmediate(() => {
      this.#isBusy = false
      this.#takeNext()
    })
  }
}
