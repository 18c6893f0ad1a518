/**
 * Appending, the hot write of drafts: one statement that takes the position, stores the segment, raises the channel's head
 * and inserts the event. The same as a transaction of four statements takes several times as long, most of it with the
 * draft's row locked. Locks are taken as everywhere: the draft, then its channel.
 */
import { eq, sql } from 'drizzle-orm'
import type { z } from 'zod'
import { type AppendSegment, draftLimits, type Segment } from '../../../shared/drafts.ts'
import type { Database } from '../../platform/db/database.ts'
import { brokenUnique } from '../../platform/db/faults.ts'
import { rowsOf } from '../../platform/db/rows.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { users } from '../../platform/identity/table.ts'
import { toChannelEvent } from '../../platform/live/channel-event.ts'
import { announceCommitted, newEpoch } from '../../platform/live/publish.ts'
import { channels, events } from '../../platform/live/table.ts'
import { holdsRing } from './policy.ts'
import { draftChannel, findDraft } from './service.ts'
import { draftSegments, drafts } from './table.ts'

interface AppendedRow {
  seq: string | number
  epoch: string
  payload: { segment: Segment } | string
  event_at: string | Date
}

/**
 * The same segment id again is the same segment: it is answered as it was stored, and nothing is added.
 * @throws AppError NOT_FOUND, RING_NOT_HELD, DRAFT_CLOSED, DRAFT_FULL, CONFLICT (the id is another segment's)
 */
export async function appendSegment(
  db: Database,
  actor: Actor,
  { draftId, segmentId, text }: z.infer<typeof AppendSegment>,
): Promise<Segment> {
  const channel = draftChannel(draftId)
  const rows = await db
    .execute(sql`
      with appended as (
        update ${drafts} set segment_count = segment_count + 1, updated_at = now()
        where id = ${draftId} and ring_holder_id = ${actor.id} and state = 'open'
          and segment_count < ${draftLimits.segments}
          and not exists (select from ${draftSegments} where id = ${segmentId})
        returning segment_count
      ), author as (
        select jsonb_build_object('id', id, 'displayName', display_name, 'avatarUrl', avatar_url) as ref
        from ${users} where id = ${actor.id}
      ), segment as (
        insert into ${draftSegments} (id, draft_id, author_id, position, text)
        select ${segmentId}, ${draftId}, ${actor.id}, segment_count, ${text} from appended
        returning position, created_at
      ), raised as (
        insert into ${channels} (id, epoch, head) select ${channel}, ${newEpoch()}, 1 from appended
        on conflict (id) do update set head = channels.head + 1
        returning epoch, head
      ), event as (
        insert into ${events} (channel, seq, type, payload, actor_id)
        select ${channel}, head, 'segment.added', jsonb_build_object('segment', jsonb_build_object(
          'id', ${segmentId}::text, 'position', position, 'author', ref, 'text', ${text}::text,
          'createdAt', to_char(created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))), ${actor.id}
        from raised, segment, author
        returning seq, payload, created_at as event_at
      )
      select seq, epoch, payload, event_at from event, raised`)
    // The same segment twice at once: the other one was first.
    .catch((error) => {
      if (brokenUnique(error) === 'draft_segments_pkey') return []
      throw error
    })
  const [row] = rowsOf<AppendedRow>(rows)
  if (!row) return whyNot(db, actor, draftId, segmentId)
  const payload = typeof row.payload === 'string' ? (JSON.parse(row.payload) as { segment: Segment }) : row.payload
  announceCommitted(
    db,
    toChannelEvent(channel, row.epoch, {
      seq: Number(row.seq),
      type: 'segment.added',
      payload,
      actorId: actor.id,
      at: new Date(row.event_at),
    }),
  )
  return payload.segment
}

/** Nothing was written; this says why, or answers what an earlier call with this id has stored. */
async function whyNot(db: Database, actor: Actor, draftId: string, segmentId: string): Promise<Segment> {
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
