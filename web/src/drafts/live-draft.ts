/**
 * One draft while somebody looks at it: follows its events and sends what they write, one segment after the other, so
 * that the server takes them in their order. What gets no answer is sent again until it gets one.
 */
import { v7 as newId } from 'uuid'
import { errorCode, type PlinthError, toPlinthError } from '../../../client/plinth.ts'
import type { Draft, DraftEvent } from '../../../shared/drafts.ts'
import type { PersonRef } from '../../../shared/person-ref.ts'
import { lookAgain, plinth, queryClient, saysSignedOut } from '../plinth.ts'
import { isSignedInAs, lookForSession } from '../session/session.ts'
import { announce } from '../toasts/announcer.tsx'
import { draftQuery, reloadDrafts } from './draft-queries.ts'
import { type DraftAction, type DraftState, initialDraftState, reduceDraft } from './draft-state.ts'
import { UnsentStore } from './unsent-store.ts'

type Feed = ReturnType<typeof plinth.live>
export type FeedState = Feed['state']

export interface DraftInSight extends DraftState {
  feed: FeedState
  /** Why there is nothing to show. */
  failure: PlinthError | null
}

const passingCodes = new Set(['NETWORK_ERROR', 'DATABASE_UNAVAILABLE', 'SERVER_BUSY', 'REQUEST_TIMEOUT'])
const goneCodes = new Set(['NOT_FOUND', 'FORBIDDEN'])
const longestPauseMs = 10_000

export class LiveDraft {
  readonly unsent: UnsentStore
  readonly #draftId: string
  readonly #me: PersonRef
  readonly #listeners = new Set<() => void>()
  #now: DraftInSight
  #feed: Feed | null = null
  #sending: Promise<void> | null = null
  #failures = 0
  #renewals = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(draftId: string, me: PersonRef) {
    this.#draftId = draftId
    this.#me = me
    this.unsent = new UnsentStore(draftId, me.id)
    const loaded = queryClient.getQueryData<Draft>(draftQuery(draftId).queryKey) ?? null
    this.#now = {
      ...initialDraftState(loaded, this.unsent.readSegments()),
      feed: 'connecting',
      failure: null,
    }
  }

  readonly now = () => this.#now

  readonly onChange = (listener: () => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What carries it now. */
  get transport() {
    return this.#feed?.transport ?? null
  }

  start() {
    const draftId = this.#draftId
    this.#become({ failure: null, feed: 'connecting' })
    const feed = plinth.live<Draft, DraftEvent>({
      follow: (lastEventId, handlers, transport) =>
        plinth.drafts.onEvent.subscribe({ draftId, lastEventId }, { ...handlers, context: { transport } }),
      poll: (lastEventId) => plinth.drafts.events.query({ draftId, lastEventId }),
      snapshot: () => queryClient.fetchQuery({ ...draftQuery(draftId), staleTime: 0 }),
      onSnapshot: (draft) => {
        this.#become({ failure: null })
        this.#dispatch({ type: 'snapshot', draft })
        this.#send()
      },
      onEvent: (event) => this.#hear(event),
      onState: (state) => {
        this.#become({ feed: state })
        if (state !== 'live' && state !== 'polling') return
        this.#renewals = 0
        this.#send()
      },
      onError: (error) => {
        if (saysSignedOut(error)) void this.#renew()
        if (goneCodes.has(error.code)) queryClient.removeQueries({ queryKey: draftQuery(draftId).queryKey })
        if (this.#now.draft && goneCodes.has(error.code)) this.#dispatch({ type: 'lost' })
        else this.#become({ failure: error })
      },
    })
    this.#feed = feed
  }

  /** What was loaded and written stays. */
  stop() {
    this.#feed?.close()
    this.#feed = null
    clearTimeout(this.#timer)
    // Whoever signs in next in this tab must not find it, nor whoever has.
    if (!isSignedInAs(this.#me.id)) return
    const { draft, isLost } = this.#now
    if (draft && !isLost) queryClient.setQueryData(draftQuery(this.#draftId).queryKey, draft)
    void reloadDrafts()
  }

  restart() {
    this.stop()
    this.start()
  }

  /** The session that it began with is over; the browser may hold a newer one of the same person. */
  async #renew() {
    const ended = this.#feed
    await lookForSession()
    setTimeout(
      () => {
        if (ended && this.#feed === ended && isSignedInAs(this.#me.id)) this.restart()
      },
      Math.min(250 * 2 ** this.#renewals++, longestPauseMs),
    )
  }

  append(text: string) {
    this.#dispatch({ type: 'append', id: newId(), text, at: new Date().toISOString() })
    this.#send()
  }

  tryAgain(id: string) {
    this.#dispatch({ type: 'try-again', id })
    this.#send()
  }

  discard(id: string) {
    this.#dispatch({ type: 'discard', id })
  }

  /** @throws PlinthError, and then the ring is where it was */
  async passRing(to: string): Promise<void> {
    this.#dispatch({ type: 'pass-ring', to })
    try {
      // What was written before the ring is passed has to arrive before it is.
      await this.#sending
      await plinth.drafts.passRing.mutate({ draftId: this.#draftId, to })
      this.#dispatch({ type: 'pass-answered' })
    } catch (error) {
      this.#dispatch({ type: 'pass-refused' })
      lookAgain(error)
      throw error
    }
  }

  #send() {
    if (!this.#feed || this.#sending) return
    clearTimeout(this.#timer)
    this.#sending = this.#sendAll().finally(() => {
      this.#sending = null
    })
  }

  async #sendAll() {
    for (;;) {
      const next = this.#now.unsent.find(({ status }) => status !== 'refused')
      if (!next || !this.#feed) return
      try {
        const { id: segmentId, text } = next
        const append = { draftId: this.#draftId, segmentId, text }
        const segment = await plinth.drafts.append.mutate(append, { context: { idempotencyKey: null } })
        this.#failures = 0
        this.#dispatch({ type: 'append-answered', segment })
      } catch (error) {
        if (passingCodes.has(errorCode(error))) return this.#sendLater(next.id)
        const { code, message, requestId } = toPlinthError(error)
        lookAgain(error)
        this.#dispatch({ type: 'append-refused', id: next.id, refusal: { code, message, requestId } })
        announce(`Your segment was not added. ${message}`)
      }
    }
  }

  #sendLater(id: string) {
    this.#dispatch({ type: 'append-delayed', id })
    if (!this.#feed) return
    this.#timer = setTimeout(() => this.#send(), Math.min(1000 * 2 ** this.#failures++, longestPauseMs))
  }

  #hear(event: DraftEvent) {
    const before = this.#now.draft
    this.#dispatch({ type: 'event', event })
    if (before && event.actorId !== this.#me.id) announce(this.#news(before, event))
  }

  /** As said aloud; on the page it can be seen. */
  #news(before: Draft, event: DraftEvent): string {
    const nameOf = (userId: string | null) =>
      before.collaborators.find(({ id }) => id === userId)?.displayName ?? 'Somebody'
    switch (event.type) {
      case 'segment.added':
        return `${event.segment.author?.displayName ?? 'Somebody'} added a segment.`
      case 'ring.passed':
        return event.to === this.#me.id
          ? `${nameOf(event.from)} passed the ring to you.`
          : `${nameOf(event.to)} holds the ring.`
      case 'collaborator.added':
        return `${event.person.displayName} writes in this draft now.`
      case 'collaborator.removed':
        return event.userId === this.#me.id
          ? 'You were removed from this draft.'
          : `${nameOf(event.userId)} does not write in this draft any more.`
      case 'draft.updated':
        return event.state === 'closed' && before.state === 'open'
          ? 'This draft is closed now.'
          : `This draft is called “${event.title}” now.`
    }
  }

  #dispatch(action: DraftAction) {
    const { feed, failure, ...state } = this.#now
    const next = reduceDraft(state, action)
    if (next.unsent !== state.unsent) this.unsent.keepSegments(next.unsent)
    this.#become(next)
  }

  #become(change: Partial<DraftInSight>) {
    this.#now = { ...this.#now, ...change }
    for (const listener of this.#listeners) listener()
  }
}
