import { bigint, index, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { createdAt } from '../db/columns.ts'

/**
 * One row a channel. `head` is the number of its newest event, `floor` that of the newest one already trimmed; `epoch`
 * changes when the numbers begin anew, such as after a restore, so that an old cursor is noticed and not believed.
 *
 * `mark` is that of event `marked`, and `previousMark` that of the event before it. Where `marked` is not `head`, a release without
 * marks wrote the head, and its event has none.
 */
export const channels = pgTable('channels', {
  id: text('id').primaryKey(),
  epoch: text('epoch').notNull(),
  head: bigint('head', { mode: 'number' }).notNull(),
  floor: bigint('floor', { mode: 'number' }).notNull().default(0),
  mark: text('mark'),
  marked: bigint('marked', { mode: 'number' }),
  previousMark: text('previous_mark'),
})

export const events = pgTable(
  'events',
  {
    channel: text('channel').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    type: text('type').notNull(),
    payload: jsonb('payload').notNull(),
    actorId: uuid('actor_id'),
    createdAt: createdAt(),
    /** Random: tells the event from another one that was given the same number after the database was set back. */
    mark: text('mark'),
    /** Of the event before it, which retention may delete. */
    previousMark: text('previous_mark'),
  },
  (event) => [
    primaryKey({ columns: [event.channel, event.seq] }),
    // Retention goes by age.
    index('events_created_at_idx').on(event.createdAt),
  ],
)
