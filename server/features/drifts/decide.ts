/** Approval and rejection. One statement decides, for as long as nobody has: of two at once exactly one wins. */
import { and, eq, sql } from 'drizzle-orm'
import type { ApproveDrift, DriftSummary, RejectDrift } from '../../../shared/drifts.ts'
import { noteChange } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { users } from '../../platform/identity/table.ts'
import { publish } from '../../platform/live/publish.ts'
import { settleAlerts } from '../alerts/service.ts'
import { driftsChannel } from './channel.ts'
import { countChange, countOnDay } from './figures.ts'
import { toSummary } from './rows.ts'
import { type DriftRow, drifts } from './table.ts'

/** @throws AppError NOT_FOUND, ALREADY_DECIDED */
export const approveDrift = (db: Database, actor: Actor, { driftId, reason }: ApproveDrift) =>
  decide(db, actor, driftId, { status: 'approved', reason: reason ?? null })

/** @throws AppError NOT_FOUND, ALREADY_DECIDED */
export const rejectDrift = (db: Database, actor: Actor, { driftId, reason }: RejectDrift) =>
  decide(db, actor, driftId, { status: 'rejected', reason })

type Verdict = { status: 'approved' | 'rejected'; reason: string | null }

async function decide(db: Database, actor: Actor, driftId: string, verdict: Verdict): Promise<DriftSummary> {
  return withTransaction(db, async (tx) => {
    const [person] = await tx
      .select({ id: users.id, displayName: users.displayName, avatarUrl: users.avatarUrl })
      .from(users)
      .where(eq(users.id, actor.id))
    // A decision is somebody's.
    if (!person) throw new AppError('FORBIDDEN')
    const [decided] = await tx
      .update(drifts)
      .set({
        ...verdict,
        decidedBy: person.id,
        decidedAt: sql`now()`,
        updatedAt: sql`now()`,
        version: sql`${drifts.version} + 1`,
      })
      .where(and(eq(drifts.id, driftId), eq(drifts.status, 'pending')))
      .returning()
    if (!decided) throw new AppError((await isKnown(tx, driftId)) ? 'ALREADY_DECIDED' : 'NOT_FOUND')
    const { id, status, version, detectedAt, decidedBy, reason } = decided
    const decidedAt = decided.decidedAt as Date
    const before: DriftRow = { ...decided, status: 'pending', decidedBy: null, decidedAt: null, reason: null }
    noteChange(tx, before, { status, decidedBy, decidedAt, reason })
    const at = decidedAt.toISOString()
    await publish(tx, driftsChannel, {
      type: `drift.${verdict.status}`,
      actorId: person.id,
      id,
      status,
      version,
      ...(verdict.status === 'approved'
        ? { approvedAt: at, approvedBy: person.id, approver: person }
        : { rejectedAt: at, rejectedBy: person.id, rejecter: person, reason }),
    })
    await settleAlerts(tx, person.id, id)
    await countChange(tx, before, decided)
    // A detector's clock may be ahead.
    const secondsToDecision = Math.max(0, decidedAt.getTime() - detectedAt.getTime()) / 1000
    await countOnDay(tx, decidedAt, { [verdict.status]: 1, secondsToDecision })
    return toSummary(decided)
  })
}

async function isKnown(tx: Database, driftId: string): Promise<boolean> {
  const [row] = await tx.select({ id: drifts.id }).from(drifts).where(eq(drifts.id, driftId))
  return row !== undefined
}
