/** Where `X-User-Id` stands among credentials: below all others, beside which it may only agree. */
import type { IncomingMessage } from 'node:http'
import type { Config } from '../config/config.ts'
import { type Presented, presentedTokens, type Resolution } from './credential.ts'
import type { LegacyHeader } from './legacy-header.ts'
import type { LegacySessions } from './legacy-sessions.ts'
import { cookieValues, refreshCookieName, sessionCookieName } from './session-cookie.ts'

const refused = { kind: 'refused', code: 'INVALID_CREDENTIAL', staleCookie: false } as const

export class LegacyBridge {
  readonly #header: LegacyHeader
  readonly #sessions: LegacySessions

  readonly #cookies: readonly string[]

  constructor(header: LegacyHeader, sessions: LegacySessions, config: Config) {
    this.#header = header
    this.#sessions = sessions
    this.#cookies = [sessionCookieName(config), refreshCookieName(config)]
  }

  /**
   * `stronger` is what the request's other credentials say. A bad one stays refused, a cookie that is over too: it never lets the
   * header through. A header that nobody vouches for names nobody, so beside a good credential it says nothing.
   */
  async decide(stronger: Resolution, { raw, ip, id }: Presented): Promise<Resolution> {
    if (stronger.kind === 'refused') return stronger
    const word = this.#header.read(raw)
    if (word.kind === 'none') return stronger
    if (stronger.kind === 'signed-in') {
      const { actor } = stronger
      if (word.kind === 'bad' || (await this.#sessions.personIdOf(word.legacyId)) === actor.id) return stronger
      // Nobody's yet counts as somebody else's: alone, it would make another person.
      return { ...refused, claim: { actor, legacyId: word.legacyId } }
    }
    // Such as a refresh token, which opens nothing until it is exchanged, and is the stronger one all the same.
    if (this.#presentsOther(raw)) return stronger
    if (word.kind === 'bad') return refused
    const from = { ip, requestId: id, userAgent: raw.headers['user-agent'], raw }
    const actor = await this.#sessions.find(word.legacyId, from)
    return actor ? { kind: 'signed-in', actor } : refused
  }

  /** Whether a request stands on the header and nothing else, before anybody is asked. */
  isAlone(raw: IncomingMessage): boolean {
    return !this.#presentsOther(raw) && this.#header.read(raw).kind === 'vouched'
  }

  #presentsOther(raw: IncomingMessage): boolean {
    if (presentedTokens(raw).length > 0) return true
    return this.#cookies.some((name) => cookieValues(raw.headers.cookie, name).length > 0)
  }
}
