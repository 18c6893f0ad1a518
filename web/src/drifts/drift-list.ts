/** The list of drifts with the filters of its user, live; see client/live-collection.ts. What is shown is held still, by held-rows.ts. */
import type { Channel } from '../../../client/channel.ts'
import { LiveCollection } from '../../../client/live-collection.ts'
import type { FeedState, PlinthError } from '../../../client/plinth.ts'
import { readOnce } from '../../../client/read-once.ts'
import type { DriftEvent, DriftSummary } from '../../../shared/drifts.ts'
import { Store } from '../live/store.ts'
import { openCollection } from '../live/use-collection.ts'
import { lookAgain, plinth, queryClient } from '../plinth.ts'
import { driftQuery, firstPageQuery, rowsPerPage } from './drift-queries.ts'
import { driftRules, filtersOf, movesInto, viewOf } from './drift-rules.ts'
import type { DriftsSearch } from './drift-words.ts'
import { type HeldRows, holdRows } from './held-rows.ts'

export interface ShownDrifts extends HeldRows<DriftSummary> {
  /** Of all that match, those that arrived too. */
  total: number
  hasMore: boolean
}

export interface DriftListInSight {
  filters: DriftsSearch
  feed: FeedState
  /** Null until the first page is loaded. That of the filters before until the page of these is loaded. */
  list: ShownDrifts | null
  /** How many matched when they were loaded. */
  found: number | null
  isLoading: boolean
  isLoadingMore: boolean
  /** Why the first page, or the next one, did not come. */
  failure: PlinthError | null
  moreFailure: PlinthError | null
}

interface Listeners {
  onEvent: (event: DriftEvent) => void
  onSnapshot: () => void
}

const channel: Channel<DriftSummary, DriftEvent, never, string> = {
  ...driftRules,
  page: (view, cursor) =>
    cursor === null
      ? queryClient.fetchQuery({ ...firstPageQuery(filtersOf(view)), staleTime: 0 })
      : plinth.drifts.list.query({ ...filtersOf(view), cursor, limit: rowsPerPage }),
  count: async (view) => (await plinth.drifts.list.query({ ...filtersOf(view), limit: 1 })).pagination.total,
  countAfterMs: 5_000,
  follow: (lastEventId, handlers, transport) =>
    plinth.drifts.onEvent.subscribe({ lastEventId }, { ...handlers, context: { transport } }),
  poll: (lastEventId) => plinth.drifts.events.query({ lastEventId }),
}

export class DriftList extends Store<DriftListInSight> {
  readonly #live: LiveCollection<DriftSummary, DriftEvent, never, string>
  /** Visitors who are not signed in read, and do not follow. */
  readonly #isFollowed: boolean
  /** Of the rows that are held, and of their filters. */
  #seen: readonly string[] = []
  #view: string | null = null
  #forget = () => {}

  constructor(myId: string | null, { onEvent, onSnapshot }: Listeners) {
    super({
      filters: {},
      feed: 'connecting',
      list: null,
      found: null,
      isLoading: true,
      isLoadingMore: false,
      failure: null,
      moreFailure: null,
    })
    this.#isFollowed = myId !== null
    const options = {
      view: viewOf({}),
      onSnapshot: () => {
        if (this.#isFollowed) onSnapshot()
        else this.showArrived()
      },
      onEvent: (event: DriftEvent) => {
        this.#readUnknown(event)
        onEvent(event)
      },
    }
    this.#live =
      myId === null
        ? new LiveCollection({ live: readOnce }, channel, { ...options, queue: null, onFailure: lookAgain })
        : openCollection(myId, 'drift-list', channel, options)
  }

  start() {
    this.#forget = this.#live.onChange(() => this.#look())
    this.#live.start()
  }

  /** What was loaded stays. */
  stop() {
    this.#live.stop()
    this.#forget()
    this.#look()
  }

  /** What there is stays until the response comes. */
  readonly reload = () => this.#live.restart()

  readonly retry = () => this.#live.retry()

  readonly more = () => void this.#live.loadMore()

  show(filters: DriftsSearch) {
    const view = viewOf(filters)
    this.become({ filters })
    this.#live.select(view)
    const firstPage = queryClient.getQueryData(firstPageQuery(filters).queryKey)
    if (firstPage && this.now().feed === 'connecting') this.#live.takeFirstPage(firstPage)
    this.#look()
  }

  showArrived() {
    const { list } = this.now()
    if (!list) return
    this.#seen = [...list.rows, ...list.arrived].sort(driftRules.compare).map(({ id }) => id)
    this.#look()
  }

  /** As the server answered to something done here. */
  put(drift: DriftSummary) {
    this.#live.take({ put: drift, isNew: false })
    this.#look()
  }

  #look() {
    const { filters, list: before, found: foundBefore } = this.now()
    const view = viewOf(filters)
    const { shown, feed, failure, moreFailure, isLoadingMore } = this.#live.inSight(view)
    const { isLoaded, total, hasMore } = shown
    const isNew = isLoaded && this.#view !== view
    if (isNew) {
      this.#view = view
      this.#seen = []
    }
    let list = before
    if (isLoaded) {
      const held = holdRows(shown.rows, this.#seen, (id) => this.#live.row(id), driftRules.compare)
      this.#seen = held.rows.map(({ id }) => id)
      list = { ...held, total, hasMore }
    }
    const isReading = !isLoaded || (!this.#isFollowed && feed === 'connecting')
    this.become({
      feed,
      list,
      found: isNew ? total : foundBefore,
      isLoading: isReading && !failure && !moreFailure,
      isLoadingMore: isLoadingMore && isLoaded,
      failure: failure ?? (isLoaded ? null : moreFailure),
      moreFailure: isLoaded ? moreFailure : null,
    })
  }

  #readUnknown(event: DriftEvent) {
    if (!movesInto(viewOf(this.now().filters), event) || this.#live.row(event.id)) return
    // After a failure it waits for the next load.
    void queryClient
      .fetchQuery({ ...driftQuery(event.id), staleTime: 0 })
      .then((drift) => this.put(drift))
      .catch(lookAgain)
  }
}
