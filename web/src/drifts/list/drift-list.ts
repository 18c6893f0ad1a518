/** The list of drifts with the filters of its user, live; see client/live-collection.ts. What is shown is held still, by held-rows.ts. */
import type { Channel } from '../../../../client/channel.ts'
import { LiveCollection } from '../../../../client/live-collection.ts'
import type { FeedState, PlinthError } from '../../../../client/plinth.ts'
import { readOnce } from '../../../../client/read-once.ts'
import type { DriftEvent, DriftSummary } from '../../../../shared/drifts.ts'
import { Store } from '../../live/store.ts'
import { openCollection } from '../../live/use-collection.ts'
import { lookAgain, plinth, queryClient } from '../../plinth.ts'
import { driftQuery, firstPageQuery, requestFor } from '../drift-queries.ts'
import type { DriftsSearch } from '../drift-words.ts'
import { compareBy, filtersOf, movesInto, rulesBy, viewOf } from './drift-rules.ts'
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

const channelBy = (sort: DriftsSearch['sort']): Channel<DriftSummary, DriftEvent, never, string> => {
  const requestOf = (view: string) => requestFor({ ...filtersOf(view), sort })
  return {
    ...rulesBy(sort),
    page: (view, cursor) =>
      cursor === null
        ? queryClient.fetchQuery({ ...firstPageQuery({ ...filtersOf(view), sort }), staleTime: 0 })
        : plinth.drifts.list.query({ ...requestOf(view), cursor }),
    count: async (view) => (await plinth.drifts.list.query({ ...requestOf(view), limit: 1 })).pagination.total,
    countAfterMs: 5_000,
    follow: (lastEventId, handlers, transport) =>
      plinth.drifts.onEvent.subscribe({ lastEventId }, { ...handlers, context: { transport } }),
    poll: (lastEventId) => plinth.drifts.events.query({ lastEventId }),
  }
}

/** So near to the end of what is loaded, the next page is. */
const rowsAhead = 10

export class DriftList extends Store<DriftListInSight> {
  /** Null for visitors who are not signed in: they read, and do not follow. */
  readonly #myId: string | null
  readonly #listeners: Listeners
  /** Of one order. */
  #live: LiveCollection<DriftSummary, DriftEvent, never, string>
  /** Of the rows that are held, and what they are a list of. */
  #seen: readonly string[] = []
  #held: string | null = null
  #isStarted = false
  #forget = () => {}
  /** The drift that was open last: where its user goes on when they come back to the list. */
  lastOpenedId: string | null = null

  constructor(myId: string | null, listeners: Listeners) {
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
    this.#myId = myId
    this.#listeners = listeners
    this.#live = this.#open({})
  }

  start() {
    this.#isStarted = true
    this.#forget = this.#live.onChange(() => this.#look())
    this.#live.start()
  }

  /** What was loaded stays. */
  stop() {
    this.#isStarted = false
    this.#live.stop()
    this.#forget()
    this.#look()
  }

  /** What there is stays until the response comes. */
  readonly reload = () => this.#live.restart()

  readonly retry = () => this.#live.retry()

  readonly more = () => void this.#live.loadMore()

  /** Until `count` rows are loaded, or all. Whether it came to that. */
  async loadUntil(count: number): Promise<boolean> {
    for (;;) {
      const { list, moreFailure } = this.now()
      if (!list || moreFailure) return false
      if (!list.hasMore || list.rows.length >= count) return true
      const { length } = list.rows
      await this.#live.loadMore()
      // Another load was under way, or nothing is followed any more.
      if ((this.now().list?.rows.length ?? 0) <= length) return false
    }
  }

  show(search: DriftsSearch) {
    const { filters, feed } = this.now()
    this.become({ filters: search })
    if (filters.sort !== search.sort) {
      const wasStarted = this.#isStarted
      if (wasStarted) this.stop()
      this.#live = this.#open(search)
      if (wasStarted) this.start()
    }
    this.#live.select(viewOf(search))
    const firstPage = queryClient.getQueryData(firstPageQuery(search).queryKey)
    if (firstPage && feed === 'connecting') this.#live.takeFirstPage(firstPage)
    this.#look()
  }

  showArrived() {
    const { list, filters } = this.now()
    if (!list) return
    this.#seen = [...list.rows, ...list.arrived].sort(compareBy(filters.sort)).map(({ id }) => id)
    this.#look()
  }

  /** As the server answered to something done here. */
  put(drift: DriftSummary) {
    this.#live.take({ put: drift, isNew: false })
    this.#look()
  }

  /** Where the drift is among those that match, from 1. Null for one that does not match, or is not loaded. */
  placeOf(driftId: string): number | null {
    const rows = this.#matching()
    const index = rows.findIndex(({ id }) => id === driftId)
    return index === -1 ? null : index + 1
  }

  /**
   * The drift after this one in the list, or before it with `by` -1. Of those `onlyMatching`, the list is gone through again from its other
   * end. Of a drift that is not in the list, its first one.
   */
  neighbour(driftId: string, by: 1 | -1, onlyMatching: boolean): string | null {
    const { list, filters } = this.now()
    const rows = list?.rows ?? []
    const index = rows.findIndex(({ id }) => id === driftId)
    const { isIn } = rulesBy(filters.sort)
    const fits = (row: DriftSummary) => row.id !== driftId && (!onlyMatching || isIn(viewOf(filters), row))
    const after = by === 1 ? rows.slice(index + 1) : rows.slice(0, Math.max(0, index)).reverse()
    const others = onlyMatching ? rows : []
    return (after.find(fits) ?? others.find(fits))?.id ?? null
  }

  /** Loads the page after, where a drift is near the end of what is loaded. */
  loadAround(driftId: string) {
    const { list, moreFailure } = this.now()
    if (!list?.hasMore || moreFailure) return
    const index = list.rows.findIndex(({ id }) => id === driftId)
    if (index >= list.rows.length - rowsAhead) this.more()
  }

  #matching() {
    const { list, filters } = this.now()
    const { isIn } = rulesBy(filters.sort)
    return (list?.rows ?? []).filter((row) => isIn(viewOf(filters), row))
  }

  #open(search: DriftsSearch) {
    const options = {
      view: viewOf(search),
      onSnapshot: () => {
        if (this.#myId === null) this.showArrived()
        else this.#listeners.onSnapshot()
      },
      onEvent: (event: DriftEvent) => {
        this.#readUnknown(event)
        this.#listeners.onEvent(event)
      },
    }
    const channel = channelBy(search.sort)
    return this.#myId === null
      ? new LiveCollection({ live: readOnce }, channel, { ...options, queue: null, onFailure: lookAgain })
      : openCollection(this.#myId, `drift-list by ${search.sort ?? 'detection'}`, channel, options)
  }

  #look() {
    const { filters, list: before, found: foundBefore } = this.now()
    const view = viewOf(filters)
    const { shown, feed, failure, moreFailure, isLoadingMore } = this.#live.inSight(view)
    const { isLoaded, total, hasMore } = shown
    const what = `${filters.sort} ${view}`
    const isNew = isLoaded && this.#held !== what
    if (isNew) {
      this.#held = what
      this.#seen = []
    }
    let list = before
    if (isLoaded) {
      const held = holdRows(shown.rows, this.#seen, (id) => this.#live.row(id), compareBy(filters.sort))
      this.#seen = held.rows.map(({ id }) => id)
      list = { ...held, total, hasMore }
    }
    const isReading = !isLoaded || (this.#myId === null && feed === 'connecting')
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
