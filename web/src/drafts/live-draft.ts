/**
 * One draft while a page shows it: its segments as a live list, and beside them what it is called, who writes in it and who holds the
 * ring. What the user adds goes through the outbox, which sends it in its order, also after the page was left.
 */
import type { LiveCollection } from '../../../client/live-collection.ts'
import { PlinthError } from '../../../client/plinth.ts'
import type { DraftEvent, Segment } from '../../../shared/drafts.ts'
import type { PersonRef } from '../../../shared/person-ref.ts'
import { Store } from '../live/store.ts'
import { openCollection } from '../live/use-collection.ts'
import { whenSent } from '../offline/outbox.ts'
import { lookAgain, plinth, queryClient } from '../plinth.ts'
import { announce } from '../toasts/announcer.tsx'
import { UnsentStore } from '../unsent/unsent-store.ts'
import { type HeadState, withEvent, withPass, withPassAnswered, withSnapshot } from './draft-head.ts'
import { newsOf } from './draft-news.ts'
import { draftQuery, reloadInvitations } from './draft-queries.ts'
import { queueSegment } from './segments/queue-segment.ts'
import { type DraftPage, pageOf, segmentRules } from './segments/segment-rules.ts'

const lostCodes = new Set(['NOT_FOUND', 'FORBIDDEN'])

export class LiveDraft extends Store<HeadState> {
  readonly id: string
  readonly unsent: UnsentStore
  readonly segments: LiveCollection<Segment, DraftEvent, 'drafts.append', 'all', DraftPage>
  readonly #myId: string

  constructor(draftId: string, me: PersonRef) {
    const query = draftQuery(draftId)
    const loaded = queryClient.getQueryData(query.queryKey)
    const firstPage = loaded && pageOf(loaded)
    super({ draft: firstPage?.draft ?? null, ringPass: null, isLost: false })
    this.id = draftId
    this.#myId = me.id
    this.unsent = new UnsentStore(draftId, me.id)
    this.segments = openCollection(
      me.id,
      null,
      {
        ...segmentRules(draftId, me),
        page: async () => pageOf(await queryClient.fetchQuery({ ...query, staleTime: 0 })),
        follow: (lastEventId, handlers, transport) =>
          plinth.drafts.onEvent.subscribe({ draftId, lastEventId }, { ...handlers, context: { transport } }),
        poll: (lastEventId) => plinth.drafts.events.query({ draftId, lastEventId }),
      },
      {
        view: 'all',
        firstPage,
        store: () => this.#store(),
        onSnapshot: ({ draft }) => this.become(withSnapshot(this.now(), draft)),
        onEvent: (event) => this.#takeEvent(event),
        onEnded: ({ code }) => {
          if (!lostCodes.has(code)) return
          queryClient.removeQueries({ queryKey: query.queryKey })
          this.become({ isLost: true, ringPass: null })
        },
      },
    )
  }

  append(text: string) {
    queueSegment(this.id, text).settled.catch((error: unknown) => {
      if (error instanceof PlinthError) announce(`Your segment was not added. ${error.message}`)
    })
  }

  /** @throws PlinthError, and then the ring is where it was */
  async passRing(to: string): Promise<void> {
    this.become(withPass(this.now(), to))
    try {
      // What was written before the ring is passed has to arrive before it is.
      await whenSent(({ path, input }) => path === 'drafts.append' && input.draftId === this.id)
      await plinth.drafts.passRing.mutate({ draftId: this.id, to })
      this.become(withPassAnswered(this.now()))
    } catch (error) {
      this.become({ ringPass: null })
      lookAgain(error)
      throw error
    }
  }

  /** The editor stays closed until the server confirms: until then the holder may append. @throws PlinthError */
  async takeRing(): Promise<void> {
    try {
      await plinth.drafts.takeRing.mutate({ draftId: this.id })
    } catch (error) {
      lookAgain(error)
      throw error
    }
  }

  /** For the next visit, as the server would send it. */
  #store() {
    const { draft, isLost } = this.now()
    if (!draft || isLost) return
    const segments = this.segments.confirmed.toReversed()
    queryClient.setQueryData(draftQuery(this.id).queryKey, { ...draft, segments, segmentCount: segments.length })
  }

  #takeEvent(event: DraftEvent) {
    const before = this.now()
    this.become(withEvent(before, event))
    // It may be the acceptance of an invitation.
    if (event.type === 'collaborator.added') void reloadInvitations(this.id)
    if (before.draft && event.actorId !== this.#myId) announce(newsOf(event, before.draft, this.#myId))
  }
}
