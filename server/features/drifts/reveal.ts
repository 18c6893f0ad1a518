/** One value of a state, for whoever decides on drifts: the audit log has who asked for which one, and nothing has the value. */
import { eq } from 'drizzle-orm'
import type { RevealedValue, RevealValue } from '../../../shared/drifts.ts'
import { type Origin, recordAudit } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { personIdOf } from '../../platform/identity/operator.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { drifts } from './table.ts'

/** @throws AppError NOT_FOUND where no drift, or no value, is there; VALIDATION_ERROR for what holds others */
export async function revealValue(
  db: Database,
  actor: Actor,
  origin: Origin,
  { driftId, side, path }: RevealValue,
): Promise<RevealedValue> {
  return withTransaction(db, async (tx) => {
    const [row] = await tx.select({ state: drifts[side] }).from(drifts).where(eq(drifts.id, driftId))
    if (!row) throw new AppError('NOT_FOUND')
    const value = valueAt(row.state, path)
    await recordAudit(tx, {
      ...origin,
      actorId: personIdOf(actor),
      action: 'drifts.reveal',
      target: `drift:${driftId}`,
      after: { side, path },
    })
    return { driftId, side, path, value }
  })
}

function valueAt(state: unknown, path: RevealValue['path']): RevealedValue['value'] {
  let found = state
  for (const step of path) {
    // An index of a list, a name of an object: no text reads the length of a list.
    if (typeof found !== 'object' || found === null || Array.isArray(found) !== (typeof step === 'number')) {
      throw new AppError('NOT_FOUND')
    }
    if (!Object.hasOwn(found, step)) throw new AppError('NOT_FOUND')
    found = (found as Record<string | number, unknown>)[step]
  }
  if (typeof found === 'object' && found !== null) {
    throw new AppError('VALIDATION_ERROR', {
      details: [{ field: 'path', message: 'Must lead to a value that holds no others' }],
    })
  }
  return found as RevealedValue['value']
}
