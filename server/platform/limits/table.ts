import { bigint, integer, pgTable, text } from 'drizzle-orm/pg-core'

/** Failed sign-ins and calls of late, where no Redis counts them for all instances. Keys are keyed hashes. */
export const rateLimits = pgTable('rate_limits', {
  key: text('key').primaryKey(),
  points: integer('points').notNull().default(0),
  /** Milliseconds since 1970; null for never. */
  expire: bigint('expire', { mode: 'number' }),
})
