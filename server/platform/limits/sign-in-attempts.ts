/**
 * Bounds the guessing of passwords, by network and by account (OWASP ASVS 5.0, 6.3.1). A point is taken before an attempt and
 * given back when it was no failed one, so of a hundred at once no more than the limit can fail.
 *
 * By account too, for a botnet has a network for every guess; whoever knows an address can thereby keep its owner from signing
 * in by password for as long as they go on. Other ways in stay open, a session that is open stays so, and a password that was
 * reset by mail gives the account back (`forgive`).
 */
import { AppError, toAppError } from '../errors/app-error.ts'
import { networkOf } from './open-connections.ts'
import { type SharedWindows, secondsLeft, type Windows } from './windows.ts'

interface Point {
  readonly key: string
  readonly from: Windows
  /** By this process's clock, and rather too early than too late. */
  readonly endsAt: number
}

/** A command that is on its way when its window ends would be counted in the next. */
const onItsWayMs = 5_000

export interface AttemptLimits {
  /** Failures of a network, failures of an account, and mails of an account. */
  readonly signIn: number
  /** Mails of a network: each may be for somebody else, so as many as there are calls of whoever is not signed in. */
  readonly anonymous: number
}

export class SignInAttempts {
  readonly #windows: SharedWindows
  readonly #limits: AttemptLimits

  constructor(windows: SharedWindows, limits: AttemptLimits) {
    this.#windows = windows
    this.#limits = limits
  }

  /**
   * Runs `attempt` unless too many have failed. Every failure that is the caller's (4xx) counts; one of ours (503) and
   * success do not, nor does an attempt that the user cancelled. `account` is null if only the attempt itself shows whose it is. Not in a
   * transaction: counts are stored through a connection of their own. @throws AppError TOO_MANY_ATTEMPTS
   */
  async guard<T>(ip: string, account: string | null, attempt: () => Promise<T>): Promise<T> {
    const taken = await this.#take('attempt', ip, account, this.#limits.signIn)
    const giveBack = () => Promise.all(taken.map((point) => this.#giveBack(point)))
    let result: T
    try {
      result = await attempt()
    } catch (error) {
      const { status, code } = toAppError(error)
      if (status >= 500 || code === 'SIGN_IN_CANCELLED') await giveBack()
      throw error
    }
    await giveBack()
    return result
  }

  /**
   * Before a mail that anybody may ask for: every one counts, whatever comes of it, apart from failed attempts.
   * @throws AppError TOO_MANY_ATTEMPTS
   */
  async countMail(ip: string, account: string): Promise<void> {
    await this.#take('mail', ip, account, this.#limits.anonymous)
  }

  /** The account's failures are over; those of networks stay. */
  async forgive(account: string): Promise<void> {
    await this.#windows.forget(accountKey('attempt', account))
  }

  /** One of each, or none: what is refused must not count against whoever is let in beside it. */
  async #take(what: string, ip: string, account: string | null, perNetwork: number): Promise<Point[]> {
    const limits: [key: string, limit: number][] = [[`${what} network ${networkOf(ip)}`, perNetwork]]
    if (account !== null) limits.push([accountKey(what, account), this.#limits.signIn])
    const taken: Point[] = []
    for (const [key, limit] of limits) {
      const askedAt = performance.now()
      const { points, endsInMs, from } = await this.#windows.add(key)
      taken.push({ key, from, endsAt: askedAt + endsInMs })
      if (points <= limit) continue
      await Promise.all(taken.map((point) => this.#giveBack(point)))
      throw new AppError('TOO_MANY_ATTEMPTS', { retryAfterS: secondsLeft({ endsInMs }) })
    }
    return taken
  }

  async #giveBack({ key, from, endsAt }: Point): Promise<void> {
    // Never into the next window: attempts that end in it would be worth as many guesses more.
    if (performance.now() < endsAt - onItsWayMs) await this.#windows.giveBack(key, from)
  }
}

/** However it is written. */
const accountKey = (what: string, account: string) =>
  `${what} account ${account.trim().normalize('NFKC').toLowerCase()}`
