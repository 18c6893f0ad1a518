/** What a feed is given, and what its holder has of it. */
import type { PlinthError } from './errors.ts'

export type LiveTransport = 'websocket' | 'sse' | 'polling'

/** `polling`: live, with some delay. `offline`: the server cannot be reached, and is tried again. `ended`: for good. */
export type FeedState = 'connecting' | 'live' | 'polling' | 'offline' | 'ended'

/** What a channel's subscription is given; spread it into the options of `subscribe`. */
export interface LiveHandlers {
  onData: (message: { id: string; data: { type: string; seq?: number } }) => void
  onError: (error: unknown) => void
  onComplete: () => void
  onConnectionStateChange: (state: { state: string; error: unknown }) => void
}

export interface LiveOptions<Snapshot extends { cursor: string }, Event extends { type: string; seq: number }> {
  /** Subscribes with `{ ...handlers, context: { transport } }`. */
  follow: (lastEventId: string, handlers: LiveHandlers, transport: 'websocket' | 'sse') => { unsubscribe(): void }
  poll: (lastEventId: string) => Promise<{ events: Event[]; cursor: string; resync: boolean }>
  snapshot: () => Promise<Snapshot>
  /** First of all, and again whenever the events since the last one cannot be had: replaces everything. */
  onSnapshot: (snapshot: Snapshot) => void
  /** `cursor`: goes on after this event. When it throws, the error is reported as uncaught and a new snapshot replaces what it left. */
  onEvent: (event: Event, cursor: string) => void
  onState?: (state: FeedState) => void
  /** Why the feed ended: signed out, not allowed, not there. Never for trouble of the network. */
  onError?: (error: PlinthError) => void
  /** From the best to the last resort. */
  transports?: readonly LiveTransport[]
  /** How often something better than the present transport is tried. */
  climbEveryMs?: number
}

/** Of a feed whose holder lets others listen too. */
export type FeedHandlers = Required<Pick<LiveOptions<{ cursor: string }, never>, 'onState' | 'onError'>>

export interface Feed {
  readonly state: FeedState
  /** What carries it now; null when nothing does. */
  readonly transport: LiveTransport | null
  close(): void
}
