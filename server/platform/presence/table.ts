import { index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from '../db/columns.ts'

/** One row a running instance. `beatAt` says that it lives; new at each boot, so nothing of the last one is believed. */
export const presenceServers = pgTable('presence_servers', {
  id: uuid('id').primaryKey(),
  beatAt: instant('beat_at').notNull().defaultNow(),
})

/** That somebody is in a room, as one instance says: whatever the number of their tabs on it, one row. */
export const presenceLeases = pgTable(
  'presence_leases',
  {
    room: text('room').notNull(),
    userId: uuid('user_id').notNull(),
    serverId: uuid('server_id')
      .notNull()
      .references(() => presenceServers.id, { onDelete: 'cascade' }),
    enteredAt: instant('entered_at').notNull().defaultNow(),
    /** When the last of their tabs on this instance left; null while one is there. */
    leftAt: instant('left_at'),
  },
  (lease) => [
    primaryKey({ columns: [lease.room, lease.userId, lease.serverId] }),
    index('presence_leases_server_id_idx').on(lease.serverId),
  ],
)
