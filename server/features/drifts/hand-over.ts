import { eq, sql } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import { driftHistory, drifts } from './table.ts'

/** In a transaction: what one person decided becomes another's decision, of the same time. */
export async function handOverDecisions(tx: Database, fromId: string, toId: string): Promise<void> {
  await tx
    .update(drifts)
    .set({ decidedBy: toId, updatedAt: sql`${drifts.updatedAt}` })
    .where(eq(drifts.decidedBy, fromId))
  await tx.update(driftHistory).set({ actorId: toId }).where(eq(driftHistory.actorId, fromId))
}
