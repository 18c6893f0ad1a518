/**
 * A person's tasks while they look at them: follows what happens to the list on any of their devices, loads more of it as far
 * as somebody looks, and lays what waits in the outbox over it.
 */
import { type Feed, type PlinthError, toPlinthError } from '../../../client/plinth.ts'
import type { TaskEvent, Tasks } from '../../../shared/tasks.ts'
import type { FeedHandlers } from '../live/follow-as.ts'
import { Followed, type InSight } from '../live/followed.ts'
import { lookAgain, plinth, queryClient } from '../plinth.ts'
import { isSignedInAs } from '../session/session.ts'
import { announce } from '../toasts/announcer.tsx'
import { askedFor, forgetFirstPages, keepState, knownState, tasksQuery } from './task-queries.ts'
import { reduceTasks, type Show, type TaskAction, type TaskState } from './task-state.ts'
import { onTaskAnswer, waitingCalls } from './waiting-calls.ts'

export interface TasksInSight extends TaskState, InSight {
  /** Why there is not more. */
  moreFailure: PlinthError | null
}

/** Of a list that is read anew because its events are gone: as many as were loaded, but no more than this. */
const mostPagesAgain = 10
const countAfterMs = 500
/** Long lists take a while to store. */
const storedAtMostEveryMs = 1000

export class LiveTasks extends Followed<TasksInSight> {
  readonly #loading = new Set<Show>()
  #show: Show
  #stopAnswers = () => {}
  #counting: ReturnType<typeof setTimeout> | undefined
  #storing: ReturnType<typeof setTimeout> | undefined
  #isStoredOld = false

  constructor(myId: string, show: Show) {
    const known = knownState()
    const page = queryClient.getQueryData<Tasks>(tasksQuery(show).queryKey)
    const state = known.reach[show] || !page ? known : reduceTasks(known, { type: 'snapshot', show, pages: [page] })
    super(myId, { ...state, feed: 'connecting', failure: null, moreFailure: null })
    this.#show = show
  }

  override start() {
    this.#stopAnswers = onTaskAnswer((answered) => this.#dispatch(answered))
    super.start()
  }

  protected override open(handlers: FeedHandlers): Feed {
    this.become({ moreFailure: null })
    return plinth.live<Tasks & { show: Show; pages: Tasks[] }, TaskEvent>({
      ...handlers,
      follow: (lastEventId, live, transport) =>
        plinth.tasks.onEvent.subscribe({ lastEventId }, { ...live, context: { transport } }),
      poll: (lastEventId) => plinth.tasks.events.query({ lastEventId }),
      snapshot: () => this.#readPages().catch((error) => this.#failed(error)),
      onSnapshot: ({ show, pages }) => {
        this.become({ failure: null, moreFailure: null })
        this.#dispatch({ type: 'snapshot', show, pages })
      },
      onEvent: (event) => this.#hear(event),
    })
  }

  protected override connected() {
    this.become({ moreFailure: null })
  }

  override stop() {
    this.#stopAnswers()
    clearTimeout(this.#counting)
    clearTimeout(this.#storing)
    this.#storing = undefined
    this.#isStoredOld = false
    super.stop()
  }

  look(show: Show) {
    this.#show = show
    this.become({ moreFailure: null })
  }

  /** The next page of what is looked at, or its first. One at a time. */
  async loadMore(): Promise<void> {
    const show = this.#show
    const reach = this.now().reach[show]
    if (!this.isFollowing || this.#loading.has(show) || reach?.next === null || this.now().moreFailure) return
    const after = reach?.next ?? null
    this.#loading.add(show)
    try {
      const page = await (after === null
        ? queryClient.fetchQuery({ ...tasksQuery(show), staleTime: 0 })
        : plinth.tasks.list.query({ ...askedFor(show), cursor: after }))
      this.#loading.delete(show)
      this.#dispatch({ type: 'page', show, after, page })
    } catch (error) {
      this.#loading.delete(show)
      lookAgain(error)
      this.become({ moreFailure: toPlinthError(error) })
    }
  }

  tryMoreAgain() {
    this.become({ moreFailure: null })
    void this.loadMore()
  }

  /** The last task of all, which may not be loaded. Null when there is none. @throws PlinthError */
  async findLast(): Promise<string | null> {
    const page = Math.max(1, Math.ceil((this.now().reach[this.#show]?.total ?? 0) / askedFor(this.#show).limit))
    const { items } = await plinth.tasks.list.query({ ...askedFor(this.#show), page })
    for (const task of items) this.#dispatch({ type: 'answer', task })
    return items.at(-1)?.id ?? null
  }

  async #readPages() {
    const show = this.#show
    const loaded = this.now().reach[show]
    const first = await queryClient.fetchQuery({ ...tasksQuery(show), staleTime: 0 })
    const pages = [first]
    const rows = loaded ? [...this.now().tasks.values()].filter((task) => isIn(show, task.completed)).length : 0
    while (pages.length < Math.min(mostPagesAgain, rows / askedFor(show).limit)) {
      const cursor = pages.at(-1)?.pagination.nextCursor
      if (!cursor) break
      pages.push(await plinth.tasks.list.query({ ...askedFor(show), cursor }))
    }
    return { ...first, show, pages }
  }

  /** Read again by the feed, for as long as it takes; meanwhile a page with nothing on it says why. */
  #failed(error: unknown): never {
    const failure = toPlinthError(error)
    if (failure.code !== 'NETWORK_ERROR') this.become({ failure })
    throw error
  }

  #hear(event: TaskEvent) {
    const before = this.now()
    this.#dispatch({ type: 'event', event })
    const taskId = event.type === 'task.deleted' ? event.taskId : event.task.id
    const isNews = this.now().tasks !== before.tasks && !waitingCalls().some(({ input }) => input.taskId === taskId)
    if (isNews) announce(newsOf(event, before))
  }

  /** Totals of a long list, when what happened leaves them open. */
  #countSoon() {
    clearTimeout(this.#counting)
    this.#counting = setTimeout(async () => {
      const show = this.#show
      try {
        const { pagination } = await plinth.tasks.list.query({ ...askedFor(show), limit: 1 })
        this.#dispatch({ type: 'counted', show, total: pagination.total })
      } catch (error) {
        lookAgain(error)
      }
    }, countAfterMs)
  }

  protected override keep() {
    this.#keepState()
    void forgetFirstPages()
  }

  /** The next visit may be without a network, and this one may end at any moment. */
  #storeSoon() {
    if (this.#storing) {
      this.#isStoredOld = true
      return
    }
    if (isSignedInAs(this.myId)) this.#keepState()
    this.#storing = setTimeout(() => {
      this.#storing = undefined
      if (!this.#isStoredOld) return
      this.#isStoredOld = false
      this.#storeSoon()
    }, storedAtMostEveryMs)
  }

  #keepState() {
    const { feed: _, failure: __, moreFailure: ___, ...state } = this.now()
    keepState(state)
  }

  #dispatch(action: TaskAction) {
    const { feed, failure, moreFailure, ...state } = this.now()
    const next = reduceTasks(state, action)
    if (next === state) return
    this.become(next)
    this.#storeSoon()
    if (next.isCountOld && next.reach[this.#show]?.next) this.#countSoon()
  }
}

const isIn = (show: Show, completed: boolean) => show === 'all' || completed === (show === 'done')

/** As said aloud; on the page it can be seen. Only the person's other devices, and programs with their key, change it. */
function newsOf(event: TaskEvent, before: TaskState): string {
  if (event.type === 'task.deleted') {
    const title = before.tasks.get(event.taskId)?.title
    return title ? `“${title}” was deleted elsewhere.` : 'A task was deleted elsewhere.'
  }
  const { id, title, completed } = event.task
  if (event.type !== 'task.updated') return `“${title}” was added elsewhere.`
  const wasCompleted = before.tasks.get(id)?.completed ?? completed
  if (wasCompleted === completed) return `“${title}” was changed elsewhere.`
  return completed ? `“${title}” was done elsewhere.` : `“${title}” was opened again elsewhere.`
}
