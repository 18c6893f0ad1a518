/**
 * What a page knows of one draft beside its segments: its title, state and collaborators, and who holds the ring. A ring that is passed
 * here counts as passed at once; event, response and snapshot may report it in any order, and the last of them decides.
 */
import type { Draft, DraftEvent } from '../../../shared/drafts.ts'
import { fullName } from '../account/full-name.ts'

export type DraftHead = Omit<Draft, 'segments'>

export interface HeadState {
  /** Null until it is loaded. */
  draft: DraftHead | null
  /** Passed here, and no event has reported it. */
  ringPass: { to: string; isAnswered: boolean; hasSnapshotSince: boolean } | null
  /** The user may not see it any more. */
  isLost: boolean
}

/** The user whom the page shows as the holder. */
export const ringHolderId = ({ draft, ringPass }: HeadState) => ringPass?.to ?? draft?.ringHolderId ?? null

export function nameIn(draft: DraftHead, userId: string | null): string {
  const user = draft.collaborators.find(({ id }) => id === userId)
  return user ? fullName(user) : 'Another user'
}

export const withPass = (state: HeadState, to: string): HeadState => ({
  ...state,
  ringPass: { to, isAnswered: false, hasSnapshotSince: false },
})

export const withPassAnswered = (state: HeadState): HeadState => withPassReported(state, { isAnswered: true })

export function withSnapshot(state: HeadState, draft: DraftHead): HeadState {
  const hasMoved = state.draft !== null && state.draft.ringHolderId !== draft.ringHolderId
  const { ringPass } = hasMoved ? { ringPass: null } : withPassReported(state, { hasSnapshotSince: true })
  return { draft, ringPass, isLost: false }
}

export function withEvent(state: HeadState, event: DraftEvent): HeadState {
  if (!state.draft) return state
  const draft = { ...state.draft, updatedAt: event.at }
  const others = (userId: string) => draft.collaborators.filter(({ id }) => id !== userId)
  switch (event.type) {
    case 'segment.added':
      return { ...state, draft }
    case 'ring.passed': {
      const ringPass = state.ringPass?.to === event.to ? null : state.ringPass
      return { ...state, draft: { ...draft, ringHolderId: event.to }, ringPass }
    }
    case 'collaborator.added':
      return { ...state, draft: { ...draft, collaborators: [...others(event.person.id), event.person] } }
    case 'collaborator.removed':
      return {
        ...state,
        draft: { ...draft, collaborators: others(event.userId), ringHolderId: event.ringHolderId },
      }
    case 'draft.updated':
      return { ...state, draft: { ...draft, title: event.title, state: event.state } }
  }
}

/** A response that precedes its event waits for that, unless a snapshot has come between, which has reported it. */
function withPassReported(state: HeadState, change: Partial<NonNullable<HeadState['ringPass']>>): HeadState {
  const pass = state.ringPass && { ...state.ringPass, ...change }
  return { ...state, ringPass: pass?.isAnswered && pass.hasSnapshotSince ? null : pass }
}
