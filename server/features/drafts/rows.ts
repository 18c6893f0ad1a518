/** The rows of a draft: found for a user who may see it, locked for a change, and converted to the wire form. */
import { and, eq } from 'drizzle-orm'
import type { Collaborator, DraftSummary } from '../../../shared/drafts.ts'
import { noteChange } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { type User, users } from '../../platform/identity/table.ts'
import type { InvitationTarget } from '../../platform/invitations/invitations.ts'
import { mayWrite } from './policy.ts'
import { type DraftRow, draftCollaborators, drafts } from './table.ts'

/** @throws AppError NOT_FOUND, also for a user who is no collaborator */
export async function findDraft(db: Database, actor: { id: string }, draftId: string): Promise<DraftRow> {
  const [row] = await visibleDraft(db, actor, draftId)
  if (!row) throw new AppError('NOT_FOUND')
  return row.draft
}

/** Locks the draft, lets `change` decide, and stores what it returns. @throws AppError NOT_FOUND, DRAFT_CLOSED */
export async function changeDraft(
  db: Database,
  actor: Actor,
  draftId: string,
  change: (tx: Database, draft: DraftRow) => Promise<Partial<DraftRow>>,
  { alsoClosed = false } = {},
): Promise<DraftSummary> {
  return withTransaction(db, async (tx) => {
    const [locked] = await visibleDraft(tx, actor, draftId).for('update', { of: drafts })
    if (!locked) throw new AppError('NOT_FOUND')
    if (locked.draft.state === 'closed' && !alsoClosed) throw new AppError('DRAFT_CLOSED')
    const changed = await change(tx, locked.draft)
    if (Object.keys(changed).length === 0) return toSummary(locked.draft)
    noteChange(tx, locked.draft, changed)
    const [updated] = await tx.update(drafts).set(changed).where(eq(drafts.id, draftId)).returning()
    return toSummary(updated as DraftRow)
  })
}

const visibleDraft = (db: Database, actor: { id: string }, draftId: string) =>
  db
    .select({ draft: drafts })
    .from(drafts)
    .innerJoin(
      draftCollaborators,
      and(eq(draftCollaborators.draftId, drafts.id), eq(draftCollaborators.userId, actor.id)),
    )
    .where(eq(drafts.id, draftId))

export const invitedInto = (draftId: string): InvitationTarget => ({ kind: 'draft', targetId: draftId })

export function toSummary({
  id,
  title,
  state,
  ownerId,
  ringHolderId,
  segmentCount,
  createdAt,
  updatedAt,
}: DraftRow): DraftSummary {
  return {
    id,
    title,
    state,
    ownerId,
    ringHolderId,
    segmentCount,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}

export const collaboratorColumns = {
  id: users.id,
  displayName: users.displayName,
  avatarUrl: users.avatarUrl,
  username: users.username,
  role: users.role,
  isActive: users.isActive,
}

export const toCollaborator = (user: Pick<User, keyof typeof collaboratorColumns>): Collaborator => ({
  id: user.id,
  displayName: user.displayName,
  avatarUrl: user.avatarUrl,
  username: user.username,
  mayWrite: mayWrite(user),
})
