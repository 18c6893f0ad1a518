/**
 * Approval and rejection. One statement decides, for as long as the drift is pending: of two at once exactly one wins. Rows are locked in
 * the order of their ids, so two calls about several drifts cannot deadlock.
 */
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { ApproveDrift, DecideDrifts, DriftResults, DriftSummary, RejectDrift } from '../../../shared/drifts.ts'
import { noteChange, noteChangeOf } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { users } from '../../platform/identity/table.ts'
import { publish } from '../../platform/live/publish.ts'
import { settleAlerts } from '../alerts/service.ts'
import { driftsChannel } from './channel.ts'
import { countChanges, countOnDay, secondsUntilDecision } from './figures.ts'
import { addHistory } from './history.ts'
import { toResults } from './results.ts'
import { toSummary } from './rows.ts'
import { type DriftRow, drifts } from './table.ts'

/** @throws AppError NOT_FOUND, ALREADY_DECIDED */
export const approveDrift = (db: Database, actor: Decider, { driftId, reason }: ApproveDrift) =>
  decideOne(db, actor, driftId, { status: 'approved', reason: reason ?? null })

/** @throws AppError NOT_FOUND, ALREADY_DECIDED */
export const rejectDrift = (db: Database, actor: Decider, { driftId, reason }: RejectDrift) =>
  decideOne(db, actor, driftId, { status: 'rejected', reason })

/** In one transaction. A drift that is not pending stays as it is, and the others are decided. */
export async function decideDrifts(
  db: Database,
  actor: Decider,
  { driftIds, verdict, reason }: DecideDrifts,
): Promise<DriftResults> {
  return withTransaction(db, async (tx) => {
    const known = await lockDrifts(tx, driftIds)
    const decided = await decide(tx, actor, driftIds, { status: verdict, reason: reason ?? null })
    for (const row of decided) noteChangeOf(tx, pendingOf(row), changeOf(row))
    return toResults(driftIds, new Map(decided.map((row) => [row.id, row])), (id) =>
      known.has(id) ? 'ALREADY_DECIDED' : 'NOT_FOUND',
    )
  })
}

type Decider = Pick<Actor, 'id'>
type Verdict = { status: 'approved' | 'rejected'; reason: string | null }

async function decideOne(db: Database, actor: Decider, driftId: string, verdict: Verdict): Promise<DriftSummary> {
  return withTransaction(db, async (tx) => {
    const [row] = await decide(tx, actor, [driftId], verdict)
    if (!row) throw new AppError((await isKnown(tx, driftId)) ? 'ALREADY_DECIDED' : 'NOT_FOUND')
    noteChange(tx, pendingOf(row), changeOf(row))
    return toSummary(row)
  })
}

/** Those of the drifts that were pending, as they are since. */
async function decide(tx: Database, actor: Decider, driftIds: string[], verdict: Verdict): Promise<DriftRow[]> {
  const [user] = await tx
    .select({ id: users.id, displayName: users.displayName, avatarUrl: users.avatarUrl })
    .from(users)
    .where(eq(users.id, actor.id))
  // A decision is made by a user, and the operator of the server is none.
  if (!user) throw new AppError('FORBIDDEN')
  const decided = await tx
    .update(drifts)
    .set({
      ...verdict,
      decidedBy: user.id,
      decidedAt: sql`now()`,
      updatedAt: sql`now()`,
      version: sql`${drifts.version} + 1`,
    })
    .where(and(inArray(drifts.id, driftIds), eq(drifts.status, 'pending')))
    .returning()
  const [first] = decided
  if (!first) return []
  const ids = decided.map(({ id }) => id)
  const at = (first.decidedAt as Date).toISOString()
  for (const { id, status, version, reason } of decided) {
    await publish(tx, driftsChannel, {
      type: `drift.${verdict.status}`,
      actorId: user.id,
      id,
      status,
      version,
      ...(verdict.status === 'approved'
        ? { approvedAt: at, approvedBy: user.id, approver: user }
        : { rejectedAt: at, rejectedBy: user.id, rejecter: user, reason }),
    })
  }
  await addHistory(tx, ids, { action: verdict.status, actorId: user.id, reason: verdict.reason })
  await settleAlerts(tx, user.id, ids)
  await countChanges(
    tx,
    decided.map((row) => ({ before: pendingOf(row), after: row })),
  )
  await countOnDay(tx, first.decidedAt as Date, {
    [verdict.status]: decided.length,
    secondsToDecision: decided.reduce((sum, row) => sum + secondsUntilDecision(row), 0),
  })
  return decided
}

const pendingOf = (decided: DriftRow): DriftRow => ({
  ...decided,
  status: 'pending',
  decidedBy: null,
  decidedAt: null,
  reason: null,
})

const changeOf = ({ status, decidedBy, decidedAt, reason }: DriftRow) => ({ status, decidedBy, decidedAt, reason })

/** By their ids, in whose order they are locked. */
export async function lockDrifts(tx: Database, driftIds: readonly string[]): Promise<ReadonlyMap<string, DriftRow>> {
  const rows = await tx
    .select()
    .from(drifts)
    .where(inArray(drifts.id, [...driftIds]))
    .orderBy(drifts.id)
    .for('update')
  return new Map(rows.map((row) => [row.id, row]))
}

async function isKnown(tx: Database, driftId: string): Promise<boolean> {
  const [row] = await tx.select({ id: drifts.id }).from(drifts).where(eq(drifts.id, driftId))
  return row !== undefined
}
