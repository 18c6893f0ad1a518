import { integer, pgTable } from 'drizzle-orm/pg-core'
import { instant } from '../db/columns.ts'

/** One row: the time that retention goes by, which follows the clock of the database and does not jump ahead with it. */
export const retentionClock = pgTable('retention_clock', {
  id: integer('id').primaryKey(),
  at: instant('at').notNull(),
  /** The time of the database's clock when `at` was last moved. */
  seenAt: instant('seen_at').notNull(),
})
