/**
 * Drafts that people write together: an owner, collaborators, ordered segments, and one ring. Who holds the ring may append;
 * passing hands it to another collaborator.
 */
import { z } from 'zod'
import { Id, PageRequest, pageOf } from './pages.ts'
import { singleLine, text } from './text.ts'

const Instant = z.iso.datetime()

export const draftLimits = { titleLength: 120, segmentLength: 10_000, segments: 5_000, collaborators: 50 } as const

/** As other people see somebody. */
export const PersonRef = z.object({ id: Id, displayName: z.string(), avatarUrl: z.string().nullable() })
export type PersonRef = z.infer<typeof PersonRef>

export const Segment = z.object({
  id: Id,
  /** 1, 2, 3 … in the order in which the server took them. */
  position: z.int(),
  /** Null when the account is gone. */
  author: PersonRef.nullable(),
  text: z.string(),
  createdAt: Instant,
})
export type Segment = z.infer<typeof Segment>

export const DraftState = z.enum(['open', 'closed'])

export const DraftSummary = z.object({
  id: Id,
  title: z.string(),
  state: DraftState,
  ownerId: Id,
  ringHolderId: Id,
  segmentCount: z.int(),
  createdAt: Instant,
  updatedAt: Instant,
})
export type DraftSummary = z.infer<typeof DraftSummary>
export const DraftSummaries = pageOf(DraftSummary)

export const Draft = DraftSummary.extend({
  /** The owner among them. */
  collaborators: z.array(PersonRef),
  segments: z.array(Segment),
  /** Where the draft's channel stood when this was read: follow from here and nothing is missed or doubled. */
  cursor: z.string(),
})
export type Draft = z.infer<typeof Draft>

export const ListDrafts = PageRequest.prefault({})
export const GetDraft = z.object({ draftId: Id })
export const CreateDraft = z.object({ title: singleLine(draftLimits.titleLength) })
export const RenameDraft = GetDraft.extend({ title: singleLine(draftLimits.titleLength) })
export const AppendSegment = GetDraft.extend({
  /** Made by the caller, so that it knows its own segment again when the event comes before the answer. */
  segmentId: Id,
  text: text(draftLimits.segmentLength),
})
export const PassRing = GetDraft.extend({ to: Id })
export const AddCollaborator = GetDraft.extend({
  /** A user id, a username or an e-mail address. */
  person: singleLine(254),
})
export const RemoveCollaborator = GetDraft.extend({ userId: Id })
export const FollowDraft = GetDraft.extend({ lastEventId: z.string().max(64).optional() })

const happened = { seq: z.int(), at: Instant, actorId: Id.nullable() }
/** What happens in a draft, as its followers hear of it. */
export const DraftEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('segment.added'), ...happened, segment: Segment }),
  z.object({ type: z.literal('ring.passed'), ...happened, from: Id, to: Id }),
  z.object({ type: z.literal('collaborator.added'), ...happened, person: PersonRef }),
  z.object({ type: z.literal('collaborator.removed'), ...happened, userId: Id, ringHolderId: Id }),
  z.object({ type: z.literal('draft.updated'), ...happened, title: z.string(), state: DraftState }),
])
export type DraftEvent = z.infer<typeof DraftEvent>

/** For clients that can hold no stream open. `resync`: the cursor is of no use any more; fetch the draft, go on from `cursor`. */
export const DraftEvents = z.object({ events: z.array(DraftEvent), cursor: z.string(), resync: z.boolean() })
