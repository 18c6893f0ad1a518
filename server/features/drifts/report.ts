/**
 * What detectors say. A drift is known by its detector's name for it: the same name is the same drift, also when two tell of it at
 * once. What was decided on a drift holds for what it was then: seen otherwise, it is pending again.
 */
import { eq, sql } from 'drizzle-orm'
import type { DriftSummary, ReportDrift } from '../../../shared/drifts.ts'
import { noteChange } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { personIdOf } from '../../platform/identity/operator.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { publish } from '../../platform/live/publish.ts'
import { raiseAlert, settleAlerts } from '../alerts/service.ts'
import { alertOf } from './alert-words.ts'
import { driftsChannel } from './channel.ts'
import { countChange, countOnDay } from './figures.ts'
import { addHistory } from './history.ts'
import { needsAlert, sameJson } from './policy.ts'
import { toSummary } from './rows.ts'
import { type DriftRow, drifts } from './table.ts'

/** Where nothing has changed the drift is answered as it is. @throws AppError NOTHING_DRIFTED */
export async function reportDrift(db: Database, actor: Actor, report: ReportDrift): Promise<DriftSummary> {
  const isAsExpected = sameJson(report.expected, report.actual)
  return withTransaction(db, async (tx) => {
    for (;;) {
      const [known] = await tx.select().from(drifts).where(eq(drifts.externalId, report.externalId)).for('update')
      if (isAsExpected) {
        if (!known) throw new AppError('NOTHING_DRIFTED')
        return toSummary(await resolve(tx, actor, known))
      }
      const row = known ? await change(tx, actor, known, report) : await make(tx, actor, report)
      if (row) return toSummary(row)
      // Another has reported it since, or it went after the insert had met it.
    }
  })
}

/** That it is as it was meant to be again. @throws AppError NOT_FOUND */
export async function resolveDrift(db: Database, actor: Actor, driftId: string): Promise<DriftSummary> {
  return withTransaction(db, async (tx) => {
    const [known] = await tx.select().from(drifts).where(eq(drifts.id, driftId)).for('update')
    if (!known) throw new AppError('NOT_FOUND')
    return toSummary(await resolve(tx, actor, known))
  })
}

/** Undefined where there is one of that name. */
async function make(tx: Database, actor: Actor, report: ReportDrift): Promise<DriftRow | undefined> {
  const [made] = await tx
    .insert(drifts)
    .values({ externalId: report.externalId, ...seen(report), detectedAt: detectedAt(report) })
    .onConflictDoNothing({ target: drifts.externalId })
    .returning()
  if (!made) return undefined
  const actorId = personIdOf(actor)
  await publish(tx, driftsChannel, { type: 'drift.created', actorId, drift: toSummary(made) })
  await countChange(tx, null, made)
  await countOnDay(tx, made.detectedAt, { detected: 1 })
  if (needsAlert(made.severity)) await raiseAlert(tx, actorId, alertOf(made, 'is not as it was meant to be'))
  return made
}

async function change(tx: Database, actor: Actor, known: DriftRow, report: ReportDrift): Promise<DriftRow> {
  const now = seen(report)
  const isSame = (Object.keys(now) as (keyof typeof now)[]).every((column) => sameJson(known[column], now[column]))
  // What was resolved and is reported has come back, be it the very same.
  if (isSame && known.status !== 'resolved') return known
  const isReopened = known.status !== 'pending'
  const [changed] = await tx
    .update(drifts)
    .set({
      ...now,
      detectedAt: detectedAt(report),
      status: 'pending',
      version: sql`${drifts.version} + 1`,
      decidedBy: null,
      decidedAt: null,
      reason: null,
    })
    .where(eq(drifts.id, known.id))
    .returning()
  if (!changed) throw new Error('a locked drift went')
  const { status, decidedBy, decidedAt, reason } = changed
  noteChange(tx, known, { ...now, status, ...(isReopened && { decidedBy, decidedAt, reason }) })
  const actorId = personIdOf(actor)
  await publish(tx, driftsChannel, { type: 'drift.updated', actorId, drift: toSummary(changed) })
  await countChange(tx, known, changed)
  await addHistory(tx, [known.id], { action: 'reported', actorId, reason: null })
  if (isReopened) await countOnDay(tx, changed.detectedAt, { detected: 1 })
  if (needsAlert(changed.severity, isReopened ? null : known.severity)) {
    const what = isReopened ? 'has drifted again' : `has become ${changed.severity}`
    await raiseAlert(tx, actorId, alertOf(changed, what))
  }
  return changed
}

async function resolve(tx: Database, actor: Actor, known: DriftRow): Promise<DriftRow> {
  if (known.status === 'resolved') return known
  const [resolved] = await tx
    .update(drifts)
    .set({ status: 'resolved', version: sql`${drifts.version} + 1`, updatedAt: sql`now()` })
    .where(eq(drifts.id, known.id))
    .returning()
  if (!resolved) throw new Error('a locked drift went')
  noteChange(tx, known, { status: resolved.status })
  const { id, version } = resolved
  await publish(tx, driftsChannel, {
    type: 'drift.resolved',
    actorId: personIdOf(actor),
    id,
    status: 'resolved',
    version,
  })
  await addHistory(tx, [id], { action: 'resolved', actorId: personIdOf(actor), reason: null })
  await settleAlerts(tx, personIdOf(actor), [id])
  await countChange(tx, known, resolved)
  return resolved
}

/** What a report says of its drift. */
const seen = ({ resource, severity, expected, actual }: ReportDrift) => ({
  resourceType: resource.type,
  resourceId: resource.id,
  provider: resource.provider,
  region: resource.region,
  severity,
  expected,
  actual,
})

const detectedAt = (report: ReportDrift) => (report.detectedAt === undefined ? sql`now()` : new Date(report.detectedAt))
