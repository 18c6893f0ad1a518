/**
 * Invitations to e-mail addresses. Whatever depends on whether an account has the address happens in the job, after the response: here every address
 * takes the same statements and gets the same response.
 */
import { and, desc, eq, lt, sql } from 'drizzle-orm'
import { type Invitation, invitationLimits } from '../../../shared/invitations.ts'
import type { PageRequest } from '../../../shared/pages.ts'
import type { Database } from '../db/database.ts'
import { toPage } from '../db/page.ts'
import { AppError } from '../errors/app-error.ts'
import { lockName } from '../identity/people.ts'
import { announceDue, isOpen } from './due.ts'
import { type InvitationRow, invitations } from './table.ts'

/** What an address is invited to. The caller of each change locks its row, so changes of one target's invitations take turns. */
export type InvitationTarget = Pick<InvitationRow, 'kind' | 'targetId'>

/**
 * Inviting an address again reopens its invitation. A second mail is sent only when the last one is older than an invitation can be.
 * @throws AppError INVITATION_LIMIT_REACHED
 */
export async function invite(
  tx: Database,
  invited: InvitationTarget & Pick<InvitationRow, 'inviterId' | 'address' | 'typed'>,
): Promise<Invitation> {
  const { inviterId, typed } = invited
  // Invitations to several targets at the same time are counted one after another.
  await lockName(tx, `invitations of ${inviterId}`)
  const now = sql`now()`
  const expiresAt = sql`now() + make_interval(days => ${invitationLimits.goodForDays}::int)`
  const open = { expiresAt, dueAt: now, acceptedAt: null, withdrawnAt: null, spentAt: null }
  const [row] = await tx
    .insert(invitations)
    .values({ ...invited, ...open })
    .onConflictDoUpdate({
      target: [invitations.kind, invitations.targetId, invitations.address],
      set: { inviterId, typed, createdAt: now, ...open },
    })
    .returning()
  if (!row) throw new Error('insert returned no row')
  const number = await tx.$count(invitations, and(eq(invitations.inviterId, inviterId), isOpen))
  if (number > invitationLimits.openPerInviter) throw new AppError('INVITATION_LIMIT_REACHED')
  announceDue(tx)
  return toInvitation(row)
}

export function countOpenInvitations(db: Database, target: InvitationTarget): Promise<number> {
  return db.$count(invitations, and(isTo(target), isOpen))
}

/** Open ones, the newest first. */
export async function listInvitations(db: Database, target: InvitationTarget, page: PageRequest) {
  const rows = await db
    .select()
    .from(invitations)
    .where(and(isTo(target), isOpen, page.cursor ? lt(invitations.id, page.cursor) : undefined))
    .orderBy(desc(invitations.id))
    .limit(page.limit + 1)
  return toPage(rows, page, toInvitation)
}

/** Of a withdrawal and an acceptance at the same time, one succeeds. @throws AppError NOT_FOUND, also for one that is not open */
export async function withdrawInvitation(
  tx: Database,
  target: InvitationTarget,
  invitationId: string,
): Promise<Invitation> {
  const [row] = await tx
    .update(invitations)
    .set(withdrawn)
    .where(and(eq(invitations.id, invitationId), isTo(target), isOpen))
    .returning()
  if (!row) throw new AppError('NOT_FOUND')
  return toInvitation(row)
}

/** For a target that can no longer be joined. */
export async function withdrawAllInvitations(tx: Database, target: InvitationTarget): Promise<void> {
  await tx
    .update(invitations)
    .set(withdrawn)
    .where(and(isTo(target), isOpen))
}

/** For invitations whose targets are handed over as well. */
export async function handOverInvitations(tx: Database, fromId: string, toId: string): Promise<void> {
  await tx.update(invitations).set({ inviterId: toId }).where(eq(invitations.inviterId, fromId))
}

export const withdrawn = { withdrawnAt: sql`now()`, dueAt: null }

const isTo = ({ kind, targetId }: InvitationTarget) =>
  and(eq(invitations.kind, kind), eq(invitations.targetId, targetId))

const toInvitation = ({ id, typed, createdAt, expiresAt }: InvitationRow): Invitation => ({
  id,
  email: typed,
  invitedAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
})
