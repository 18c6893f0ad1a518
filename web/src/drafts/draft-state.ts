/**
 * What a page knows of one draft: what the server has confirmed, what this page has asked for and not heard of yet, and
 * what was refused. Event and answer of the same thing may come in either order, once or not at all; whatever the order,
 * nothing shows twice, nothing sent drops out of sight, and what is confirmed stands in the server's order.
 */
import type { Draft, DraftEvent, Segment } from '../../../shared/drafts.ts'

export interface Refusal {
  code: string
  message: string
  requestId: string | null
}

/** `waiting`: no answer came, so it may or may not be stored; sent again under the same id it is stored once. */
export type Unsent = { id: string; text: string; at: string } & (
  | { status: 'sending' | 'waiting' }
  | { status: 'refused'; refusal: Refusal }
)

export interface DraftState {
  draft: Draft | null
  /** In the order in which they were written. */
  unsent: Unsent[]
  /** Answered, and not yet seen in the stream: a snapshot from before may still arrive, and lack them. */
  answered: Segment[]
  /** Passed on here; not yet seen in the stream. */
  ringPass: { to: string; isAnswered: boolean; hasSnapshotSince: boolean } | null
  /** Not for this person any more. */
  isLost: boolean
}

export type DraftAction =
  | { type: 'snapshot'; draft: Draft }
  | { type: 'event'; event: DraftEvent }
  | { type: 'lost' }
  | { type: 'append'; id: string; text: string; at: string }
  | { type: 'append-answered'; segment: Segment }
  | { type: 'append-delayed'; id: string }
  | { type: 'append-refused'; id: string; refusal: Refusal }
  | { type: 'try-again'; id: string }
  | { type: 'discard'; id: string }
  | { type: 'pass-ring'; to: string }
  | { type: 'pass-answered' }
  | { type: 'pass-refused' }

export const initialDraftState = (draft: Draft | null, unsent: Unsent[]): DraftState => ({
  draft,
  unsent: draft ? unsent.filter(({ id }) => !hasSegment(draft, id)) : unsent,
  answered: [],
  ringPass: null,
  isLost: false,
})

export function reduceDraft(state: DraftState, action: DraftAction): DraftState {
  switch (action.type) {
    case 'snapshot':
      return takeSnapshot(state, action.draft)
    case 'event':
      return state.draft ? takeEvent(state, state.draft, action.event) : state
    case 'lost':
      return { ...state, isLost: true, ringPass: null }
    case 'append': {
      const { id, text, at } = action
      return { ...state, unsent: [...state.unsent, { id, text, at, status: 'sending' }] }
    }
    case 'append-answered':
      return takeAnswer(state, action.segment)
    case 'append-delayed':
      return changeUnsent(state, action.id, ({ id, text, at }) => ({ id, text, at, status: 'waiting' }))
    case 'append-refused':
      return changeUnsent(state, action.id, ({ id, text, at }) => {
        return { id, text, at, status: 'refused', refusal: action.refusal }
      })
    case 'try-again':
      return changeUnsent(state, action.id, ({ id, text, at }) => ({ id, text, at, status: 'sending' }))
    case 'discard':
      return { ...state, unsent: without(state.unsent, action.id) }
    case 'pass-ring':
      return { ...state, ringPass: { to: action.to, isAnswered: false, hasSnapshotSince: false } }
    case 'pass-answered':
      return { ...state, ringPass: stillPassing(state.ringPass, { isAnswered: true }) }
    case 'pass-refused':
      return { ...state, ringPass: null }
  }
}

/** Whom the page shows as the holder: the one that the ring is on its way to counts already. */
export const ringHolderId = ({ draft, ringPass }: DraftState) => ringPass?.to ?? draft?.ringHolderId ?? null

function takeSnapshot(state: DraftState, fresh: Draft): DraftState {
  const answered = state.answered.filter(({ id }) => !hasSegment(fresh, id))
  const draft = answered.reduce(withSegment, fresh)
  return {
    draft,
    answered,
    unsent: state.unsent.filter(({ id }) => !hasSegment(draft, id)),
    ringPass:
      fresh.ringHolderId === state.draft?.ringHolderId || !state.draft
        ? stillPassing(state.ringPass, { hasSnapshotSince: true })
        : null,
    isLost: false,
  }
}

function takeEvent(state: DraftState, before: Draft, event: DraftEvent): DraftState {
  const draft = { ...before, updatedAt: event.at }
  switch (event.type) {
    case 'segment.added': {
      const { segment } = event
      return {
        ...state,
        draft: withSegment(draft, segment),
        unsent: without(state.unsent, segment.id),
        answered: without(state.answered, segment.id),
      }
    }
    case 'ring.passed': {
      const isOurs = state.ringPass?.to === event.to
      return { ...state, draft: { ...draft, ringHolderId: event.to }, ringPass: isOurs ? null : state.ringPass }
    }
    case 'collaborator.added': {
      const collaborators = [...draft.collaborators.filter(({ id }) => id !== event.person.id), event.person]
      return { ...state, draft: { ...draft, collaborators } }
    }
    case 'collaborator.removed': {
      const collaborators = draft.collaborators.filter(({ id }) => id !== event.userId)
      return { ...state, draft: { ...draft, collaborators, ringHolderId: event.ringHolderId } }
    }
    case 'draft.updated':
      return { ...state, draft: { ...draft, title: event.title, state: event.state } }
  }
}

function takeAnswer(state: DraftState, segment: Segment): DraftState {
  const { draft } = state
  const unsent = without(state.unsent, segment.id)
  // The event was first.
  if (draft && hasSegment(draft, segment.id)) return { ...state, unsent }
  return { ...state, unsent, draft: draft && withSegment(draft, segment), answered: [...state.answered, segment] }
}

/** An answer that comes before its event is met by it; one that a snapshot came between has been told of already. */
function stillPassing(
  pass: DraftState['ringPass'],
  change: Partial<NonNullable<DraftState['ringPass']>>,
): DraftState['ringPass'] {
  if (!pass) return null
  const changed = { ...pass, ...change }
  return changed.isAnswered && changed.hasSnapshotSince ? null : changed
}

/** Only what is still unsent: the event may have come before the bad news of its call. */
const changeUnsent = (state: DraftState, id: string, change: (segment: Unsent) => Unsent): DraftState => ({
  ...state,
  unsent: state.unsent.map((segment) => (segment.id === id ? change(segment) : segment)),
})

const hasSegment = (draft: Draft, id: string) => draft.segments.some((segment) => segment.id === id)
const without = <Item extends { id: string }>(items: Item[], id: string) => items.filter((item) => item.id !== id)

function withSegment(draft: Draft, segment: Segment): Draft {
  if (hasSegment(draft, segment.id)) return draft
  const segments = [...draft.segments, segment]
  const last = draft.segments.at(-1)
  if (last && last.position > segment.position) segments.sort((one, other) => one.position - other.position)
  return { ...draft, segments, segmentCount: segments.length }
}
