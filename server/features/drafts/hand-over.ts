import { asc, eq, inArray, or, sql } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import { users } from '../../platform/identity/table.ts'
import { publish } from '../../platform/live/publish.ts'
import { draftChannel } from './channel.ts'
import { handOverDepartures } from './departures.ts'
import { collaboratorColumns, toCollaborator } from './rows.ts'
import { draftCollaborators, draftSegments, drafts } from './table.ts'

/** In a transaction: whatever one person has in drafts, closed ones too, becomes another's, who may have been in some of them. */
export async function handOverDrafts(tx: Database, fromId: string, toId: string): Promise<void> {
  const [user] = await tx.select(collaboratorColumns).from(users).where(eq(users.id, toId))
  if (!user) throw new Error('no user to hand drafts over to')
  const person = toCollaborator(user)
  const collaborates = tx
    .select({ id: draftCollaborators.draftId })
    .from(draftCollaborators)
    .where(eq(draftCollaborators.userId, fromId))
  const locked = await tx
    .select()
    .from(drafts)
    .where(or(eq(drafts.ownerId, fromId), eq(drafts.ringHolderId, fromId), inArray(drafts.id, collaborates)))
    .orderBy(asc(drafts.id))
    .for('update')
  const instead = (column: typeof drafts.ownerId | typeof drafts.ringHolderId) =>
    sql`case when ${column} = ${fromId} then ${toId}::uuid else ${column} end`
  const draftIds = locked.map(({ id }) => id)
  await tx.execute(sql`insert into draft_collaborators (draft_id, user_id)
    select draft_id, ${toId}::uuid from draft_collaborators where user_id = ${fromId} on conflict do nothing`)
  await tx.delete(draftCollaborators).where(eq(draftCollaborators.userId, fromId))
  await handOverDepartures(tx, fromId, toId)
  if (draftIds.length > 0) {
    await tx
      .update(drafts)
      .set({ ownerId: instead(drafts.ownerId), ringHolderId: instead(drafts.ringHolderId) })
      .where(inArray(drafts.id, draftIds))
  }
  await tx.update(draftSegments).set({ authorId: toId }).where(eq(draftSegments.authorId, fromId))
  for (const { id, ringHolderId } of locked) {
    const channel = draftChannel(id)
    await publish(tx, channel, { type: 'collaborator.added', actorId: toId, person })
    await publish(tx, channel, {
      type: 'collaborator.removed',
      actorId: toId,
      userId: fromId,
      ringHolderId: ringHolderId === fromId ? toId : ringHolderId,
    })
  }
}
