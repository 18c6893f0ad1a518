/**
 * One conversation while a page shows it: its messages as a live list, and beside them its name and the answer that is under way. The
 * messages that wait in the outbox are shown below these, with their states.
 */
import type { StoredRows } from '../../../client/known-rows.ts'
import type { LiveCollection } from '../../../client/live-collection.ts'
import type { PlinthError } from '../../../client/plinth.ts'
import type { ConversationEvent, Message, Messages } from '../../../shared/conversations.ts'
import { Store } from '../live/store.ts'
import { openCollection } from '../live/use-collection.ts'
import { outbox } from '../offline/outbox.ts'
import { lookAgain, plinth, queryClient } from '../plinth.ts'
import { announce } from '../toasts/announcer.tsx'
import { type AnswerAction, type AnswerState, initialAnswerState, isUnderWay, reduceAnswer } from './answer-state.ts'
import { askAssistant, onAsk } from './assistant-asks.ts'
import { conversationQuery, messagesPerPage, messagesQuery } from './conversation-queries.ts'
import { failureWords } from './messages/answer-words.ts'
import { messageRules } from './messages/message-rules.ts'
import { queuedIn } from './sending/queued.ts'

export interface ConversationInSight extends AnswerState {
  /** Why the assistant was not asked. */
  askFailure: PlinthError | null
  isStopping: boolean
}

interface Stored {
  rows: StoredRows<Message, 'all'>
  state: AnswerState
}

const behindPauseMs = 250

export class LiveConversation extends Store<ConversationInSight> {
  readonly id: string
  readonly messages: LiveCollection<Message, ConversationEvent, never, 'all', Messages>
  #stops: (() => void)[] = []
  #isFollowing = false

  constructor(id: string, userId: string) {
    const stored = queryClient.getQueryData<Stored>(storedKey(id))
    const conversation = queryClient.getQueryData(conversationQuery(id).queryKey) ?? null
    super({ ...initialAnswerState, conversation, ...stored?.state, askFailure: null, isStopping: false })
    this.id = id
    this.messages = openCollection(
      userId,
      null,
      {
        ...messageRules,
        page: (_, cursor) =>
          cursor === null
            ? queryClient.fetchQuery({ ...messagesQuery(id), staleTime: 0 })
            : plinth.conversations.messages.list.query({
                conversationId: id,
                order: 'newest',
                cursor,
                limit: messagesPerPage,
              }),
        follow: (lastEventId, handlers, transport) =>
          plinth.conversations.onEvent.subscribe(
            { conversationId: id, lastEventId },
            { ...handlers, context: { transport } },
          ),
        poll: (lastEventId) => plinth.conversations.events.query({ conversationId: id, lastEventId }),
      },
      {
        view: 'all',
        stored: stored?.rows,
        firstPage: queryClient.getQueryData(messagesQuery(id).queryKey),
        store: (rows) => this.#store(rows),
        onEnded: ({ code }) => {
          if (code === 'NOT_FOUND') this.markDeleted()
        },
        onSnapshot: ({ answer }) => {
          this.#dispatch({ type: 'snapshot', answer })
          void this.#readName()
        },
        onEvent: (event) => this.#takeEvent(event),
        onRemoteChange: (event) => this.#announceMessage(event),
      },
    )
  }

  start() {
    this.#stops = [
      onAsk(this.id, (news) => {
        if (news.type === 'asking') this.#dispatch({ type: 'ask' }, { askFailure: null })
        else this.#dispatch({ type: 'ask-refused' }, { askFailure: news.failure })
      }),
      outbox.onAnswer((answered) => {
        const { path, input } = answered
        if (!path.startsWith('conversations.') || !('conversationId' in input)) return
        if (input.conversationId !== this.id) return
        if (path === 'conversations.messages.append') this.messages.take({ put: answered.answer, isNew: true })
        else if (path === 'conversations.rename' || path === 'conversations.create')
          this.#dispatch({ type: 'conversation', conversation: answered.answer })
        if (path !== 'conversations.create') return
        // Created by this page: there is nothing before its first message.
        if (answered.answer.messageCount === 0)
          this.messages.takeFirstPage({ items: [], pagination: { nextCursor: null, total: 0 } })
        // It was requested before the outbox had read what is stored.
        if (this.messages.inSight('all').failure?.code === 'NOT_FOUND') queueMicrotask(() => this.messages.restart())
      }),
      outbox.onChange(() => this.#followOnceKnown()),
    ]
    this.#followOnceKnown()
  }

  stop() {
    for (const stop of this.#stops.splice(0)) stop()
    if (this.#isFollowing) this.messages.stop()
    this.#isFollowing = false
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

  /** Deleted: it is on this page until that is left, and nowhere after. */
  markDeleted() {
    this.#dispatch({ type: 'deleted' })
  }

  /** Not while it waits in the outbox, for the server does not know it then. */
  #followOnceKnown() {
    if (this.#isFollowing || queuedIn(outbox.entries, this.id).create !== null) return
    this.#isFollowing = true
    this.messages.start()
  }

  #store(rows: StoredRows<Message, 'all'>) {
    const { askFailure: _, isStopping: __, ...state } = this.now()
    if (state.isDeleted || !rows.reach.has('all')) return
    const answer = isUnderWay(state.answer) ? null : state.answer
    const stored = { rows, state: { ...state, answer, isAsking: false, isBehind: false } }
    queryClient.setQueryData<Stored>(storedKey(this.id), stored)
  }

  /** After the messages, whose cursor then stands before it: no new name is missed. */
  async #readName() {
    const read = queryClient.fetchQuery({ ...conversationQuery(this.id), staleTime: 0 })
    const conversation = await read.catch(() => null)
    if (conversation) this.#dispatch({ type: 'conversation', conversation })
  }

  #takeEvent(event: ConversationEvent) {
    this.#dispatch({ type: 'event', event })
    if (event.type === 'answer.begun') announce('The assistant is answering.')
    if (event.type === 'answer.stopped') announce('The answer was stopped.')
    if (event.type === 'answer.failed') announce(failureWords[event.failure])
  }

  /** For a screen reader; on the page it can be seen. */
  #announceMessage(event: ConversationEvent) {
    if (event.type !== 'message.added') return
    const { id, role, stopped } = event.message
    if (role === 'assistant') announce(stopped ? 'The answer was stopped.' : 'The assistant has answered.')
    else if (!queuedIn(outbox.entries, this.id).appends.some(({ input }) => input.messageId === id))
      announce('A message was added.')
  }

  #dispatch(action: AnswerAction, change: Partial<ConversationInSight> = {}) {
    const before = this.now()
    const state = reduceAnswer(before, action, (id) => this.messages.row(id) !== undefined)
    if (state.isDeleted && !before.isDeleted)
      for (const queryKey of [storedKey(this.id), messagesQuery(this.id).queryKey, conversationQuery(this.id).queryKey])
        queryClient.removeQueries({ queryKey })
    this.become({ ...state, isStopping: before.isStopping && isUnderWay(state.answer), ...change })
    if (state.isBehind && this.#isFollowing) setTimeout(() => this.#catchUp(), behindPauseMs)
  }

  #catchUp() {
    if (this.now().isBehind && this.#isFollowing) this.messages.restart()
  }
}

const storedKey = (conversationId: string) => ['conversation', conversationId]
