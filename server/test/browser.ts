/** A browser as far as a server can tell: a cookie jar, its own Origin, redirects shown and not followed. */
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'

export class TestBrowser {
  readonly cookies = new Map<string, string>()
  /** Of its page, where AUTH_SESSION_MODE is `jwt`. */
  accessToken: string | null = null
  readonly #app: FastifyInstance
  readonly #origin: string
  /** Headers of every request. */
  readonly headers: Record<string, string>

  constructor(app: FastifyInstance, origin: string, headers: Record<string, string> = {}) {
    this.#app = app
    this.#origin = origin
    this.headers = {
      host: new URL(origin).host,
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0',
      ...headers,
    }
  }

  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  get sessionToken(): string | undefined {
    return this.cookies.get('plinth_session') ?? this.cookies.get('__Host-plinth_session')
  }

  async send(options: InjectOptions): Promise<LightMyRequestResponse> {
    const answer = await this.#app.inject({
      ...options,
      headers: {
        ...this.headers,
        ...(this.cookies.size > 0 && { cookie: this.cookieHeader }),
        ...(this.accessToken !== null && { authorization: `Bearer ${this.accessToken}` }),
        ...(options.method && options.method !== 'GET' && { origin: this.#origin }),
        ...options.headers,
      },
    })
    for (const { name, value, maxAge } of answer.cookies) {
      if (maxAge === 0) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return answer
  }

  get(url: string, headers: Record<string, string> = {}) {
    return this.send({ url, headers })
  }

  /** A tRPC query, its `input` as tRPC sends it. */
  query(path: string, input?: unknown) {
    return this.get(`/trpc/${path}${input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`}`)
  }

  /** A tRPC mutation. */
  mutate(path: string, input?: unknown, headers: Record<string, string> = {}) {
    return this.send({
      method: 'POST',
      url: `/trpc/${path}`,
      headers: { 'content-type': 'application/json', ...headers },
      payload: JSON.stringify(input ?? {}),
    })
  }
}
