/**
 * A list that follows the server: pages as far as the reader scrolls, every event since, and queued calls applied optimistically. What
 * was loaded stays after the feed has ended. `channel` states all that is particular to the list.
 */
import type { AnyRules, Change, Channel, ListPage, Versioned } from './channel.ts'
import type { CollectionOptions, FollowState, InSight } from './collection-options.ts'
import { toPlinthError } from './errors.ts'
import { KnownRows } from './known-rows.ts'
import { ListCalls } from './list-calls.ts'
import type { Feed, FeedHandlers, LiveTransport } from './live-options.ts'
import { OptimisticRows } from './optimistic-rows.ts'
import type { MutationPath, OutboxEntry } from './outbox-entry.ts'
import type { Plinth } from './plinth.ts'

/** Of a list that is read again because its events are not available any more: as many pages as were loaded, but at most these. */
const pagesAtMost = 10
/** A long list takes a while to store. */
const storedAtMostEveryMs = 1000

const alone = (open: (handlers: FeedHandlers) => Feed) => {
  const feed = open({ onState: () => {}, onError: () => {} })
  return () => feed.close()
}

export class LiveCollection<
  Row extends Versioned,
  Event extends { type: string; seq: number },
  Path extends MutationPath,
  View extends string,
  Page extends ListPage<Row> & { cursor: string } = ListPage<Row> & { cursor: string },
> {
  readonly #plinth: Pick<Plinth, 'live'>
  readonly #channel: Channel<Row, Event, Path, View, Page>
  /** The channel's, with calls of any path. */
  readonly #rules: AnyRules<Row, View>
  readonly #options: CollectionOptions<Row, Event, View, Page>
  readonly #known: KnownRows<Row, View>
  readonly #calls: ListCalls<Row>
  readonly #listeners = new Set<() => void>()
  readonly #loading = new Set<View>()
  #view: View
  #followed: FollowState = { feed: 'connecting', failure: null, moreFailure: null }
  #feed: Feed | null = null
  /** Since the server has answered, until it cannot be reached or refuses. */
  #canLoad = false
  #stops: (() => void)[] = []
  #forgetQueue = () => {}
  #counting: ReturnType<typeof setTimeout> | undefined
  #storing: ReturnType<typeof setTimeout> | undefined
  #isStoredOld = false
  /** Null when something has changed since. */
  #optimistic: OptimisticRows<Row, View> | null = null
  readonly #inSight = new Map<View, InSight<Row, Path>>()

  constructor(
    plinth: Pick<Plinth, 'live'>,
    channel: Channel<Row, Event, Path, View, Page>,
    options: CollectionOptions<Row, Event, NoInfer<View>, NoInfer<Page>>,
  ) {
    this.#plinth = plinth
    this.#channel = channel
    this.#rules = channel as AnyRules<Row, View>
    this.#options = options
    this.#known = new KnownRows(channel, options.stored)
    this.#calls = new ListCalls(options.queue, this.#rules.calls)
    this.#view = options.view
    if (options.firstPage) this.takeFirstPage(options.firstPage)
  }

  start() {
    const { follow = alone, queue } = this.#options
    const stopAnswers = queue?.onAnswer(({ path, input, answer }) => {
      const call = this.#rules.calls[path]
      if (call && call.rowId(input) !== null) this.take(call.read(answer, input))
    })
    this.#stops = [follow((handlers) => this.#open(handlers)), ...(stopAnswers ? [stopAnswers] : [])]
  }

  /** What was loaded stays. */
  stop() {
    this.#feed = null
    this.#canLoad = false
    for (const stop of this.#stops.splice(0)) stop()
    clearTimeout(this.#counting)
    clearTimeout(this.#storing)
    this.#counting = undefined
    this.#storing = undefined
    this.#store()
  }

  restart() {
    this.stop()
    this.start()
  }

  /** What carries the events now. */
  get transport(): LiveTransport | null {
    return this.#feed?.transport ?? null
  }

  /** After a `failure` or `moreFailure`. */
  readonly retry = () => {
    if (this.#followed.failure) this.restart()
    else this.tryMoreAgain()
  }

  /** Calls back when `inSight` may have changed. Returns how to stop. */
  readonly onChange = (listener: () => void): (() => void) => {
    if (this.#listeners.size === 0)
      this.#forgetQueue = this.#options.queue?.onChange(() => this.#notify()) ?? (() => {})
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#forgetQueue()
    }
  }

  /** The same object until something changes. */
  inSight(view: View): InSight<Row, Path> {
    this.#readCalls()
    const before = this.#inSight.get(view)
    if (before) return before
    const refused = this.#calls.refused as unknown as readonly OutboxEntry<Path>[]
    const shown = this.#rows().shown(view)
    const now = { ...this.#followed, shown, isLoadingMore: this.#loading.has(view), refused }
    this.#inSight.set(view, now)
    return now
  }

  /** As `inSight` shows it; undefined where it is not known, or deleted. */
  row(id: string): Row | undefined {
    this.#readCalls()
    return this.#rows().get(id)
  }

  /** As it was last known, also of a row that is deleted since. */
  lastKnown(id: string): Row | undefined {
    return this.row(id) ?? this.#known.get(id) ?? this.#known.getDeleted(id)
  }

  /** All that the server has confirmed, in order, whether or not there are rows between them that are not loaded. */
  get confirmed(): readonly Row[] {
    return this.#known.inOrder
  }

  /** What else the server says of a row, such as the response to a query. */
  take(change: Change<Row>) {
    if (this.#known.takeAnswer(change)) this.#changed()
  }

  /** Of a view of which no page is known. */
  takeFirstPage(page: ListPage<Row>) {
    if (!this.#known.reach(this.#view) && this.#known.takePage(this.#view, null, page)) this.#changed()
  }

  /** The view that is loaded further, and read again. */
  select(view: View) {
    this.#view = view
    this.#set({ moreFailure: null })
    this.#loadMissing()
  }

  /**
   * The next page, or the first one. One at a time; none after a failure, until `tryMoreAgain`. `beforeShown` is called with the page read
   * and not shown yet.
   */
  async loadMore(beforeShown?: () => void): Promise<void> {
    const view = this.#view
    const after = this.#known.reach(view)?.next
    if (!this.#feed || this.#loading.has(view) || after === null || this.#followed.moreFailure) return
    this.#loading.add(view)
    this.#set({})
    try {
      const page = await this.#channel.page(view, after ?? null)
      this.#loading.delete(view)
      beforeShown?.()
      this.#known.takePage(view, after ?? null, page)
      this.#changed()
    } catch (error) {
      this.#loading.delete(view)
      this.#options.onFailure?.(error)
      this.#set({ moreFailure: toPlinthError(error) })
    }
  }

  tryMoreAgain(beforeShown?: () => void) {
    this.#set({ moreFailure: null })
    void this.loadMore(beforeShown)
  }

  #open(handlers: FeedHandlers): Feed {
    this.#canLoad = false
    this.#set({ feed: 'connecting', failure: null, moreFailure: null })
    this.#feed = this.#plinth.live<{ cursor: string; view: View; pages: [Page, ...Page[]] }, Event>({
      follow: this.#channel.follow,
      poll: this.#channel.poll,
      snapshot: () => this.#readPages().catch((error) => this.#failed(error)),
      onSnapshot: ({ view, pages }) => {
        this.#known.takeSnapshot(view, pages)
        this.#changed({ failure: null, moreFailure: null })
        this.#options.onSnapshot?.(pages[0])
        this.#canLoad = true
        this.#loadMissing()
      },
      onEvent: (event) => {
        this.#takeEvent(event)
        this.#options.onEvent?.(event)
      },
      onState: (feed) => {
        handlers.onState(feed)
        const isFollowed = feed === 'live' || feed === 'polling'
        if (feed !== 'ended') this.#canLoad = isFollowed
        this.#set(isFollowed ? { feed, moreFailure: null } : { feed })
        this.#loadMissing()
      },
      onError: (failure) => {
        handlers.onError(failure)
        this.#canLoad = false
        this.#set({ failure })
        this.#options.onEnded?.(failure)
      },
    })
    return this.#feed
  }

  /** As far as the view was loaded. */
  async #readPages() {
    const view = this.#view
    const rows = this.#known.reach(view) && !this.#channel.isAppendOnly ? this.#known.inOrder : []
    let missing = rows.filter((row) => this.#channel.isIn(view, row)).length
    const first = await this.#channel.page(view, null)
    const pages: [Page, ...Page[]] = [first]
    for (let last: Page = first; pages.length < pagesAtMost; pages.push(last)) {
      missing -= last.items.length
      const { nextCursor } = last.pagination
      if (nextCursor === null || missing <= 0) break
      last = await this.#channel.page(view, nextCursor)
    }
    return { cursor: first.cursor, view, pages }
  }

  /** The feed reads again, as long as it takes; meanwhile a page with nothing on it says why. */
  #failed(error: unknown): never {
    const failure = toPlinthError(error)
    if (failure.code !== 'NETWORK_ERROR') this.#set({ failure })
    throw error
  }

  #takeEvent(event: Event) {
    const change = this.#channel.read(event)
    if (!change) return
    const id = 'put' in change ? change.put.id : 'patch' in change ? change.patch.id : change.deleted
    const before = this.#known.get(id)
    if (!this.#known.take(change)) return
    this.#changed()
    // A deletion that its response had reported is none.
    if (before === this.#known.get(id)) return
    this.#readCalls()
    if (!this.#calls.areAbout(id)) this.#options.onRemoteChange?.(event, before)
  }

  #loadMissing() {
    if (this.#canLoad && !this.#known.reach(this.#view)) void this.loadMore()
  }

  /** The total of a long list, when an event leaves it open. */
  #countSoon() {
    const { count, countAfterMs = 500 } = this.#channel
    if (!count || this.#counting !== undefined) return
    const waitMs = countAfterMs * (0.5 + Math.random())
    this.#counting = setTimeout(async () => {
      this.#counting = undefined
      const view = this.#view
      try {
        this.#known.takeCount(view, await count(view))
        this.#changed()
      } catch (error) {
        this.#options.onFailure?.(error)
      }
    }, waitMs)
  }

  /** Soon, for the page may end at any moment. */
  #storeSoon() {
    this.#isStoredOld = true
    if (this.#storing) return
    this.#store()
    this.#storing = setTimeout(() => {
      this.#storing = undefined
      if (this.#isStoredOld) this.#storeSoon()
    }, storedAtMostEveryMs)
  }

  #store() {
    this.#isStoredOld = false
    this.#options.store?.(this.#known.stored())
  }

  #rows(): OptimisticRows<Row, View> {
    this.#optimistic ??= new OptimisticRows(this.#known, this.#rules, this.#calls.applied)
    return this.#optimistic
  }

  #readCalls() {
    if (this.#calls.read()) this.#forget()
  }

  #changed(change: Partial<FollowState> = {}) {
    this.#forget()
    this.#set(change)
    if (!this.#feed) return
    this.#storeSoon()
    if (this.#known.isCountOld && this.#known.reach(this.#view)?.next) this.#countSoon()
  }

  #set(change: Partial<FollowState>) {
    this.#followed = { ...this.#followed, ...change }
    this.#inSight.clear()
    this.#notify()
  }

  #forget() {
    this.#optimistic = null
    this.#inSight.clear()
  }

  #notify() {
    for (const listener of this.#listeners) listener()
  }
}
