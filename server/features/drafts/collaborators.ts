/** The users who can read a draft, and write in it. */
import { and, asc, eq } from 'drizzle-orm'
import type { z } from 'zod'
import {
  type AddCollaborator,
  type AddedCollaborator,
  type Collaborator,
  type DraftSummary,
  draftLimits,
  type GetDraft,
  type RemoveCollaborator,
} from '../../../shared/drafts.ts'
import { type NamedPerson, namedAddress, namedPerson } from '../../../shared/person-name.ts'
import { noteChange } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { findPersonNamed } from '../../platform/identity/person-names.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { type User, users } from '../../platform/identity/table.ts'
import { countOpenInvitations, invite } from '../../platform/invitations/invitations.ts'
import { publish } from '../../platform/live/publish.ts'
import { draftChannel } from './channel.ts'
import { hasLeft, noteDeparture } from './departures.ts'
import { canRemove, ownsDraft } from './policy.ts'
import { changeDraft, collaboratorColumns, invitedInto, toCollaborator } from './rows.ts'
import { type DraftRow, draftCollaborators } from './table.ts'

/**
 * Adds a user, named as in `findPersonNamed`, or invites an e-mail address. Adding a user twice changes nothing.
 * @throws AppError NOT_DRAFT_OWNER, PERSON_NOT_FOUND, USER_LEFT_DRAFT, DRAFT_FULL, INVITATION_LIMIT_REACHED
 */
export async function addCollaborator(
  db: Database,
  actor: Actor,
  { draftId, person, email, ...names }: z.infer<typeof AddCollaborator>,
): Promise<AddedCollaborator> {
  let added: AddedCollaborator | undefined
  await changeDraft(db, actor, draftId, async (tx, draft) => {
    if (!ownsDraft(actor, draft)) throw new AppError('NOT_DRAFT_OWNER')
    const invited = namedAddress({ person, email })
    if (invited) {
      const invitation = await invite(tx, { ...invitedInto(draftId), inviterId: actor.id, ...invited })
      noteChange(tx, { invitationId: null as string | null }, { invitationId: invitation.id })
      await refuseFull(tx, draftId)
      added = invitation
    } else added = await addUser(tx, actor, draftId, namedPerson(person, names))
    return {}
  })
  return added as AddedCollaborator
}

async function addUser(tx: Database, actor: Actor, draftId: string, named: NamedPerson): Promise<Collaborator> {
  const user = await findPersonNamed(tx, named)
  if (!user?.isActive) throw new AppError('PERSON_NOT_FOUND')
  const outcome = await insertCollaborator(tx, draftId, user, actor.id)
  if (outcome === 'left') throw new AppError('USER_LEFT_DRAFT')
  if (outcome === 'added') {
    noteChange(tx, { collaboratorId: null as string | null }, { collaboratorId: user.id })
    await refuseFull(tx, draftId)
  }
  return toCollaborator(user)
}

/** Does nothing for a user who is a collaborator already, or who left the draft lately. */
export async function insertCollaborator(
  tx: Database,
  draftId: string,
  user: User,
  actorId: string,
): Promise<'added' | 'present' | 'left'> {
  if (await hasLeft(tx, draftId, user.id)) return 'left'
  const inserted = await tx
    .insert(draftCollaborators)
    .values({ draftId, userId: user.id })
    .onConflictDoNothing()
    .returning({ userId: draftCollaborators.userId })
  if (inserted.length === 0) return 'present'
  await publish(tx, draftChannel(draftId), { type: 'collaborator.added', actorId, person: toCollaborator(user) })
  return 'added'
}

/** Called after an addition, with the draft locked. @throws AppError DRAFT_FULL */
async function refuseFull(tx: Database, draftId: string): Promise<void> {
  const already = await tx.$count(draftCollaborators, eq(draftCollaborators.draftId, draftId))
  const invited = await countOpenInvitations(tx, invitedInto(draftId))
  if (already + invited > draftLimits.collaborators) throw new AppError('DRAFT_FULL')
}

/** The owner removes any other user; others remove themselves. The ring of a holder who is removed is passed on. */
export async function removeCollaborator(
  db: Database,
  actor: Actor,
  { draftId, userId }: z.infer<typeof RemoveCollaborator>,
): Promise<DraftSummary> {
  return changeDraft(db, actor, draftId, async (tx, draft) => {
    if (!canRemove(actor, draft, userId)) throw new AppError('NOT_DRAFT_OWNER')
    return removeFrom(tx, actor, draft, userId)
  })
}

/** Of a closed draft too, and in any role, because the caller gives up access and gains none. @throws AppError OWNER_CANNOT_LEAVE */
export async function leaveDraft(
  db: Database,
  actor: Actor,
  { draftId }: z.infer<typeof GetDraft>,
): Promise<DraftSummary> {
  const leave = async (tx: Database, draft: DraftRow) => {
    if (ownsDraft(actor, draft)) throw new AppError('OWNER_CANNOT_LEAVE')
    return removeFrom(tx, actor, draft, actor.id)
  }
  return changeDraft(db, actor, draftId, leave, { alsoClosed: true })
}

async function removeFrom(tx: Database, actor: Actor, draft: DraftRow, userId: string) {
  const removed = await tx
    .delete(draftCollaborators)
    .where(and(eq(draftCollaborators.draftId, draft.id), eq(draftCollaborators.userId, userId)))
    .returning({ userId: draftCollaborators.userId })
  if (removed.length === 0) throw new AppError('NOT_A_COLLABORATOR')
  if (actor.id === userId) await noteDeparture(tx, draft.id, userId)
  const ringHolderId = draft.ringHolderId === userId ? await holderAfter(tx, draft) : draft.ringHolderId
  await publish(tx, draftChannel(draft.id), { type: 'collaborator.removed', actorId: actor.id, userId, ringHolderId })
  return { ringHolderId }
}

/** The owner among them, in the order in which they were added. */
export async function listCollaborators(db: Database, draftId: string): Promise<Collaborator[]> {
  const rows = await db
    .select(collaboratorColumns)
    .from(draftCollaborators)
    .innerJoin(users, eq(users.id, draftCollaborators.userId))
    .where(eq(draftCollaborators.draftId, draftId))
    .orderBy(asc(draftCollaborators.addedAt), asc(users.id))
  return rows.map(toCollaborator)
}

/** The owner or, if the owner's role may no longer write, the first collaborator who may write; else the draft could not be continued. */
async function holderAfter(tx: Database, { id, ownerId }: DraftRow): Promise<string> {
  const writers = (await listCollaborators(tx, id)).filter(({ mayWrite }) => mayWrite)
  return (writers.find((one) => one.id === ownerId) ?? writers[0])?.id ?? ownerId
}

/** Undefined for a user who is no collaborator. */
export async function findCollaborator(db: Database, draftId: string, userId: string) {
  const [row] = await db
    .select(collaboratorColumns)
    .from(draftCollaborators)
    .innerJoin(users, eq(users.id, draftCollaborators.userId))
    .where(and(eq(draftCollaborators.draftId, draftId), eq(draftCollaborators.userId, userId)))
  return row && toCollaborator(row)
}
