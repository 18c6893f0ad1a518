/**
 * Handles invitations after the response to their inviter: accepts each for the user who has verified its address, and mails the address. Each has
 * one transaction, which takes locks in the order address, target, invitation.
 */
import { and, asc, eq, gt, isNotNull, lte, sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import { invitationLimits } from '../../../shared/invitations.ts'
import type { Database } from '../db/database.ts'
import { withTransaction } from '../db/transaction.ts'
import { lockAddress, lockName } from '../identity/people.ts'
import { type User, users } from '../identity/table.ts'
import { queueMail } from '../mail/mail-queue.ts'
import { mailboxOf } from '../mail/mailbox.ts'
import { isOpen } from './due.ts'
import { withdrawn } from './invitations.ts'
import { type InvitationRow, type invitationKinds, invitations, mailboxIn } from './table.ts'

/** What a feature registers for the targets that it owns. */
export interface InvitationKind {
  /** In the mail, such as `a draft`. */
  noun: string
  /** Of the target's page. */
  path: (targetId: string) => string
  /** Locks the target to the commit. */
  lock: (tx: Database, targetId: string) => Promise<void>
  /** The inviter is active. */
  accept: (tx: Database, invitation: InvitationRow, user: User, inviter: User) => Promise<Acceptance>
}
/**
 * `spent`: it changes nothing for this user. The inviter sees the same as for an address without an account.
 * `refused`: the target or the inviter's rights no longer allow it.
 */
export type Acceptance = 'accepted' | 'spent' | 'refused'
export type InvitationKinds = Record<(typeof invitationKinds)[number], InvitationKind>

export class InvitationJob {
  readonly #db: Database
  readonly #kinds: InvitationKinds
  readonly #log: FastifyBaseLogger
  #closed = false
  #again = false
  #running: Promise<void> | undefined

  constructor(db: Database, kinds: InvitationKinds, log: FastifyBaseLogger) {
    this.#db = db
    this.#kinds = kinds
    this.#log = log
  }

  /** Resolves when nothing is due. @throws what the database throws */
  wake(): Promise<void> {
    this.#again = true
    this.#running ??= this.#run()
    return this.#running
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#running?.catch(() => {})
  }

  async #run() {
    // `wake` assigns the promise first.
    await null
    try {
      while (this.#again && !this.#closed) {
        this.#again = false
        for (let due = await this.#findDue(); due && !this.#closed; due = await this.#findDue()) await this.#handle(due)
      }
    } finally {
      this.#running = undefined
    }
  }

  async #findDue(): Promise<InvitationRow | undefined> {
    const [row] = await this.#db
      .select()
      .from(invitations)
      // `due_at` is rounded to the millisecond, so it may be half a millisecond ahead of the clock that set it.
      .where(lte(invitations.dueAt, sql`now() + interval '1 ms'`))
      .orderBy(asc(invitations.dueAt))
      .limit(1)
    return row
  }

  async #handle({ id, kind, targetId, address }: InvitationRow) {
    try {
      await withTransaction(this.#db, async (tx) => {
        await lockAddress(tx, address)
        await this.#kinds[kind].lock(tx, targetId)
        const [row] = await tx
          .select({ invitation: invitations, inviter: users, isOpen: sql<boolean>`${isOpen}`, needsMail })
          .from(invitations)
          .innerJoin(users, eq(users.id, invitations.inviterId))
          .where(and(eq(invitations.id, id), isNotNull(invitations.dueAt)))
          .for('update', { of: invitations })
        // Another instance has handled it.
        if (!row) return
        const change = row.isOpen ? await this.#changeOf(tx, row) : { dueAt: null }
        await tx.update(invitations).set(change).where(eq(invitations.id, id))
      })
    } catch (err) {
      this.#log.warn({ err, invitation: id }, 'invitation not handled, retrying in a minute')
      await this.#db
        .update(invitations)
        .set({ dueAt: sql`now() + interval '1 minute'` })
        .where(and(eq(invitations.id, id), isNotNull(invitations.dueAt)))
    }
  }

  async #changeOf(tx: Database, { invitation, inviter, needsMail }: Due) {
    if (!inviter.isActive) return withdrawn
    const outcome = await this.#accept(tx, invitation, inviter)
    if (outcome === 'refused') return withdrawn
    const accepted = outcome === 'accepted' && { acceptedAt: sql`now()` }
    const change = accepted || (outcome === 'spent' && { spentAt: sql`now()` })
    if (!needsMail) return { ...change, dueAt: null }
    if (!(await this.#mayMail(tx, invitation))) {
      return { ...change, dueAt: accepted ? null : sql`now() + interval '1 hour'` }
    }
    await this.#mail(tx, invitation, inviter)
    return { ...change, mailedAt: sql`now()`, dueAt: null }
  }

  /** Undefined while no user has verified the address, and for an invitation that is spent. */
  async #accept(tx: Database, invitation: InvitationRow, inviter: User): Promise<Acceptance | undefined> {
    if (invitation.spentAt) return undefined
    const [user] = await tx
      .select()
      .from(users)
      .where(
        and(
          eq(sql`lower(${users.email})`, invitation.address),
          // An account with an unverified address may be another user's.
          eq(users.emailVerified, true),
          eq(users.isActive, true),
        ),
      )
    return user && this.#kinds[invitation.kind].accept(tx, invitation, user, inviter)
  }

  /** By mailbox, so that `ada+1@` and `ada+2@` share one budget. One inviter cannot spend all of it. */
  async #mayMail(tx: Database, { address, inviterId }: InvitationRow): Promise<boolean> {
    const mailbox = mailboxOf(address)
    await lockName(tx, `invitations of mailbox ${mailbox}`)
    const lastDay = gt(invitations.mailedAt, sql`now() - interval '1 day'`)
    const isTo = and(eq(mailboxIn(invitations.address), mailbox), lastDay)
    const { mailsPerAddress, mailsPerInviter } = invitationLimits
    if ((await tx.$count(invitations, isTo)) >= mailsPerAddress) return false
    return (await tx.$count(invitations, and(isTo, eq(invitations.inviterId, inviterId)))) < mailsPerInviter
  }

  /**
   * The same for every address. Nothing in it is chosen freely by the inviter, so that strangers cannot send messages by mail or pose as other
   * users: not the target's title, nor a display name, which is not unique.
   */
  async #mail(tx: Database, { kind, targetId, address }: InvitationRow, { username }: User): Promise<void> {
    const { noun, path } = this.#kinds[kind]
    const by = username ? `@${username}` : 'A user who has not chosen a username'
    await queueMail(tx, address, 'invitation', { by, noun, path: path(targetId) })
  }
}

interface Due {
  invitation: InvitationRow
  inviter: User
  needsMail: boolean
}

const goodFor = sql`make_interval(days => ${invitationLimits.goodForDays}::int)`

/** Once for each address and target, and again when the last mail is older than an invitation can be. */
const needsMail = sql<boolean>`(${invitations.mailedAt} is null or ${invitations.mailedAt} < now() - ${goodFor})`

/** Those that expired at least 30 days ago, in any state. Returns how many were deleted. */
export async function deleteOldInvitations(db: Database): Promise<number> {
  const deleted = await db
    .delete(invitations)
    .where(lte(invitations.expiresAt, sql`now() - ${goodFor}`))
    .returning({ id: invitations.id })
  return deleted.length
}
