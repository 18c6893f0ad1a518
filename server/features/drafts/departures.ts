/** Users who left a draft. Without their consent they are not added again for `draftLimits.awayForDays`, whether by name or by an invitation. */
import { and, eq, gt, lte, type SQL, sql } from 'drizzle-orm'
import { draftLimits } from '../../../shared/drafts.ts'
import type { Database } from '../../platform/db/database.ts'
import { draftCollaborators, draftDepartures } from './table.ts'

const awaySince: SQL = sql`now() - make_interval(days => ${draftLimits.awayForDays}::int)`

/** With the draft locked. Deletes what no longer counts, so a draft has one row for each user who left it lately. */
export async function noteDeparture(tx: Database, draftId: string, userId: string): Promise<void> {
  const isOver = and(eq(draftDepartures.draftId, draftId), lte(draftDepartures.leftAt, awaySince))
  await tx.delete(draftDepartures).where(isOver)
  await tx
    .insert(draftDepartures)
    .values({ draftId, userId })
    .onConflictDoUpdate({ target: [draftDepartures.draftId, draftDepartures.userId], set: { leftAt: sql`now()` } })
}

export async function hasLeft(db: Database, draftId: string, userId: string): Promise<boolean> {
  const isThis = and(eq(draftDepartures.draftId, draftId), eq(draftDepartures.userId, userId))
  return (await db.$count(draftDepartures, and(isThis, gt(draftDepartures.leftAt, awaySince)))) > 0
}

/** After the collaborations of `fromId` became those of `toId`, who takes part again where either of them left and the other did not. */
export async function handOverDepartures(tx: Database, fromId: string, toId: string): Promise<void> {
  await tx.execute(sql`insert into draft_departures (draft_id, user_id, left_at)
    select draft_id, ${toId}::uuid, left_at from draft_departures where user_id = ${fromId} on conflict do nothing`)
  await tx.delete(draftDepartures).where(eq(draftDepartures.userId, fromId))
  const takesPart = sql`exists (select 1 from ${draftCollaborators} present
    where present.draft_id = ${draftDepartures.draftId} and present.user_id = ${toId})`
  await tx.delete(draftDepartures).where(and(eq(draftDepartures.userId, toId), takesPart))
}
