/** What was done about a drift, the newest first: written with each change, and read by its page. */
import { desc, eq } from 'drizzle-orm'
import { type DriftAction, type DriftHistory, driftLimits } from '../../../shared/drifts.ts'
import type { Database } from '../../platform/db/database.ts'
import { send } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import { users } from '../../platform/identity/table.ts'
import { driftHistory, drifts } from './table.ts'

type Entry = Pick<typeof driftHistory.$inferInsert, 'actorId' | 'reason'> & { action: DriftAction }

/** In the transaction of the change. `driftIds`: at least one. */
export async function addHistory(tx: Database, driftIds: readonly string[], entry: Entry): Promise<void> {
  await send(tx, tx.insert(driftHistory).values(driftIds.map((driftId) => ({ driftId, ...entry }))))
}

/** @throws AppError NOT_FOUND */
export async function getHistory(db: Database, driftId: string): Promise<DriftHistory> {
  const [known] = await db.select({ id: drifts.id }).from(drifts).where(eq(drifts.id, driftId))
  if (!known) throw new AppError('NOT_FOUND')
  const rows = await db
    .select({
      id: driftHistory.id,
      action: driftHistory.action,
      at: driftHistory.createdAt,
      by: { id: users.id, displayName: users.displayName, avatarUrl: users.avatarUrl },
      reason: driftHistory.reason,
    })
    .from(driftHistory)
    .leftJoin(users, eq(users.id, driftHistory.actorId))
    .where(eq(driftHistory.driftId, driftId))
    .orderBy(desc(driftHistory.id))
    .limit(driftLimits.history)
  return { items: rows.map(({ at, ...entry }) => ({ ...entry, at: at.toISOString() })) }
}
