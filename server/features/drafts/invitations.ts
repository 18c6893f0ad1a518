/** Invitations to a draft, by e-mail address. The owner lists and withdraws them; accepting one makes the user a collaborator. */
import { and, eq, isNotNull } from 'drizzle-orm'
import type { z } from 'zod'
import type { ListInvitations, WithdrawInvitation } from '../../../shared/drafts.ts'
import type { Invitation } from '../../../shared/invitations.ts'
import { recordAudit } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { users } from '../../platform/identity/table.ts'
import type { InvitationKind } from '../../platform/invitations/invitation-job.ts'
import { listInvitations, withdrawInvitation } from '../../platform/invitations/invitations.ts'
import { insertCollaborator } from './collaborators.ts'
import { mayWrite, ownsDraft } from './policy.ts'
import { changeDraft, findDraft, invitedInto } from './rows.ts'
import { drafts } from './table.ts'

/**
 * Who may have an address mailed. Checked before the invitation is counted, so that other users cannot spend the budget of an address.
 * @throws AppError NOT_FOUND, NOT_DRAFT_OWNER; ADDRESS_NOT_CONFIRMED, because anyone can register with the address of another. A user without
 * an address comes from a program that vouches for them.
 */
export async function requireInviter(db: Database, actor: Actor, draftId: string): Promise<void> {
  const draft = await findDraft(db, actor, draftId)
  if (!ownsDraft(actor, draft)) throw new AppError('NOT_DRAFT_OWNER')
  const isUnconfirmed = and(eq(users.id, actor.id), isNotNull(users.email), eq(users.emailVerified, false))
  if ((await db.$count(users, isUnconfirmed)) > 0) throw new AppError('ADDRESS_NOT_CONFIRMED')
}

/** For the owner. @throws AppError NOT_FOUND, NOT_DRAFT_OWNER */
export async function listDraftInvitations(
  db: Database,
  actor: Actor,
  { draftId, ...page }: z.infer<typeof ListInvitations>,
) {
  const draft = await findDraft(db, actor, draftId)
  if (!ownsDraft(actor, draft)) throw new AppError('NOT_DRAFT_OWNER')
  return listInvitations(db, invitedInto(draftId), page)
}

/** For the owner. @throws AppError NOT_FOUND, also for one that is not open; NOT_DRAFT_OWNER, DRAFT_CLOSED */
export async function withdrawDraftInvitation(
  db: Database,
  actor: Actor,
  { draftId, invitationId }: z.infer<typeof WithdrawInvitation>,
): Promise<Invitation> {
  let invitation: Invitation | undefined
  await changeDraft(db, actor, draftId, async (tx, draft) => {
    if (!ownsDraft(actor, draft)) throw new AppError('NOT_DRAFT_OWNER')
    invitation = await withdrawInvitation(tx, invitedInto(draftId), invitationId)
    return {}
  })
  return invitation as Invitation
}

/** Accepts under the conditions of `addCollaborator`: the draft is open, and the inviter still owns it and may write. */
export const draftInvitations: InvitationKind = {
  noun: 'a draft',
  path: (draftId) => `/drafts/${draftId}`,
  async lock(tx, draftId) {
    await tx.select({ id: drafts.id }).from(drafts).where(eq(drafts.id, draftId)).for('update')
  },
  async accept(tx, { id: invitationId, targetId: draftId }, user, inviter) {
    const [draft] = await tx
      .select()
      .from(drafts)
      .where(and(eq(drafts.id, draftId), eq(drafts.state, 'open')))
    if (!draft || !ownsDraft(inviter, draft) || !mayWrite(inviter)) return 'refused'
    if ((await insertCollaborator(tx, draftId, user, inviter.id)) !== 'added') return 'spent'
    await recordAudit(tx, {
      ip: 'job',
      requestId: invitationId,
      actorId: user.id,
      action: 'drafts.acceptInvitation',
      target: `draft:${draftId}`,
      before: { collaboratorId: null },
      after: { collaboratorId: user.id, invitationId },
    })
    return 'accepted'
  },
}
