import { bigint, index, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { createdAt } from '../db/columns.ts'

/**
 * One row a channel. `head` is the number of its newest event, `floor` that of the newest one already trimmed; `epoch`
 * changes when the numbers begin anew, such as after a restore, so that an old cursor is noticed and not believed.
 */
export const channels = pgTable('channels', {
  id: text('id').primaryKey(),
  epoch: text('epoch').notNull(),
  head: bigint('head', { mode: 'number' }).notNull(),
  floor: bigint('floor', { mode: 'number' }).notNull().default(0),
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
  },
  (event) => [
    primaryKey({ columns: [event.channel, event.seq] }),
    // Retention goes by age.
    index('events_created_at_idx').on(event.createdAt),
  ],
)
