/** One conversation while somebody looks at it: follows its events, reads back in it, asks the assistant and stops it. */
import type { FeedHandlers } from '../../../client/live-options.ts'
import { type Feed, type PlinthError, toPlinthError } from '../../../client/plinth.ts'
import type { ConversationEvent, Messages } from '../../../shared/conversations.ts'
import { Followed, type InSight } from '../live/followed.ts'
import { outbox } from '../offline/outbox.ts'
import { lookAgain, plinth, queryClient } from '../plinth.ts'
import { announce } from '../toasts/announcer.tsx'
import { failureWords } from './answer-words.ts'
import { askAssistant, onAsk } from './assistant-asks.ts'
import { conversationQuery, messagesPerPage, messagesQuery } from './conversation-queries.ts'
import {
  type ConversationAction,
  type ConversationState,
  initialConversationState,
  isUnderWay,
  reduceConversation,
} from './conversation-state.ts'
import { queuedIn } from './queued.ts'

export interface ConversationInSight extends InSight {
  state: ConversationState
  isLoadingOlder: boolean
  olderFailure: PlinthError | null
  /** Why the assistant was not asked. */
  askFailure: PlinthError | null
  isStopping: boolean
}

const behindPauseMs = 250

export class LiveConversation extends Followed<ConversationInSight> {
  readonly id: string
  #forget: (() => void)[] = []

  constructor(id: string, myId: string) {
    super(myId, {
      state: queryClient.getQueryData<ConversationState>(keptKey(id)) ?? loadedAhead(id),
      feed: 'connecting',
      failure: null,
      isLoadingOlder: false,
      olderFailure: null,
      askFailure: null,
      isStopping: false,
    })
    this.id = id
  }

  override start() {
    for (const forget of this.#forget.splice(0)) forget()
    this.#forget = [
      onAsk(this.id, (news) => {
        if (news.type === 'asking') this.#dispatch({ type: 'ask' }, { askFailure: null })
        else this.#dispatch({ type: 'ask-refused' }, { askFailure: news.failure })
      }),
      outbox.onAnswer((answered) => {
        const { path, input } = answered
        if (!path.startsWith('conversations.') || !('conversationId' in input)) return
        if (input.conversationId !== this.id) return
        if (path === 'conversations.messages.append') this.#dispatch({ type: 'taken', message: answered.answer })
        if (path === 'conversations.rename') this.#dispatch({ type: 'conversation', conversation: answered.answer })
        if (path !== 'conversations.create') return
        this.#dispatch({ type: 'made', conversation: answered.answer })
        // It was asked for before the outbox had read what it holds.
        if (this.now().failure?.code === 'NOT_FOUND') queueMicrotask(() => this.restart())
      }),
      outbox.onChange(() => this.#followOnceKnown()),
    ]
    this.#followOnceKnown()
  }

  override stop() {
    for (const forget of this.#forget.splice(0)) forget()
    super.stop()
  }

  /** `beforeShown`: they are here, and are in sight next. */
  async loadOlder(beforeShown: () => void) {
    const { state, isLoadingOlder } = this.now()
    if (state.olderCursor === null || isLoadingOlder) return
    this.become({ isLoadingOlder: true, olderFailure: null })
    try {
      const { items, pagination } = await plinth.conversations.messages.list.query({
        conversationId: this.id,
        order: 'newest',
        cursor: state.olderCursor,
        limit: messagesPerPage,
      })
      const older = { type: 'older', messages: items, olderCursor: pagination.nextCursor } as const
      // A snapshot that did not join may have come meanwhile.
      const isNext = this.now().state.olderCursor === state.olderCursor
      if (isNext) beforeShown()
      if (isNext) this.#dispatch(older, { isLoadingOlder: false })
      else this.become({ isLoadingOlder: false })
    } catch (error) {
      lookAgain(error)
      this.become({ isLoadingOlder: false, olderFailure: toPlinthError(error) })
    }
  }

  ask() {
    void askAssistant(this.id)
  }

  /** @throws PlinthError */
  async stopAnswer(): Promise<void> {
    if (this.now().isStopping) return
    this.become({ isStopping: true })
    try {
      await plinth.conversations.answer.stop.mutate({ conversationId: this.id })
    } catch (error) {
      this.become({ isStopping: false })
      lookAgain(error)
      throw error
    }
  }

  gone() {
    this.#dispatch({ type: 'gone' })
  }

  protected override open(handlers: FeedHandlers): Feed {
    const conversationId = this.id
    return plinth.live<Messages, ConversationEvent>({
      ...handlers,
      follow: (lastEventId, live, transport) =>
        plinth.conversations.onEvent.subscribe({ conversationId, lastEventId }, { ...live, context: { transport } }),
      poll: (lastEventId) => plinth.conversations.events.query({ conversationId, lastEventId }),
      snapshot: () => queryClient.fetchQuery({ ...messagesQuery(conversationId), staleTime: 0 }),
      onSnapshot: (messages) => {
        this.#dispatch({ type: 'snapshot', messages }, { failure: null })
        void this.#readName()
      },
      onEvent: (event) => this.#hear(event),
    })
  }

  protected override keep() {
    const { state } = this.now()
    if (state.messages && !state.isGone) {
      const answer = isUnderWay(state.answer) ? null : state.answer
      const kept = { ...state, answer, isAsking: false, isBehind: false }
      queryClient.setQueryData<ConversationState>(keptKey(this.id), kept)
    }
  }

  protected override ended(failure: PlinthError) {
    if (failure.code === 'NOT_FOUND') this.#forgetLoaded()
    if (failure.code === 'NOT_FOUND' && this.now().state.messages) this.#dispatch({ type: 'gone' }, { failure })
    else this.become({ failure })
  }

  /** The server has not heard of one that waits in the outbox. */
  #followOnceKnown() {
    if (!this.isFollowing && queuedIn(outbox.entries, this.id).create === null) super.start()
  }

  /** After the messages, whose cursor then stands before it: no new name is missed. */
  async #readName() {
    const read = queryClient.fetchQuery({ ...conversationQuery(this.id), staleTime: 0 })
    const conversation = await read.catch(() => null)
    if (conversation) this.#dispatch({ type: 'conversation', conversation })
  }

  #hear(event: ConversationEvent) {
    const news = this.#news(event)
    this.#dispatch({ type: 'event', event })
    if (news) announce(news)
  }

  /** As said aloud; on the page it can be seen. */
  #news(event: ConversationEvent): string | null {
    const { messages } = this.now().state
    switch (event.type) {
      case 'message.added': {
        const { id, role, stopped } = event.message
        if (role === 'assistant') return stopped ? 'The answer was stopped.' : 'The assistant has answered.'
        const isOurs = queuedIn(outbox.entries, this.id).appends.some(({ input }) => input.messageId === id)
        return isOurs || messages?.some((message) => message.id === id) ? null : 'A message was added.'
      }
      case 'answer.begun':
        return 'The assistant is answering.'
      case 'answer.stopped':
        return 'The answer was stopped.'
      case 'answer.failed':
        return failureWords[event.failure]
      default:
        return null
    }
  }

  #dispatch(action: ConversationAction, change: Partial<ConversationInSight> = {}) {
    const state = reduceConversation(this.now().state, action)
    const isStopping = this.now().isStopping && isUnderWay(state.answer)
    if (state.isGone && !this.now().state.isGone) this.#forgetLoaded()
    this.become({ isStopping, ...change, state })
    if (state.isBehind && this.isFollowing) setTimeout(() => this.#catchUp(), behindPauseMs)
  }

  /** It is on this page until that is left, and nowhere after. */
  #forgetLoaded() {
    for (const queryKey of [keptKey(this.id), messagesQuery(this.id).queryKey, conversationQuery(this.id).queryKey])
      queryClient.removeQueries({ queryKey })
  }

  #catchUp() {
    if (this.now().state.isBehind && this.isFollowing) this.restart()
  }
}

const keptKey = (conversationId: string) => ['conversation', conversationId]

function loadedAhead(conversationId: string): ConversationState {
  const messages = queryClient.getQueryData<Messages>(messagesQuery(conversationId).queryKey)
  const conversation = queryClient.getQueryData(conversationQuery(conversationId).queryKey)
  const actions: ConversationAction[] = [
    ...(messages ? [{ type: 'snapshot', messages } as const] : []),
    ...(conversation ? [{ type: 'conversation', conversation } as const] : []),
  ]
  return actions.reduce(reduceConversation, initialConversationState)
}
