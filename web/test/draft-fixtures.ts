/** A draft without segments and its two collaborators, for tests that need no server. */
import type { Draft } from '../../shared/drafts.ts'

export const at = '2026-01-01T00:00:00.000Z'
export const me = { id: 'me', displayName: 'Me', avatarUrl: null, username: 'me', mayWrite: true }
export const mira = { id: 'mira', displayName: 'Mira', avatarUrl: null, username: 'mira', mayWrite: true }

/** `me` is its owner and holds the ring. */
export const emptyDraft: Draft = {
  id: 'draft',
  title: 'Spring plan',
  state: 'open',
  ownerId: me.id,
  ringHolderId: me.id,
  segmentCount: 0,
  createdAt: at,
  updatedAt: at,
  collaborators: [me, mira],
  segments: [],
  cursor: 'epoch:0',
}
