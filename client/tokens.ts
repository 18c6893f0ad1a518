/**
 * The access token of this client, where the server deals in them; with a session cookie there is none, and nothing here costs
 * anything. It is in memory alone. The refresh token is in an HttpOnly cookie that the tabs of a browser share, and exchanged by one
 * of them at a time (Web Locks), by one call for all that wait; a program holds its own. Only the server's no ends a sign-in: with
 * a server that is away, the token stays what it was.
 */
import { errorTable } from '../shared/error-table.ts'
import { fromData, isPassing, networkError, PlinthError, type PlinthErrorCode } from './errors.ts'
import { alone } from './web-lock.ts'

/** Refreshed before its end, so that it does not run out on its way. */
const earlyMs = 60_000
/** A refresh whose answer is lost may be repeated for a minute. */
const triesAfterMs = [300, 1500]

interface Options {
  origin: string
  fetch: typeof fetch
  headers: Record<string, string>
  /** What a program was given; null in a browser. */
  program: { token?: string | undefined; refreshToken?: string | undefined } | null
  /** See `PlinthOptions`. */
  pace: number
}

interface Held {
  readonly token: string
  readonly endsAtMs: number
}

export class Tokens {
  readonly #options: Options
  readonly #isProgram: boolean
  #held: Held | null = null
  #refreshToken: string | undefined
  /** The exchange of a code, or a refresh, under way. */
  #renewal: Promise<string | null> | null = null
  /** The server has said that a token is needed that we do not have. */
  #isWanted = false

  constructor(options: Options) {
    this.#options = options
    this.#isProgram = options.program !== null
    this.#refreshToken = options.program?.refreshToken
    if (options.program?.token) this.#hold(options.program.token, false)
    else this.#isWanted = this.#refreshToken !== undefined
  }

  /** What calls go with now; null for none. */
  get current(): string | null {
    return this.#held?.token ?? null
  }

  /** One that lasts for a while, null where there is none to be had. @throws PlinthError when the sign-in is over */
  async fresh(): Promise<string | null> {
    const held = this.#held
    if (!this.#isWanted) {
      if (held && (Date.now() < held.endsAtMs - earlyMs || !this.#canRefresh)) return held.token
      if (!held && !this.#renewal) return null
    }
    try {
      return await this.#renew()
    } catch (error) {
      // The server is away: it may be back before the token runs out.
      if (isOver(error) || !held || Date.now() > held.endsAtMs) throw error
      return held.token
    }
  }

  /** As headers of a request. */
  async headers(): Promise<Record<string, string>> {
    const token = await this.fresh()
    return token === null ? {} : { authorization: `Bearer ${token}` }
  }

  /** As what a socket offers; a browser's can send no header. */
  async protocols(): Promise<string[] | undefined> {
    const token = await this.fresh()
    return token === null ? undefined : ['plinth', `plinth.bearer.${token}`]
  }

  /**
   * After the server has refused a call that went with `used`. True when there is another token to try with.
   * @throws PlinthError when there is none any more, or none to be had now
   */
  async renewAfter(used: string | null, code: PlinthErrorCode): Promise<boolean> {
    if (!refusals.has(code) || (used === null && code !== 'ACCESS_TOKEN_MISSING')) return false
    if (!this.#canRefresh) return false
    if (this.current === used || this.#renewal) await this.#renew()
    return this.current !== null && this.current !== used
  }

  /** The next call or socket asks for a token first. */
  want(): void {
    this.#isWanted = this.#canRefresh
  }

  /** What a sign-in answered with; without a token, the session is in a cookie. */
  signedIn({ accessToken, refreshToken }: { accessToken?: string | null; refreshToken?: string | null }): void {
    this.forget()
    if (this.#isProgram) this.#refreshToken = refreshToken ?? undefined
    if (accessToken) this.#hold(accessToken)
  }

  /** The code with which a sign-in through a provider came back to this page. */
  exchange(code: string): void {
    this.#begin(() => this.#ask('auth.exchange', { code })).catch(() => {})
  }

  forget(): void {
    this.#held = null
    this.#refreshToken = undefined
    this.#isWanted = false
  }

  /** What a program signs out with. */
  get refreshToken(): string | undefined {
    return this.#refreshToken
  }

  get #canRefresh(): boolean {
    return !this.#isProgram || this.#refreshToken !== undefined
  }

  #renew(): Promise<string | null> {
    return this.#renewal ?? this.#begin(() => this.#alone(() => this.#ask('auth.refresh', this.#refreshInput)))
  }

  get #refreshInput() {
    return this.#refreshToken === undefined ? {} : { refreshToken: this.#refreshToken }
  }

  /** For all who ask meanwhile. */
  #begin(renew: () => Promise<string>): Promise<string | null> {
    const renewal = renew()
      .catch((error) => {
        if (isOver(error)) this.forget()
        throw error
      })
      .finally(() => {
        if (this.#renewal === renewal) this.#renewal = null
      })
    this.#renewal = renewal
    return renewal
  }

  /** While no other tab does: each goes with the cookie that the one before was answered with. */
  #alone<T>(task: () => Promise<T>): Promise<T> {
    return this.#isProgram ? task() : alone(`plinth:refresh:${this.#options.origin}`, task)
  }

  async #ask(path: 'auth.refresh' | 'auth.exchange', input: object): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      try {
        const { accessToken, refreshToken } = await this.#askOnce(path, input)
        if (this.#isProgram) this.#refreshToken = refreshToken ?? this.#refreshToken
        this.#hold(accessToken)
        return accessToken
      } catch (error) {
        const pauseMs = triesAfterMs[attempt]
        if (pauseMs === undefined || !isPassing((error as PlinthError).code)) throw error
        await new Promise((resolve) => setTimeout(resolve, this.#options.pace * pauseMs))
      }
    }
  }

  async #askOnce(path: string, input: object): Promise<{ accessToken: string; refreshToken?: string | null }> {
    const { origin, headers, fetch } = this.#options
    try {
      const answer = await fetch(`${origin}/trpc/${path}`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(input),
        // Also of a page that is left meanwhile: the cookie of the answer is the browser's to keep.
        keepalive: true,
      })
      const { result, error } = await answer.json()
      if (result) return result.data
      throw fromData(error.data.code, error.message, error.data)
    } catch (error) {
      throw error instanceof PlinthError ? error : networkError()
    }
  }

  /** `isNew`: made a moment ago, so it is known how long it lasts, whatever this machine's clock says. */
  #hold(token: string, isNew = true): void {
    const { iat, exp } = timesOf(token)
    this.#held = { token, endsAtMs: isNew ? Date.now() + (exp - iat) * 1000 : exp * 1000 }
    this.#isWanted = false
  }
}

const refusals = new Set<PlinthErrorCode>(['ACCESS_TOKEN_MISSING', 'INVALID_CREDENTIAL', 'SESSION_ENDED'])

/** The server says that there is no such sign-in any more; nothing else ends one. */
const isOver = (error: unknown) => {
  const code = error instanceof PlinthError ? error.code : 'NETWORK_ERROR'
  return code !== 'NETWORK_ERROR' && errorTable[code].status === 401
}

/** Of one that says nothing, now: the server will tell. */
function timesOf(token: string): { iat: number; exp: number } {
  try {
    const claims = token.split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/') ?? ''
    const { iat, exp } = JSON.parse(atob(claims))
    return { iat: Number(iat) || 0, exp: Number(exp) || 0 }
  } catch {
    return { iat: 0, exp: 0 }
  }
}

/** The code in the fragment of this page's address, taken out of it before anything else reads or keeps it; null when there is none. */
export function takeSignInCode(): string | null {
  const { location, history } = globalThis
  const [, code, rest = ''] = /^#code=([^#]+)(#.*)?$/.exec(location?.hash ?? '') ?? []
  if (!code) return null
  history.replaceState(history.state, '', location.pathname + location.search + rest)
  return code
}
