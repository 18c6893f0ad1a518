import { type SQLWrapper, sql } from 'drizzle-orm'
import { check, index, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { createdAt, instant, primaryId } from '../db/columns.ts'
import { users } from '../identity/table.ts'

/** As `mailboxOf`, of an address in its normal form. */
export const mailboxIn = (address: SQLWrapper) => sql<string>`regexp_replace(${address}, '\\+[^@]*@', '@')`

export const invitationKinds = ['draft', 'group'] as const

/**
 * Of an e-mail address to a target, such as a draft. One row for each address and target, so that inviting again sends no second mail.
 * Open until it is accepted, withdrawn or expired. A spent one stays open, because its inviter must not learn who has the address.
 */
export const invitations = pgTable(
  'invitations',
  {
    id: primaryId(),
    kind: text('kind', { enum: invitationKinds }).notNull(),
    targetId: uuid('target_id').notNull(),
    /** As normalized by `EmailAddress`. */
    address: text('address').notNull(),
    /** As the inviter typed it. */
    typed: text('typed').notNull(),
    inviterId: uuid('inviter_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    createdAt: createdAt(),
    expiresAt: instant('expires_at').notNull(),
    acceptedAt: instant('accepted_at'),
    withdrawnAt: instant('withdrawn_at'),
    /** When it turned out to change nothing, for example because its user takes part already. It is still listed, and is not accepted later. */
    spentAt: instant('spent_at'),
    /** When a mail to the address was queued last. */
    mailedAt: instant('mailed_at'),
    /** When the job handles it next: null while there is nothing to do until a user verifies the address. */
    dueAt: instant('due_at').defaultNow(),
  },
  (invitation) => [
    uniqueIndex('invitations_kind_target_id_address_key').on(invitation.kind, invitation.targetId, invitation.address),
    index('invitations_target_id_id_idx').on(invitation.targetId, invitation.id),
    index('invitations_inviter_id_idx').on(invitation.inviterId),
    index('invitations_address_idx').on(invitation.address),
    index('invitations_mailbox_idx').on(mailboxIn(invitation.address)).concurrently(),
    index('invitations_expires_at_idx').on(invitation.expiresAt),
    index('invitations_due_at_idx').on(invitation.dueAt).where(sql`${invitation.dueAt} is not null`),
    check('invitations_kind_check', sql`${invitation.kind} in ('draft', 'group')`),
  ],
)

export type InvitationRow = typeof invitations.$inferSelect
