/** The list of a person's conversations while it is in sight, page after page, each as it is now. */
import type { FeedHandlers } from '../../../client/live-options.ts'
import { type Feed, toPlinthError } from '../../../client/plinth.ts'
import type { ConversationListEvent, Conversations } from '../../../shared/conversations.ts'
import { Followed, type InSight } from '../live/followed.ts'
import { lookAgain, plinth, queryClient } from '../plinth.ts'
import {
  type ConversationListAction,
  type ConversationListState,
  initialListState,
  listActionOf,
  reduceList,
} from './conversation-list-state.ts'
import { conversationsPerPage, conversationsQuery } from './conversation-queries.ts'

export interface ConversationListInSight extends ConversationListState, InSight {
  isLoadingMore: boolean
}

const keptKey = ['conversation-list']

export class ConversationList extends Followed<ConversationListInSight> {
  constructor(myId: string) {
    const kept = queryClient.getQueryData<ConversationListState>(keptKey)
    super(myId, { ...(kept ?? initialListState), isLoadingMore: false, feed: 'connecting', failure: null })
  }

  async loadMore() {
    const { nextCursor, isLoadingMore } = this.now()
    if (nextCursor === null || isLoadingMore) return
    this.become({ isLoadingMore: true })
    try {
      const { items, pagination } = await this.#page(nextCursor)
      this.#dispatch({ type: 'more', items, nextCursor: pagination.nextCursor })
    } finally {
      this.become({ isLoadingMore: false })
    }
  }

  protected override open(handlers: FeedHandlers): Feed {
    return plinth.live<Conversations, ConversationListEvent>({
      ...handlers,
      follow: (lastEventId, live, transport) =>
        plinth.conversations.onListEvent.subscribe({ lastEventId }, { ...live, context: { transport } }),
      poll: (lastEventId) => plinth.conversations.listEvents.query({ lastEventId }),
      snapshot: () => this.#readAsFarAsBefore(),
      onSnapshot: ({ items, pagination }) => {
        this.become({ failure: null })
        this.#dispatch({ type: 'snapshot', items, nextCursor: pagination.nextCursor })
      },
      onEvent: (event) => this.#dispatch(listActionOf(event)),
    })
  }

  protected override keep() {
    const { conversations, nextCursor, deleted } = this.now()
    queryClient.setQueryData<ConversationListState>(keptKey, { conversations, nextCursor, deleted })
  }

  /** Deleted by this page, which need not wait for the news. */
  forget(conversationId: string) {
    this.#dispatch({ type: 'deleted', conversationId })
  }

  /** Down to where somebody has scrolled, so that nothing goes from under their eyes. */
  async #readAsFarAsBefore(): Promise<Conversations> {
    const wanted = this.now().conversations?.length ?? 0
    const first = await queryClient.fetchQuery({ ...conversationsQuery, staleTime: 0 })
    let { items, pagination } = first
    while (pagination.nextCursor !== null && items.length < wanted) {
      const next = await this.#page(pagination.nextCursor)
      items = [...items, ...next.items]
      pagination = next.pagination
    }
    return { ...first, items, pagination }
  }

  async #page(cursor: string): Promise<Conversations> {
    try {
      return await plinth.conversations.list.query({ cursor, limit: conversationsPerPage })
    } catch (error) {
      lookAgain(error)
      throw toPlinthError(error)
    }
  }

  #dispatch(action: ConversationListAction) {
    const { conversations, nextCursor, deleted } = this.now()
    this.become(reduceList({ conversations, nextCursor, deleted }, action))
  }
}
