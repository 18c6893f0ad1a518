/**
 * How somebody who came by `X-User-Id` becomes somebody who signs in: signed in by other means, with the trusted header beside it,
 * they make the id theirs, and with it all that its person did here. What anybody has, they have after it; nothing is deleted.
 */
import { and, asc, eq, inArray, ne, notExists, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { ClaimLegacyId } from '../../../shared/account.ts'
import { noteChange } from '../../platform/audit/audit-log.ts'
import { auditLogs } from '../../platform/audit/table.ts'
import type { Database } from '../../platform/db/database.ts'
import { afterCommit, withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { isLegacyId, provesItself } from '../../platform/identity/legacy-sessions.ts'
import { lockName } from '../../platform/identity/people.ts'
import type { Actor, Sessions } from '../../platform/identity/sessions.ts'
import { identities, users } from '../../platform/identity/table.ts'
import { handOverInvitations } from '../../platform/invitations/invitations.ts'
import { handOverReads } from '../alerts/service.ts'
import { handOverConversations } from '../conversations/service.ts'
import { handOverDrafts } from '../drafts/service.ts'
import { handOverDecisions } from '../drifts/service.ts'
import { handOverGroups } from '../groups/service.ts'
import { handOverTasks } from '../tasks/service.ts'

/** The action in audit records. */
const claimAction = 'account.identities.claimLegacyId'

/** Every column that names a person, and whose it is after a claim; a test holds it against the database. */
export const claimedColumns = {
  'alert_reads.user_id': 'handed over',
  'alert_read_counts.user_id': 'handed over',
  'conversations.user_id': 'handed over',
  'messages.user_id': 'handed over',
  'answers.user_id': 'handed over',
  'drafts.owner_id': 'handed over',
  'drafts.ring_holder_id': 'handed over',
  'draft_collaborators.user_id': 'handed over',
  'draft_departures.user_id': 'handed over',
  'draft_segments.author_id': 'handed over',
  'tasks.user_id': 'handed over',
  'task_lists.user_id': 'handed over',
  'drifts.decided_by': 'handed over',
  'drift_history.actor_id': 'handed over',
  'invitations.inviter_id': 'handed over',
  'groups.created_by': 'handed over',
  'group_memberships.user_id': 'handed over',
  'group_invitations.user_id': 'handed over',
  'group_invitations.inviter_id': 'handed over',
  'identities.user_id': 'legacy ids handed over, the others removed',
  'sessions.user_id': 'ended',
  'one_time_tokens.user_id': 'worth nothing for a disabled person',
} as const

/**
 * Claiming an id that the user already holds moves the rows that its former holders still have: an instance of an earlier release, which did
 * not have all tables, may have left some.
 * @throws AppError LEGACY_ID_NOT_VOUCHED, LEGACY_ID_CLAIMED, ADDRESS_NOT_CONFIRMED, ACCOUNT_DISABLED
 */
export async function claimLegacyId(
  db: Database,
  actor: Actor,
  sessions: Sessions,
  { legacyId }: z.infer<typeof ClaimLegacyId>,
  vouchedLegacyId: string | null,
) {
  await withTransaction(db, async (tx) => {
    // With the first use of the id, which would make a person of it.
    await lockName(tx, `identity:legacy:${legacyId}`)
    const [identity] = await tx.select().from(identities).where(isLegacyId(legacyId))
    if (identity?.userId === actor.id) return handOverRest(tx, actor)
    if (legacyId !== vouchedLegacyId) throw new AppError('LEGACY_ID_NOT_VOUCHED')
    const people = await tx
      .select({ id: users.id, isActive: users.isActive, proven: provesItself })
      .from(users)
      .where(inArray(users.id, [actor.id, ...(identity ? [identity.userId] : [])]))
      .orderBy(asc(users.id))
      .for('update')
    const [me, holder] = [people.find(({ id }) => id === actor.id), people.find(({ id }) => id !== actor.id)]
    // Else the id would not be claimed by it, and whoever proves the address later would take it all.
    if (!me?.proven) throw new AppError('ADDRESS_NOT_CONFIRMED')
    if (!identity || !holder) {
      await tx.insert(identities).values({ userId: actor.id, provider: 'legacy', subject: legacyId })
      return
    }
    if (holder.proven) throw new AppError('LEGACY_ID_CLAIMED')
    if (!holder.isActive) throw new AppError('ACCOUNT_DISABLED')
    await takeOver(tx, actor, sessions, holder.id)
    noteChange(tx, { userId: holder.id }, { userId: actor.id })
  })
  return { legacyId }
}

/** Whom nothing is left to stays as a name in records, disabled. */
async function takeOver(tx: Database, actor: Actor, sessions: Sessions, holderId: string): Promise<void> {
  const ended = await sessions.end(tx, holderId, 'all', 'account-changed')
  afterCommit(tx, () => {
    sessions.announceEnded(ended, 'account-changed')
    sessions.announceChanged(holderId)
  })
  const theirs = eq(identities.userId, holderId)
  // A password that somebody gave them without an address of theirs.
  await tx.delete(identities).where(and(theirs, ne(identities.provider, 'legacy')))
  await tx.update(identities).set({ userId: actor.id }).where(theirs)
  await handOver(tx, holderId, actor.id)
  await tx.update(users).set({ isActive: false }).where(eq(users.id, holderId))
}

async function handOver(tx: Database, fromId: string, toId: string): Promise<void> {
  await handOverDrafts(tx, fromId, toId)
  await handOverInvitations(tx, fromId, toId)
  await handOverGroups(tx, fromId, toId)
  await handOverTasks(tx, fromId, toId)
  await handOverConversations(tx, fromId, toId)
  await handOverDecisions(tx, fromId, toId)
  await handOverReads(tx, fromId, toId)
}

/** Former holders are in the audit records of claims. One that was enabled since, or can sign in again, owns their rows. */
async function handOverRest(tx: Database, actor: Actor): Promise<void> {
  const claims = tx
    .select({ holderId: sql`(${auditLogs.before} ->> 'userId')::uuid` })
    .from(auditLogs)
    .where(and(eq(auditLogs.actorId, actor.id), eq(auditLogs.action, claimAction)))
  const holders = await tx
    .select({ id: users.id })
    .from(users)
    .where(
      and(
        inArray(users.id, claims),
        ne(users.id, actor.id),
        eq(users.isActive, false),
        notExists(tx.select().from(identities).where(eq(identities.userId, users.id))),
      ),
    )
    .orderBy(asc(users.id))
    .for('update')
  for (const { id } of holders) await handOver(tx, id, actor.id)
}
