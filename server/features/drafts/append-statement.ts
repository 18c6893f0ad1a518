/**
 * The one statement that appends: it takes the positions, stores the segments, raises the heads of their channels, inserts the
 * events and records each in the audit log. Locks are taken as everywhere, the draft and then its channel, and the numbers follow from the locked rows, so the order
 * of a channel is that of its commits as `publish` has it.
 */
import { sql } from 'drizzle-orm'
import { draftLimits, type Segment } from '../../../shared/drafts.ts'
import type { Origin } from '../../platform/audit/audit-log.ts'
import { auditLogs } from '../../platform/audit/table.ts'
import { newId } from '../../platform/db/columns.ts'
import type { Database } from '../../platform/db/database.ts'
import { preparedOn } from '../../platform/db/prepared.ts'
import { users } from '../../platform/identity/table.ts'
import { newMark } from '../../platform/live/channel-event.ts'
import { marking, newEpoch } from '../../platform/live/publish.ts'
import { channels, events } from '../../platform/live/table.ts'
import { draftChannel } from './service.ts'
import { draftSegments, drafts } from './table.ts'

export interface Appending extends Origin {
  readonly draftId: string
  readonly segmentId: string
  readonly actorId: string
  readonly text: string
}

/** `together` leaves out the drafts that somebody else holds at this moment; alone an append waits its turn. */
export type Manner = 'together' | 'alone'

export interface Appended {
  segmentId: string
  seq: string | number
  epoch: string
  payload: { segment: Segment } | string
  at: string | Date
  mark: string
  previousMark: string | null
}

const statements = {
  together: preparedOn((db) => prepareAppend(db, 'together')),
  alone: preparedOn((db) => prepareAppend(db, 'alone')),
}

/**
 * Those that were written, in no particular order. An append that may not be is not among them: who has not the ring, a closed or
 * full draft, a segment id that is taken. No two may have one segment id.
 */
export function runAppend(db: Database, manner: Manner, appends: readonly Appending[]): Promise<Appended[]> {
  return statements[manner](db).execute({
    draftIds: appends.map(({ draftId }) => draftId),
    segmentIds: appends.map(({ segmentId }) => segmentId),
    actorIds: appends.map(({ actorId }) => actorId),
    texts: appends.map(({ text }) => text),
    channels: appends.map(({ draftId }) => draftChannel(draftId)),
    recordIds: appends.map(newId),
    marks: appends.map(newMark),
    ips: appends.map(({ ip }) => ip),
    requestIds: appends.map(({ requestId }) => requestId),
    apiKeyIds: appends.map(({ apiKeyId = null }) => apiKeyId),
    epoch: newEpoch(),
  })
}

/** By name: planning it anew each time takes Postgres longer than running it. */
function prepareAppend(db: Database, manner: Manner) {
  const given = (name: string, type: 'uuid' | 'text') => sql`${sql.placeholder(name)}::${sql.raw(type)}[]`
  const asked = db.$with('asked', {}).as(sql`
    select * from unnest(${given('draftIds', 'uuid')}, ${given('segmentIds', 'uuid')}, ${given('actorIds', 'uuid')},
      ${given('texts', 'text')}, ${given('channels', 'text')}, ${given('recordIds', 'uuid')}, ${given('ips', 'text')},
      ${given('requestIds', 'text')}, ${given('apiKeyIds', 'uuid')}, ${given('marks', 'text')})
      with ordinality as asked
        (draft_id, segment_id, actor_id, text, channel, record_id, ip, request_id, api_key_id, mark, turn)`)
  // A channel that somebody else holds holds up its own draft and no other. One that is not there yet is held by nobody.
  const free = db.$with('free', {}).as(sql`
    select id from ${channels} where id = any (${given('channels', 'text')}) for update skip locked`)
  const isFree = sql`(not exists (select from ${channels} where id = asked.channel)
    or exists (select from free where id = asked.channel))`
  // The draft as it is once it is locked, whatever committed meanwhile.
  const locked = db.$with('locked', {}).as(sql`
    select asked.*, before from asked cross join lateral (
      select segment_count as before from ${drafts}
      where id = asked.draft_id and ring_holder_id = asked.actor_id and state = 'open'
        and not exists (select from ${draftSegments} where id = asked.segment_id)
      for update of drafts ${manner === 'together' ? sql`skip locked` : sql``}) as draft
    ${manner === 'together' ? sql`where ${isFree}` : sql``}`)
  const fitting = db.$with('fitting', {}).as(sql`
    select *, before + nth as position, (count(*) over (partition by draft_id))::integer as added
    from (select *, row_number() over (partition by draft_id order by turn) as nth from locked) as numbered
    where before + nth <= ${sql.raw(String(draftLimits.segments))}`)
  const counted = db.$with('counted', {}).as(sql`select draft_id, channel, added, mark from fitting where nth = added`)
  const counting = db.$with('counting', {}).as(sql`
    update ${drafts} set segment_count = segment_count + added, updated_at = now() from counted where id = draft_id`)
  const storing = db.$with('storing', {}).as(sql`
    insert into ${draftSegments} (id, draft_id, author_id, position, text, created_at)
    select segment_id, draft_id, actor_id, position, text, now() from fitting`)
  const raised = db.$with('raised', {}).as(sql`
    insert into ${channels} (id, epoch, head, mark, marked)
    select channel, ${sql.placeholder('epoch')}, added, mark, added from counted
    on conflict (id) do update set head = channels.head + excluded.head, ${marking}
    returning id, epoch, head, previous_mark`)
  const told = db.$with('told', {}).as(sql`
    insert into ${events} (channel, seq, type, payload, actor_id, mark, previous_mark)
    select channel, head - added + nth, 'segment.added', jsonb_build_object('segment', jsonb_build_object(
      'id', segment_id, 'position', position, 'text', text, 'author', jsonb_build_object(
        'id', actor_id, 'displayName', display_name, 'avatarUrl', avatar_url),
      'createdAt', to_char(now()::timestamptz(3) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))), actor_id,
      fitting.mark, case when nth = 1 then previous_mark else lag(fitting.mark) over (partition by draft_id order by nth) end
    from fitting join raised on raised.id = channel join ${users} on users.id = actor_id
    returning channel, seq, payload, created_at, mark, previous_mark`)
  // The target of a draft's records is written as its channel is.
  const recorded = db.$with('recorded', {}).as(sql`
    insert into ${auditLogs} (id, actor_id, action, target, after, ip, request_id, api_key_id)
    select record_id, actor_id, 'drafts.append', channel,
      jsonb_build_object('segmentId', segment_id, 'position', position), ip, request_id, api_key_id from fitting`)
  return db
    .with(
      ...(manner === 'together' ? [asked, free, locked] : [asked, locked]),
      fitting,
      counted,
      counting,
      storing,
      raised,
      told,
      recorded,
    )
    .select({
      segmentId: sql<string>`payload -> 'segment' ->> 'id'`,
      seq: sql<string | number>`seq`,
      epoch: sql<string>`epoch`,
      payload: sql<{ segment: Segment } | string>`payload`,
      at: sql<string | Date>`created_at`,
      mark: sql<string>`told.mark`,
      previousMark: sql<string | null>`told.previous_mark`,
    })
    .from(sql`told join raised on raised.id = told.channel`)
    .prepare(`append_${manner}`)
}
