/**
 * The typed client: `createPlinth({ url })` and every procedure of the server is a call with its types inferred.
 * Queries and mutations go over HTTP, subscriptions over one shared WebSocket that is opened when the first one begins,
 * reconnects by itself, and stops when the server says that the session is over. Runs in browsers and in Node 22+.
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
import { errorCode, networkError, PlinthError } from './errors.ts'
import { FetchEventSource } from './event-source.ts'
import { openFeed } from './live.ts'
import type { Feed, LiveOptions } from './live-options.ts'

export type { AppRouter } from '../server/router.ts'
export type { ConnectionState } from './connection.ts'
export { errorCode, PlinthError, toPlinthError } from './errors.ts'
export type { Feed, FeedState, LiveOptions, LiveTransport } from './live-options.ts'

export interface PlinthOptions {
  /** Origin of the server, such as `https://app.example.com`. In a browser: the page's own when absent. */
  url?: string
  /** Sent with every request and with the socket's upgrade. In browsers the session cookie travels by itself. */
  headers?: Record<string, string>
}

export type Plinth = TRPCClient<AppRouter> & {
  /** The live connection, for showing it when it is not well. */
  readonly connection: Pick<Connection, 'state' | 'onChange'>
  /** A snapshot and every event after it, by the best transport that works. Goes on until it is closed or refused. */
  live<Snapshot extends { cursor: string }, Event extends { type: string; seq: number }>(
    options: LiveOptions<Snapshot, Event>,
  ): Feed
  /** Ends this session everywhere; fine when there is none. @throws PlinthError */
  signOut(): Promise<void>
  /** Ends all subscriptions and the socket. The client is not usable afterwards. */
  close(): void
}

/** How many calls travel in one request; the server takes no more. */
const callsPerBatch = 20
/** Proxies commonly refuse a request line of more than 8 KiB. */
const maxUrlLength = 8000

export function createPlinth({ url = globalThis.location?.origin, headers: given = {} }: PlinthOptions = {}): Plinth {
  if (!url) throw new TypeError('createPlinth needs a url outside a browser')
  const origin = new URL(url).origin
  // A browser names its page by itself; a program has to, or the server takes its cookie for a stolen one.
  const program = globalThis.location === undefined
  const headers = program ? { origin, ...given } : given
  const connection = new Connection(origin, program ? headers : undefined)

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
                retry: ({ error, attempts }) => isPassing(errorCode(error)) && attempts < 1000,
                retryDelayMs: (attempt) => Math.min(250 * 2 ** attempt, 15_000) * (0.5 + Math.random() / 2),
              }),
              socketLink(connection),
            ],
            false: splitLink({
              condition: ({ context }) => context.transport === 'sse',
              true: eventsLink(`${origin}/trpc`, program ? headers : null),
              false: socketLink(connection),
            }),
          }),
        ],
        false: httpBatchLink({
          url: `${origin}/trpc`,
          maxItems: callsPerBatch,
          maxURLLength: maxUrlLength,
          headers,
          fetch: (input, init) => fetch(input, { ...init, credentials: 'include' } as RequestInit),
        }),
      }),
    ],
  })

  const own = {
    connection,
    live: <Snapshot extends { cursor: string }, Event extends { type: string; seq: number }>(
      options: LiveOptions<Snapshot, Event>,
    ) => {
      const feed = openFeed(options, (end) => connection.untilOver(end))
      if (connection.closed) feed.close()
      return feed
    },
    async signOut() {
      const logout = fetch(`${origin}/auth/logout`, { method: 'POST', credentials: 'include', headers })
      const answer = await logout.catch(() => {
        throw networkError()
      })
      if (!answer.ok) throw await PlinthError.fromResponse(answer)
    },
    close: () => connection.close(),
  }
  return new Proxy(trpc, {
    get: (target, key) => (key in own ? own[key as keyof typeof own] : target[key as keyof typeof target]),
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

/** Server-sent events; `headers` for a program. */
const eventsLink = (url: string, headers: Record<string, string> | null) =>
  headers
    ? httpSubscriptionLink<AppRouter, typeof FetchEventSource>({
        url,
        EventSource: FetchEventSource,
        eventSourceOptions: { headers },
      })
    : httpSubscriptionLink<AppRouter, typeof EventSource>({ url, eventSourceOptions: { withCredentials: true } })

const isPassing = (code: string) =>
  ['NETWORK_ERROR', 'DATABASE_UNAVAILABLE', 'SERVER_BUSY', 'INTERNAL_ERROR'].includes(code)
