/** What a live collection is given, and what its holder reads from it. */
import type { ListPage } from './channel.ts'
import type { PlinthError } from './errors.ts'
import type { StoredRows } from './known-rows.ts'
import type { Feed, FeedHandlers, FeedState } from './live-options.ts'
import type { QueuedCall, Shown } from './optimistic-rows.ts'
import type { EntryState, OutboxEntry } from './outbox-entry.ts'

export type ListEntry = QueuedCall & { state: EntryState }

/** An `Outbox` is one. */
export interface CallQueue {
  readonly entries: readonly ListEntry[]
  onChange(listener: () => void): () => void
  onAnswer(listener: (answered: ListEntry & { answer: unknown }) => void): () => void
}

export interface CollectionOptions<Row, Event, View extends string, Page = ListPage<Row>> {
  /** That is shown first. */
  view: View
  /** Null for a list that no queued call changes. */
  queue: CallQueue | null
  /** From the visit before, and what `store` is called with: at most once a second, and when the collection stops. */
  stored?: StoredRows<Row, View> | undefined
  store?: (rows: StoredRows<Row, View>) => void
  /** Of `view`, where it is loaded already. Shown until the server has answered. */
  firstPage?: ListPage<Row> | undefined
  /** Opens the feed, and another one when the session is renewed. Returns how to close it. */
  follow?: (open: (handlers: FeedHandlers) => Feed) => () => void
  /** After an event that changes something which no queued call changes. `before`: the row until then. */
  onRemoteChange?: (event: Event, before: Row | undefined) => void
  /** After each event, also one that changes no row, and after each snapshot: for what a page shows beside the rows. */
  onEvent?: (event: Event) => void
  onSnapshot?: (first: Page) => void
  /** The feed has ended for good: signed out, not allowed, not found. */
  onEnded?: (failure: PlinthError) => void
  /** Of a load, other than the feed's own. */
  onFailure?: (error: unknown) => void
}

export interface FollowState {
  feed: FeedState
  /** Why there is nothing to show. */
  failure: PlinthError | null
  /** Why no further page comes. */
  moreFailure: PlinthError | null
}

export interface InSight<Row, Path extends string> extends FollowState {
  shown: Shown<Row>
  isLoadingMore: boolean
  /** Calls that the server refused. */
  refused: readonly OutboxEntry<Path>[]
}
