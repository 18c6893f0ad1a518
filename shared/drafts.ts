/**
 * Drafts that people write together: an owner, collaborators, ordered segments, and one ring. Who holds the ring may append;
 * passing hands it to another collaborator.
 */
import { z } from 'zod'
import { Id, TargetId } from './id.ts'
import { Instant } from './instant.ts'
import { Invitation, NamedInvitation } from './invitations.ts'
import { eventsOf, happened, LastEventId, LiveCursor } from './live.ts'
import { PageRequest, pageOf } from './pages.ts'
import { emailField, namesOne, PersonName, PersonNameOrAddress, personNameFields } from './person-name.ts'
import { PersonRef } from './person-ref.ts'
import { singleLine, text } from './text.ts'

export const draftLimits = {
  titleLength: 120,
  segmentLength: 10_000,
  segments: 5_000,
  /** With the open invitations, so that each can be accepted. */
  collaborators: 50,
  /** A user who left a draft is not added again for so long. */
  awayForDays: 30,
} as const

export const Segment = z
  .object({
    id: Id,
    /** 1, 2, 3 … in the order in which the server took them. */
    position: z.int(),
    /** Null when the account is gone. */
    author: PersonRef.nullable(),
    text: z.string(),
    createdAt: Instant,
  })
  .meta({ id: 'Segment' })
export type Segment = z.infer<typeof Segment>

export const DraftState = z.enum(['open', 'closed'])

export const DraftSummary = z
  .object({
    id: Id,
    title: z.string().meta({ example: 'Minutes of Monday' }),
    state: DraftState,
    ownerId: Id,
    ringHolderId: Id,
    segmentCount: z.int(),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'DraftSummary' })
export type DraftSummary = z.infer<typeof DraftSummary>

export const ListedDraft = DraftSummary.extend({ ringHolder: PersonRef }).meta({ id: 'ListedDraft' })
export type ListedDraft = z.infer<typeof ListedDraft>
export const ListedDrafts = pageOf(ListedDraft)

export const Collaborator = PersonRef.extend({
  /** Null until the user has chosen one. Display names are not unique; this is. */
  username: z.string().nullable().meta({ example: 'ada' }),
  /** False for a viewer and for an account that is disabled: the ring does not go to them. */
  mayWrite: z.boolean(),
}).meta({ id: 'Collaborator' })
export type Collaborator = z.infer<typeof Collaborator>

export const Draft = DraftSummary.extend({
  /** The owner among them. */
  collaborators: z.array(Collaborator),
  segments: z.array(Segment),
  cursor: LiveCursor,
}).meta({ id: 'Draft' })
export type Draft = z.infer<typeof Draft>

export const ListDrafts = PageRequest.prefault({})
export const GetDraft = z.object({ draftId: TargetId })
const Title = singleLine(draftLimits.titleLength).meta({ example: 'Minutes of Monday' })
export const CreateDraft = z.object({ title: Title })
export const RenameDraft = GetDraft.extend({ title: Title })
export const AppendSegment = GetDraft.extend({
  segmentId: Id.optional().meta({
    description:
      'A UUID of your own making, by which you know your segment again: the same id is the same segment. Without it each call is a new segment, but for a repeat of its Idempotency-Key',
  }),
  text: text(draftLimits.segmentLength).meta({ example: 'We met, and agreed.' }),
})
export const PassRing = GetDraft.extend({ to: PersonName.optional(), ...personNameFields }).refine(...namesOne('to'))
export const AddCollaborator = GetDraft.extend({
  person: PersonNameOrAddress.optional(),
  email: emailField,
  ...personNameFields,
}).refine(...namesOne('person', 'email'))
export type AddCollaborator = z.infer<typeof AddCollaborator>
/** The invitation for an e-mail address; for any other name, the user, who is a collaborator now. */
export const AddedCollaborator = z.union([Collaborator, Invitation])
export type AddedCollaborator = z.infer<typeof AddedCollaborator>
export const RemoveCollaborator = GetDraft.extend({ userId: TargetId })
export const ListInvitations = PageRequest.extend(GetDraft.shape)
export const WithdrawInvitation = GetDraft.extend(NamedInvitation.shape)
export const TellWriting = GetDraft.extend({ writing: z.boolean() })
export const WritingTold = z.object({ writing: z.boolean() })
export const FollowDraft = GetDraft.extend({ lastEventId: LastEventId })

/** What happens in a draft, as its followers hear of it. */
export const DraftEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('segment.added'), ...happened, segment: Segment }),
  z.object({ type: z.literal('ring.passed'), ...happened, from: Id, to: Id }),
  z.object({ type: z.literal('collaborator.added'), ...happened, person: Collaborator }),
  z.object({ type: z.literal('collaborator.removed'), ...happened, userId: Id, ringHolderId: Id }),
  z.object({ type: z.literal('draft.updated'), ...happened, title: z.string(), state: DraftState }),
])
export type DraftEvent = z.infer<typeof DraftEvent>

export const DraftEvents = eventsOf(DraftEvent)
