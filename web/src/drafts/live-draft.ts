/**
 * One draft while somebody looks at it: follows its events and sends what they write, one segment after the other, so
 * that the server takes them in their order. What gets no answer is sent again until it gets one.
 */
import { v7 as newId } from 'uuid'
import type { FeedHandlers } from '../../../client/live-options.ts'
import { type Feed, type PlinthError, toPlinthError } from '../../../client/plinth.ts'
import type { Draft, DraftEvent } from '../../../shared/drafts.ts'
import type { PersonRef } from '../../../shared/person-ref.ts'
import { Followed, type InSight } from '../live/followed.ts'
import { isPassingFailure, lookAgain, plinth, queryClient } from '../plinth.ts'
import { announce } from '../toasts/announcer.tsx'
import { UnsentStore } from '../unsent/unsent-store.ts'
import { draftQuery, reloadDrafts, reloadInvitations } from './draft-queries.ts'
import { type DraftAction, type DraftState, initialDraftState, reduceDraft } from './draft-state.ts'

export type DraftInSight = DraftState & InSight

const goneCodes = new Set(['NOT_FOUND', 'FORBIDDEN'])
const longestPauseMs = 10_000

export class LiveDraft extends Followed<DraftInSight> {
  readonly unsent: UnsentStore
  readonly #draftId: string
  #sending: Promise<void> | null = null
  #failures = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(draftId: string, me: PersonRef) {
    const unsent = new UnsentStore(draftId, me.id)
    const loaded = queryClient.getQueryData<Draft>(draftQuery(draftId).queryKey) ?? null
    super(me.id, { ...initialDraftState(loaded, unsent.readSegments()), feed: 'connecting', failure: null })
    this.#draftId = draftId
    this.unsent = unsent
  }

  protected override open(handlers: FeedHandlers): Feed {
    const draftId = this.#draftId
    return plinth.live<Draft, DraftEvent>({
      ...handlers,
      follow: (lastEventId, live, transport) =>
        plinth.drafts.onEvent.subscribe({ draftId, lastEventId }, { ...live, context: { transport } }),
      poll: (lastEventId) => plinth.drafts.events.query({ draftId, lastEventId }),
      snapshot: () => queryClient.fetchQuery({ ...draftQuery(draftId), staleTime: 0 }),
      onSnapshot: (draft) => {
        this.become({ failure: null })
        this.#dispatch({ type: 'snapshot', draft })
        this.#send()
      },
      onEvent: (event) => this.#hear(event),
    })
  }

  protected override connected() {
    this.#send()
  }

  protected override ended(failure: PlinthError) {
    const isGone = goneCodes.has(failure.code)
    if (isGone) queryClient.removeQueries({ queryKey: draftQuery(this.#draftId).queryKey })
    if (isGone && this.now().draft) this.#dispatch({ type: 'lost' })
    else this.become({ failure })
  }

  /** What was loaded and written stays. */
  override stop() {
    clearTimeout(this.#timer)
    super.stop()
  }

  protected override keep() {
    const { draft, isLost } = this.now()
    if (draft && !isLost) queryClient.setQueryData(draftQuery(this.#draftId).queryKey, draft)
    void reloadDrafts()
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

  /** The editor stays closed until the server confirms: until then the holder may append. @throws PlinthError */
  async takeRing(): Promise<void> {
    try {
      await plinth.drafts.takeRing.mutate({ draftId: this.#draftId })
    } catch (error) {
      lookAgain(error)
      throw error
    }
  }

  #send() {
    if (!this.isFollowing || this.#sending) return
    clearTimeout(this.#timer)
    this.#sending = this.#sendAll().finally(() => {
      this.#sending = null
    })
  }

  async #sendAll() {
    for (;;) {
      const next = this.now().unsent.find(({ status }) => status !== 'refused')
      if (!next || !this.isFollowing) return
      try {
        const { id: segmentId, text } = next
        const append = { draftId: this.#draftId, segmentId, text }
        const segment = await plinth.drafts.append.mutate(append, { context: { idempotencyKey: null } })
        this.#failures = 0
        this.#dispatch({ type: 'append-answered', segment })
      } catch (error) {
        if (isPassingFailure(error)) return this.#sendLater(next.id)
        const { code, message, requestId } = toPlinthError(error)
        lookAgain(error)
        this.#dispatch({ type: 'append-refused', id: next.id, refusal: { code, message, requestId } })
        announce(`Your segment was not added. ${message}`)
      }
    }
  }

  #sendLater(id: string) {
    this.#dispatch({ type: 'append-delayed', id })
    if (!this.isFollowing) return
    this.#timer = setTimeout(() => this.#send(), Math.min(1000 * 2 ** this.#failures++, longestPauseMs))
  }

  #hear(event: DraftEvent) {
    const before = this.now().draft
    this.#dispatch({ type: 'event', event })
    // It may be the acceptance of an invitation.
    if (event.type === 'collaborator.added') void reloadInvitations(this.#draftId)
    if (before && event.actorId !== this.myId) announce(this.#news(before, event))
  }

  /** As said aloud; on the page it can be seen. */
  #news(before: Draft, event: DraftEvent): string {
    const nameOf = (userId: string | null) =>
      before.collaborators.find(({ id }) => id === userId)?.displayName ?? 'Somebody'
    switch (event.type) {
      case 'segment.added':
        return `${event.segment.author?.displayName ?? 'Somebody'} added a segment.`
      case 'ring.passed':
        return event.to === this.myId
          ? `${nameOf(event.from)} passed the ring to you.`
          : event.from === this.myId
            ? `${nameOf(event.to)} took the ring back.`
            : `${nameOf(event.to)} holds the ring.`
      case 'collaborator.added':
        return `${event.person.displayName} ${event.person.mayWrite ? 'can write in' : 'can only read'} this draft now.`
      case 'collaborator.removed':
        return event.userId === this.myId
          ? 'You were removed from this draft.'
          : `${nameOf(event.userId)} does not write in this draft any more.`
      case 'draft.updated':
        return event.state === 'closed' && before.state === 'open'
          ? 'This draft is closed now.'
          : `This draft is called “${event.title}” now.`
    }
  }

  #dispatch(action: DraftAction) {
    const { feed, failure, ...state } = this.now()
    const next = reduceDraft(state, action)
    if (next.unsent !== state.unsent) this.unsent.changeSegments(state.unsent, next.unsent)
    this.become(next)
  }
}
