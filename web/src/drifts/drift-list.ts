/**
 * The rows of one list of drifts while it is in use: page after page as somebody scrolls, and what happens to them. What is heard while
 * a page is on its way is applied to that page once more, so nothing falls between the two.
 */
import { parseCursor } from '../../../client/live-cursor.ts'
import { type PlinthError, toPlinthError } from '../../../client/plinth.ts'
import type { DriftEvent, DriftSummary } from '../../../shared/drifts.ts'
import { Store } from '../live/store.ts'
import { lookAgain, plinth, queryClient } from '../plinth.ts'
import {
  addPage,
  type DriftListState,
  hearEvent,
  putDrift,
  showArrived,
  toListState,
  unknownMatch,
} from './drift-list-state.ts'
import { driftQuery, firstPageQuery, rowsPerPage } from './drift-queries.ts'
import type { DriftsSearch } from './drift-words.ts'

export interface DriftListInSight {
  filters: DriftsSearch
  /** Null until the first page is there. Those of the filters before until those of now are answered. */
  list: DriftListState | null
  /** How many matched when they were loaded. */
  found: number | null
  isLoading: boolean
  isLoadingMore: boolean
  /** Why the first page, or the next one, did not come. */
  failure: PlinthError | null
  moreFailure: PlinthError | null
}

const recountAfterMs = 5_000

export class DriftList extends Store<DriftListInSight> {
  /** Where the channel stood when the rows were read. */
  #cursor: string | null = null
  /** From where on its events come here; null while nothing is followed. */
  #from: string | null = null
  /** Of the last load that was begun; what an earlier one answers is void. */
  #load = 0
  /** Since that load, or the next page's, was begun. */
  #heard: DriftEvent[] = []
  #recount: ReturnType<typeof setTimeout> | undefined

  constructor() {
    super({
      filters: {},
      list: null,
      found: null,
      isLoading: false,
      isLoadingMore: false,
      failure: null,
      moreFailure: null,
    })
  }

  /** From now on `hear` is told all that happened after `cursor`. Rows from before are read anew. */
  followedFrom(cursor: string) {
    this.#from = cursor
    if (this.#isBehind()) void this.reload()
  }

  #isBehind() {
    if (this.#from === null || this.#cursor === null) return false
    const [from, cursor] = [parseCursor(this.#from), parseCursor(this.#cursor)]
    return from.epoch !== cursor.epoch || cursor.seq < from.seq
  }

  show(filters: DriftsSearch) {
    const { filters: before, list, isLoading } = this.now()
    const isSame =
      before.status === filters.status && before.severity === filters.severity && before.provider === filters.provider
    if (isSame && (list || isLoading)) return
    this.become({ filters })
    void this.#loadFirst()
  }

  /** What there is stays until the answer comes. */
  async reload() {
    const query = firstPageQuery(this.now().filters)
    await queryClient.invalidateQueries({ queryKey: query.queryKey, refetchType: 'none' })
    await this.#loadFirst()
  }

  async #loadFirst() {
    const load = ++this.#load
    const { filters } = this.now()
    this.#heard = []
    this.become({ isLoading: true, isLoadingMore: false, failure: null, moreFailure: null })
    try {
      const page = await queryClient.fetchQuery(firstPageQuery(filters))
      if (load !== this.#load) return
      this.#cursor = page.cursor
      this.become({ list: this.#caughtUp(toListState(page)), found: page.pagination.total, isLoading: false })
      if (this.#isBehind()) void this.reload()
    } catch (error) {
      if (load === this.#load) this.become({ failure: toPlinthError(error), isLoading: false })
    }
  }

  async more() {
    const load = this.#load
    const { list, filters, isLoading, isLoadingMore } = this.now()
    if (!list?.nextCursor || isLoading || isLoadingMore) return
    this.#heard = []
    this.become({ isLoadingMore: true, moreFailure: null })
    try {
      const page = await plinth.drifts.list.query({ ...filters, cursor: list.nextCursor, limit: rowsPerPage })
      const before = this.now().list
      if (load === this.#load && before)
        this.become({ list: this.#caughtUp(addPage(before, page)), isLoadingMore: false })
    } catch (error) {
      if (load !== this.#load) return
      lookAgain(error)
      this.become({ moreFailure: toPlinthError(error), isLoadingMore: false })
    }
  }

  hear(event: DriftEvent) {
    this.#heard.push(event)
    const { list, filters } = this.now()
    if (!list) return
    const unknown = unknownMatch(list, event, filters)
    if (unknown) void this.#ask(unknown)
    this.#keep(hearEvent(list, event, filters))
  }

  /** As the server answered to something done here. */
  put(drift: DriftSummary) {
    const { list, filters } = this.now()
    if (list) this.#keep(putDrift(list, drift, filters))
  }

  showArrived() {
    const { list } = this.now()
    if (list) this.become({ list: showArrived(list) })
  }

  stop() {
    clearTimeout(this.#recount)
    this.#recount = undefined
    this.#from = null
  }

  #caughtUp(list: DriftListState): DriftListState {
    const { filters } = this.now()
    return this.#heard.reduce((state, event) => hearEvent(state, event, filters), list)
  }

  /** One that matches since, and whose event does not say what it is. */
  async #ask(driftId: string) {
    // A failure leaves it to the next load.
    const drift = await queryClient.fetchQuery({ ...driftQuery(driftId), staleTime: 0 }).catch(() => null)
    if (drift) this.put(drift)
  }

  #keep(list: DriftListState) {
    if (list !== this.now().list) this.become({ list })
    if (!list.isTotalUnsure || this.#recount !== undefined) return
    // Not all readers at once.
    this.#recount = setTimeout(() => void this.#count(), recountAfterMs * (0.5 + Math.random()))
  }

  async #count() {
    this.#recount = undefined
    const load = this.#load
    const { filters } = this.now()
    const page = await plinth.drifts.list.query({ ...filters, limit: 1 }).catch(() => null)
    const { list } = this.now()
    if (page && list && load === this.#load)
      this.become({ list: { ...list, total: page.pagination.total, isTotalUnsure: false } })
  }
}
