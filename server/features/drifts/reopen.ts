/** A decision that is taken back: undone by the user who has just made it, or reopened with a reason. The drift is pending again. */
import { inArray, sql } from 'drizzle-orm'
import {
  type DriftResults,
  type DriftSummary,
  driftLimits,
  type ReopenDrift,
  type UndoDecisions,
} from '../../../shared/drifts.ts'
import { noteChange, noteChangeOf } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { personIdOf } from '../../platform/identity/operator.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { publish } from '../../platform/live/publish.ts'
import { raiseAlert } from '../alerts/service.ts'
import { alertOf } from './alert-words.ts'
import { driftsChannel } from './channel.ts'
import { lockDrifts } from './decide.ts'
import { countChanges, countOnDay, secondsUntilDecision } from './figures.ts'
import { addHistory } from './history.ts'
import { needsAlert } from './policy.ts'
import { toResults } from './results.ts'
import { toSummary } from './rows.ts'
import { type DriftRow, drifts } from './table.ts'

/** What it says of days and times to a decision stays: there was a decision. @throws AppError NOT_FOUND, NOT_DECIDED */
export async function reopenDrift(db: Database, actor: Actor, { driftId, reason }: ReopenDrift): Promise<DriftSummary> {
  return withTransaction(db, async (tx) => {
    const known = (await lockDrifts(tx, [driftId])).get(driftId)
    if (!known) throw new AppError('NOT_FOUND')
    if (!isDecided(known)) throw new AppError('NOT_DECIDED')
    const [row] = await reopen(tx, actor, [known], { action: 'reopened', reason })
    if (!row) throw new Error('a locked drift was deleted')
    noteChange(tx, known, changeOf(row))
    return toSummary(row)
  })
}

/**
 * In one transaction, those decisions that the caller made in the last `driftLimits.undoMs`; figures are as if they had never been made. The
 * others stay.
 */
export async function undoDecisions(db: Database, actor: Actor, { driftIds }: UndoDecisions): Promise<DriftResults> {
  return withTransaction(db, async (tx) => {
    const known = await lockDrifts(tx, driftIds)
    const recent = await tx
      .select({ id: drifts.id })
      .from(drifts)
      .where(sql`${inArray(drifts.id, driftIds)} and ${drifts.decidedAt} > now() - ${undoInterval}`)
    const isRecent = new Set(recent.map(({ id }) => id))
    const undoable = [...known.values()].filter(
      (row) => isDecided(row) && isRecent.has(row.id) && row.decidedBy !== null && row.decidedBy === personIdOf(actor),
    )
    const undone = await reopen(tx, actor, undoable, { action: 'undone', reason: null })
    for (const row of undone) {
      const before = known.get(row.id) as DriftRow
      noteChangeOf(tx, before, changeOf(row))
      await countOnDay(tx, before.decidedAt as Date, {
        [before.status]: -1,
        secondsToDecision: -secondsUntilDecision(before),
      })
    }
    return toResults(driftIds, new Map(undone.map((row) => [row.id, row])), (id) =>
      known.has(id) ? 'NOT_UNDOABLE' : 'NOT_FOUND',
    )
  })
}

const undoInterval = sql.raw(`interval '${driftLimits.undoMs} milliseconds'`)

const isDecided = ({ status }: DriftRow) => status === 'approved' || status === 'rejected'

/** Locked rows that are decided. */
async function reopen(
  tx: Database,
  actor: Actor,
  known: readonly DriftRow[],
  { action, reason }: { action: 'undone' | 'reopened'; reason: string | null },
): Promise<DriftRow[]> {
  if (known.length === 0) return []
  const actorId = personIdOf(actor)
  const ids = known.map(({ id }) => id)
  const reopened = await tx
    .update(drifts)
    .set({ status: 'pending', decidedBy: null, decidedAt: null, reason: null, version: sql`${drifts.version} + 1` })
    .where(inArray(drifts.id, ids))
    .returning()
  await addHistory(tx, ids, { action, actorId, reason })
  for (const row of reopened) {
    await publish(tx, driftsChannel, { type: 'drift.updated', actorId, drift: toSummary(row) })
    if (needsAlert(row.severity)) await raiseAlert(tx, actorId, alertOf(row, 'has to be decided on again'))
  }
  const after = new Map(reopened.map((row) => [row.id, row]))
  await countChanges(
    tx,
    known.map((before) => ({ before, after: after.get(before.id) ?? null })),
  )
  return reopened
}

const changeOf = ({ status, decidedBy, decidedAt, reason }: DriftRow) => ({ status, decidedBy, decidedAt, reason })
