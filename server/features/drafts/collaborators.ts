/** Who sees a draft and writes in it. */
import { and, asc, count, eq } from 'drizzle-orm'
import type { z } from 'zod'
import {
  type AddCollaborator,
  type Collaborator,
  type DraftSummary,
  draftLimits,
  type GetDraft,
  type RemoveCollaborator,
} from '../../../shared/drafts.ts'
import { namedPerson } from '../../../shared/person-name.ts'
import { noteChange } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { findPersonNamed } from '../../platform/identity/person-names.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { users } from '../../platform/identity/table.ts'
import { publish } from '../../platform/live/publish.ts'
import { draftChannel } from './channel.ts'
import { canRemove, ownsDraft } from './policy.ts'
import { changeDraft, collaboratorColumns, toCollaborator } from './rows.ts'
import { type DraftRow, draftCollaborators } from './table.ts'

/** Named as `findPersonNamed` has it. Adding a user twice changes nothing. @throws AppError PERSON_NOT_FOUND */
export async function addCollaborator(
  db: Database,
  actor: Actor,
  { draftId, person, ...names }: z.infer<typeof AddCollaborator>,
): Promise<Collaborator> {
  let added: Collaborator | undefined
  await changeDraft(db, actor, draftId, async (tx, draft) => {
    if (!ownsDraft(actor, draft)) throw new AppError('NOT_DRAFT_OWNER')
    const user = await findPersonNamed(tx, namedPerson(person, names))
    if (!user?.isActive) throw new AppError('PERSON_NOT_FOUND')
    added = toCollaborator(user)
    const [already] = await tx
      .select({ number: count() })
      .from(draftCollaborators)
      .where(eq(draftCollaborators.draftId, draftId))
    const inserted = await tx
      .insert(draftCollaborators)
      .values({ draftId, userId: user.id })
      .onConflictDoNothing()
      .returning({ userId: draftCollaborators.userId })
    if (inserted.length === 0) return {}
    if ((already?.number ?? 0) >= draftLimits.collaborators) throw new AppError('DRAFT_FULL')
    noteChange(tx, { collaboratorId: null as string | null }, { collaboratorId: user.id })
    await publish(tx, draftChannel(draftId), { type: 'collaborator.added', actorId: actor.id, person: added })
    return {}
  })
  return added as Collaborator
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
