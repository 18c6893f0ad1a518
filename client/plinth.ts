/**
 * The typed client: `createPlinth({ url })` and every procedure of the server is a call with its types inferred.
 * Queries and mutations go over HTTP, and a mutation takes effect once whatever the network does (idempotency.ts).
 * Subscriptions go over one shared WebSocket that is opened when the first one begins, reconnects by itself, and stops when
 * the server says that the session is over. Runs in browsers and in Node 22+.
 */
import {
  createTRPCClient,
  httpBatchLink,
  httpSubscriptionLink,
  retryLink,
  splitLink,
  type TRPCClient,
  TRPCClientError,
  type TRPCLink,
  wsLink,
} from '@trpc/client'
import { observable } from '@trpc/server/observable'
import type { AppRouter } from '../server/router.ts'
import { Connection } from './connection.ts'
import { errorCode, isPassing, networkError, PlinthError } from './errors.ts'
import { FetchEventSource } from './event-source.ts'
import { mutationLinks } from './idempotency.ts'
import { openFeed } from './live.ts'
import type { Feed, LiveOptions } from './live-options.ts'
import { PagePerson, type TabNews } from './page-person.ts'
import { headersFor, renewing } from './renewal.ts'
import { inStreamSlot } from './stream-slot.ts'
import { Tokens, takeSignInCode } from './tokens.ts'

export type { AppRouter } from '../server/router.ts'
export type { ConnectionState } from './connection.ts'
export { errorCode, PlinthError, toPlinthError } from './errors.ts'
export type { Feed, FeedState, LiveOptions, LiveTransport } from './live-options.ts'
export type { TabNews } from './page-person.ts'

export interface PlinthOptions {
  /** Origin of the server, such as `https://app.example.com`. In a browser: the page's own when absent. */
  url?: string
  /** Sent with every request and with the socket's upgrade. In browsers the session cookie travels by itself. */
  headers?: Record<string, string>
  /** Of a program: an API key, or an access token, such as `auth.login` answers with, which alone is good for 15 minutes. */
  token?: string
  /** Of a program: renews the access token for as long as the sign-in lasts. It is exchanged for another at each use. */
  refreshToken?: string
  /** Multiplies every wait before the server is asked again. For tests. */
  pace?: number
}

export type Plinth = TRPCClient<AppRouter> & {
  /** Of the server. */
  readonly origin: string
  /** The live connection, for showing it when it is not well. */
  readonly connection: Pick<Connection, 'state' | 'onChange'>
  /** A snapshot and every event after it, by the best transport that works. Goes on until it is closed or refused. */
  live<Snapshot extends { cursor: string }, Event extends { type: string; seq: number }>(
    options: LiveOptions<Snapshot, Event>,
  ): Feed
  /**
   * Says whom the page shows, null for nobody. From then on its calls and streams are refused with PERSON_CHANGED where the
   * browser's session is another's, what was open ends, and the other tabs hear of it.
   */
  actAs: PagePerson['become']
  /** Whom the page shows, as it has said by `actAs`. */
  readonly actingAs: Pick<PagePerson, 'id' | 'lastId' | 'onChange'>
  /** Another tab signed out, or in as somebody whom this page does not show: ask `account.me`. Returns how to stop. */
  onOtherTab(listener: (news: TabNews) => void): () => void
  /** Ends this session everywhere; fine when there is none. @throws PlinthError */
  signOut(): Promise<void>
  /** Ends all subscriptions and the socket. The client is not usable afterwards. */
  close(): void
}

/** How many calls travel in one request; the server takes no more. */
const callsPerBatch = 20
/** Proxies commonly refuse a request line of more than 8 KiB. */
const maxUrlLength = 8000
/** A connection can be silent for ever, and nothing is tried again before its answer. */
const answerWithinMs = 15_000

export function createPlinth({
  url = globalThis.location?.origin,
  headers: given = {},
  pace = 1,
  ...own
}: PlinthOptions = {}): Plinth {
  if (!url) throw new TypeError('createPlinth needs a url outside a browser')
  const origin = new URL(url).origin
  // A browser names its page by itself; a program has to, or the server takes its cookie for a stolen one.
  const program = globalThis.location === undefined
  const ownHeaders = program ? { origin, ...given } : given
  const person = new PagePerson(program ? null : `plinth:${origin}`)
  const headers = () => ({ ...ownHeaders, ...person.header })
  const socketUrl = `${origin.replace(/^http/, 'ws')}/trpc`
  const eventsUrl = () => `${origin}/trpc${person.query}`
  const fetchInTime = ((input, { signal, ...init } = {}) => {
    const tooLate = AbortSignal.timeout(answerWithinMs)
    return fetch(input, {
      ...init,
      signal: signal ? AbortSignal.any([signal, tooLate]) : tooLate,
      credentials: 'include',
    })
  }) as typeof fetch
  const tokens = new Tokens({ origin, fetch: fetchInTime, headers: ownHeaders, program: program ? own : null, pace })
  const code = program ? null : takeSignInCode()
  if (code !== null) tokens.exchange(code)
  const connection = new Connection(() => socketUrl + person.query, {
    tokens,
    headers: program ? ownHeaders : undefined,
    pace,
  })
  person.onChange(() => connection.endSession())

  const renew = renewing(tokens, program)
  const http = { url: `${origin}/trpc`, fetch: fetchInTime }
  const trpc = createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: ({ type }) => type === 'subscription',
        // `retryLink` first: without it an error that the server sends ends a subscription for good.
        true: [
          untilOver(connection),
          splitLink({
            // A feed names its transport, and resumes by itself from a cursor of its own.
            condition: ({ context }) => context.transport === undefined,
            true: [
              retryLink({
                retry: ({ error, attempts }) => {
                  const code = errorCode(error)
                  return (isPassing(code) || code === 'INTERNAL_ERROR') && attempts < 1000
                },
                retryDelayMs: (attempt) => pace * Math.min(250 * 2 ** attempt, 15_000) * (0.5 + Math.random() / 2),
              }),
              socketLink(connection),
            ],
            false: splitLink({
              condition: ({ context }) => context.transport === 'sse',
              true: program
                ? eventsByFetch(eventsUrl, tokens, ownHeaders)
                : inStreamSlot(origin, eventsLink(eventsUrl, tokens, ownHeaders)),
              false: socketLink(connection),
            }),
          }),
        ],
        false: splitLink({
          condition: ({ type }) => type === 'mutation',
          true: mutationLinks({ ...http, headers, renew, pace, credentials: (path) => headersFor(tokens, path) }),
          false: [
            renew,
            httpBatchLink({
              ...http,
              headers: async () => ({ ...headers(), ...(await tokens.headers()) }),
              maxItems: callsPerBatch,
              maxURLLength: maxUrlLength,
            }),
          ],
        }),
      }),
    ],
  })

  const members = {
    origin,
    connection,
    live: <Snapshot extends { cursor: string }, Event extends { type: string; seq: number }>(
      options: LiveOptions<Snapshot, Event>,
    ) => {
      const feed = openFeed(options, (end) => connection.untilOver(end), pace)
      if (connection.closed) feed.close()
      return feed
    },
    actAs: person.become.bind(person) as PagePerson['become'],
    actingAs: person,
    onOtherTab: (listener: (news: TabNews) => void) => person.onNews(listener),
    async signOut() {
      if (tokens.refreshToken) await trpc.auth.logout.mutate({ refreshToken: tokens.refreshToken })
      else await signOutByCookie(fetchInTime, origin, { ...ownHeaders, ...(program && bearerOf(tokens)) })
      tokens.forget()
      person.become(null, 'signed-out')
    },
    close() {
      person.close()
      connection.close()
    },
  }
  return new Proxy(trpc, {
    get: (target, key) => (key in members ? members[key as keyof typeof members] : target[key as keyof typeof target]),
  }) as Plinth
}

/**
 * Ends a subscription with the connection that it hangs on. Around the retries: a call that went down with a socket
 * which the server refused looks like a lost network, and would be tried again for ever.
 */
function untilOver(connection: Connection): TRPCLink<AppRouter> {
  return () =>
    ({ op, next }) =>
      observable((observer) => {
        if (connection.closed) return observer.error(TRPCClientError.from(networkError()))
        const inner = next(op).subscribe(observer)
        const forget = connection.untilOver((failure) => (failure ? observer.error(failure) : observer.complete()))
        return () => {
          forget()
          inner.unsubscribe()
        }
      })
}

/** Each subscription asks for the socket when it begins, so one that begins after `needs-auth` gets a fresh one. */
function socketLink(connection: Connection): TRPCLink<AppRouter> {
  return (runtime) => (call) =>
    observable((observer) => wsLink<AppRouter>({ client: connection.socket() })(runtime)(call).subscribe(observer))
}

/** @throws PlinthError */
async function signOutByCookie(send: typeof fetch, origin: string, headers: Record<string, string>): Promise<void> {
  const answer = await send(`${origin}/auth/logout`, { method: 'POST', headers }).catch(() => {
    throw networkError()
  })
  if (!answer.ok) throw await PlinthError.fromResponse(answer)
}

const bearerOf = ({ current }: Tokens): Record<string, string> =>
  current === null ? {} : { authorization: `Bearer ${current}` }

/** Server-sent events of a page: the browser's own where a cookie is enough, for they can send no token. */
function eventsLink(url: () => string, tokens: Tokens, headers: Record<string, string>): TRPCLink<AppRouter> {
  return (runtime) => {
    const byCookie = httpSubscriptionLink<AppRouter, typeof EventSource>({
      url,
      eventSourceOptions: { withCredentials: true },
    })(runtime)
    const byToken = eventsByFetch(url, tokens, headers)(runtime)
    return (call) => (tokens.current === null ? byCookie : byToken)(call)
  }
}

const eventsByFetch = (url: () => string, tokens: Tokens, headers: Record<string, string>) =>
  httpSubscriptionLink<AppRouter, typeof FetchEventSource>({
    url,
    EventSource: FetchEventSource,
    eventSourceOptions: { headers: async () => ({ ...headers, ...(await tokens.headers()) }) },
  })
