/** What other users do in a draft, for a screen reader; on the page it can be seen. */
import type { DraftEvent } from '../../../shared/drafts.ts'
import type { DraftHead } from './draft-head.ts'

/** `before`: the draft until then. */
export function newsOf(event: DraftEvent, before: DraftHead, myId: string): string {
  const nameOf = (userId: string) => before.collaborators.find(({ id }) => id === userId)?.displayName ?? 'A user'
  switch (event.type) {
    case 'segment.added':
      return `${event.segment.author?.displayName ?? 'A user'} added a segment.`
    case 'ring.passed':
      if (event.to === myId) return `${nameOf(event.from)} passed the ring to you.`
      return event.from === myId ? `${nameOf(event.to)} took the ring back.` : `${nameOf(event.to)} holds the ring.`
    case 'collaborator.added':
      return `${event.person.displayName} ${event.person.mayWrite ? 'can write in' : 'can only read'} this draft now.`
    case 'collaborator.removed':
      return event.userId === myId
        ? 'You were removed from this draft.'
        : `${nameOf(event.userId)} does not write in this draft any more.`
    case 'draft.updated':
      return event.state === 'closed' && before.state === 'open'
        ? 'This draft is closed now.'
        : `This draft is called “${event.title}” now.`
  }
}
