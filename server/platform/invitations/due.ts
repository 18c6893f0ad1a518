/** When the job handles invitations: after each change that could let one be accepted. */
import { and, eq, gt, isNull, sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { afterCommit, rootOf } from '../db/transaction.ts'
import { invitations } from './table.ts'

export const isOpen = and(
  isNull(invitations.acceptedAt),
  isNull(invitations.withdrawnAt),
  gt(invitations.expiresAt, sql`now()`),
)

const listeners = new WeakMap<Database, () => void>()

/** `listener` runs after each commit of this process that made invitations due. One listener per database. */
export function onInvitationsDue(db: Database, listener: () => void): void {
  listeners.set(db, listener)
}

export function announceDue(tx: Database): void {
  const listener = listeners.get(rootOf(tx))
  if (listener) afterCommit(tx, listener)
}

/**
 * In the transaction in which a user verifies `address`, or an account with it is enabled again. The caller holds the lock `email:<address>`
 * to the commit: the job takes it too, so an invitation at the same moment is either made due here or handled after the commit.
 */
export async function makeInvitationsDue(tx: Database, address: string): Promise<void> {
  const due = await tx
    .update(invitations)
    .set({ dueAt: sql`now()` })
    .where(and(eq(invitations.address, address.toLowerCase()), isOpen, isNull(invitations.spentAt)))
    .returning({ id: invitations.id })
  if (due.length > 0) announceDue(tx)
}
