/**
 * Sends, one after the other, for as long as there is something to send. Each try is made while no other tab makes one; between two
 * tries every tab waits for itself, so that one that sleeps keeps none waiting, and the first that may go on does.
 */
import { isPassing, type PlinthError } from './errors.ts'
import { Pause } from './pause.ts'
import { alone } from './web-lock.ts'

/** What is to be done after a try. `wait`: it failed for a while, and stands where it stood. */
export type Step = { next: 'nothing' } | { next: 'go-on' } | { next: 'wait'; failure: PlinthError }

const shortestPauseMs = 1000
const longestPauseMs = 30_000

export class OutboxSender {
  readonly #lock: string
  readonly #tryNext: (signal: AbortSignal) => Promise<Step>
  readonly #pace: number
  readonly #end = new AbortController()
  /** Within this page, also where there are no locks. */
  #turn: Promise<unknown> = Promise.resolve()
  #isRunning = false
  #isWanted = false
  #failures = 0
  #pause: Pause | null = null
  #isToldToWait = false

  /** `tryNext` never rejects. `pace`: see `PlinthOptions`. */
  constructor(lock: string, tryNext: (signal: AbortSignal) => Promise<Step>, pace: number) {
    this.#lock = lock
    this.#pace = pace
    this.#tryNext = tryNext
  }

  /** There may be something to send. */
  wake(): void {
    if (this.#end.signal.aborted) return
    this.#isWanted = true
    if (!this.#isToldToWait && isOnline()) this.#pause?.end()
    if (!this.#isRunning) void this.#run()
  }

  /** While nothing is being sent, in no tab. @throws DOMException after `close` */
  whileIdle<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => alone(this.#lock, task, this.#end.signal))
    this.#turn = turn.catch(() => {})
    return turn
  }

  close(): void {
    this.#end.abort()
    this.#pause?.end()
  }

  async #run() {
    this.#isRunning = true
    while (this.#isWanted && !this.#end.signal.aborted) {
      this.#isWanted = false
      const step = await this.#try()
      if (step.next === 'nothing') continue
      // Whoever asked for another one meanwhile may know that things are better now.
      if (step.next === 'go-on' || this.#isWanted) this.#failures = 0
      this.#isWanted = true
      if (step.next === 'wait') await this.#wait(step.failure)
    }
    this.#isRunning = false
  }

  async #try(): Promise<Step> {
    const onOnline = () => {
      this.#isWanted = true
    }
    globalThis.addEventListener?.('online', onOnline)
    try {
      return await this.whileIdle(() => this.#tryNext(this.#end.signal))
    } catch {
      return { next: 'nothing' }
    } finally {
      globalThis.removeEventListener?.('online', onOnline)
    }
  }

  async #wait({ code, retryAfterS }: PlinthError) {
    if (this.#end.signal.aborted) return
    this.#isToldToWait = code === 'RATE_LIMITED'
    const growing = Math.min(shortestPauseMs * 2 ** this.#failures++, longestPauseMs)
    // A pause may be half of what it is made for.
    const afterMs = (retryAfterS ?? 0) * 2000
    this.#pause = new Pause(Math.max(this.#pace * (isOnline() ? growing : longestPauseMs), afterMs))
    await this.#pause.over
    this.#pause = null
    this.#isToldToWait = false
  }
}

/** A browser that says it has a network may be wrong. */
export const isOnline = () => globalThis.navigator?.onLine !== false

/** Somebody has to sign in before anything more is sent. */
const needSignIn: ReadonlySet<string> = new Set([
  'UNAUTHENTICATED',
  'ACCESS_TOKEN_MISSING',
  'INVALID_CREDENTIAL',
  'SESSION_ENDED',
  'REFRESH_REUSED',
  'PERSON_CHANGED',
  'ACCOUNT_DISABLED',
])

/** After this many, a fault of the server's is one that will not pass by itself. */
const faultsTaken = 3

/** What a failure says of the entry that was sent for the `tries`th time. */
export function verdictOn({ code }: PlinthError, tries: number): 'passing' | 'stopped' | 'refused' {
  if (needSignIn.has(code)) return 'stopped'
  if (isPassing(code) || code === 'RATE_LIMITED' || code === 'REQUEST_TIMEOUT') return 'passing'
  return code === 'INTERNAL_ERROR' && tries < faultsTaken ? 'passing' : 'refused'
}
