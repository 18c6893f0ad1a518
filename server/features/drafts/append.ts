/**
 * Appending, the hot write of drafts: what it answers, and why it refuses. It is one statement (`append-statement.ts`), shared by
 * those that come at the same time (`append-queue.ts`). The same as a transaction of four statements takes several times as long,
 * most of it with the draft's row locked.
 */
import { eq } from 'drizzle-orm'
import type { z } from 'zod'
import { type AppendSegment, draftLimits, type Segment } from '../../../shared/drafts.ts'
import type { Origin } from '../../platform/audit/audit-log.ts'
import { newId } from '../../platform/db/columns.ts'
import type { Database } from '../../platform/db/database.ts'
import { brokenUnique } from '../../platform/db/faults.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { users } from '../../platform/identity/table.ts'
import { toChannelEvent } from '../../platform/live/channel-event.ts'
import { announceCommitted } from '../../platform/live/publish.ts'
import { append } from './append-queue.ts'
import { holdsRing } from './policy.ts'
import { draftChannel, findDraft } from './service.ts'
import { draftSegments } from './table.ts'

/**
 * The same segment id again is the same segment: it is answered as it was stored, and nothing is added. Without one it gets a
 * new one here, below the idempotency key: a repeat is known by what the caller sent.
 * @throws AppError NOT_FOUND, RING_NOT_HELD, DRAFT_CLOSED, DRAFT_FULL,
 *   CONFLICT (the id is another segment's), IDEMPOTENCY_MISMATCH (it is this one's, with another text)
 */
export async function appendSegment(
  db: Database,
  actor: Actor,
  { draftId, segmentId = newId(), text }: z.infer<typeof AppendSegment>,
  origin: Origin,
): Promise<Segment> {
  const channel = draftChannel(draftId)
  const row = await append(db, { draftId, segmentId, text, actorId: actor.id, ...origin })
    // The same segment twice at once: the other one was first.
    .catch((error) => {
      if (brokenUnique(error) === 'draft_segments_pkey') return null
      throw error
    })
  if (!row) return whyNot(db, actor, { draftId, segmentId, text })
  const payload = typeof row.payload === 'string' ? (JSON.parse(row.payload) as { segment: Segment }) : row.payload
  announceCommitted(
    db,
    toChannelEvent(channel, row.epoch, {
      seq: Number(row.seq),
      mark: row.mark,
      previousMark: row.previousMark,
      type: 'segment.added',
      payload,
      actorId: actor.id,
      at: new Date(row.at),
    }),
  )
  return payload.segment
}

/** Nothing was written; this says why, or answers what an earlier call with this id has stored. */
async function whyNot(
  db: Database,
  actor: Actor,
  { draftId, segmentId, text }: Required<z.infer<typeof AppendSegment>>,
): Promise<Segment> {
  const draft = await findDraft(db, actor, draftId)
  const [stored] = await db
    .select({
      segment: draftSegments,
      author: { id: users.id, displayName: users.displayName, avatarUrl: users.avatarUrl },
    })
    .from(draftSegments)
    .leftJoin(users, eq(users.id, draftSegments.authorId))
    .where(eq(draftSegments.id, segmentId))
  if (stored) {
    const { segment, author } = stored
    if (segment.draftId !== draftId || segment.authorId !== actor.id) throw new AppError('CONFLICT')
    if (segment.text !== text) throw new AppError('IDEMPOTENCY_MISMATCH')
    return {
      id: segment.id,
      position: segment.position,
      author,
      text: segment.text,
      createdAt: segment.createdAt.toISOString(),
    }
  }
  if (draft.state === 'closed') throw new AppError('DRAFT_CLOSED')
  if (!holdsRing(actor, draft)) throw new AppError('RING_NOT_HELD')
  if (draft.segmentCount >= draftLimits.segments) throw new AppError('DRAFT_FULL')
  // The ring came in between: asked again it will do.
  throw new AppError('CONFLICT')
}
