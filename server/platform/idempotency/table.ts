import { index, json, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { createdAt } from '../db/columns.ts'

/** Answers of mutations that came with a key: written in the transaction of the mutation, so a row means that it took effect. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    /**
     * Keys are each person's own: nobody can be given somebody else's answer. No foreign key, whose lock on the person two
     * mutations at once would have to raise to their own.
     */
    actorId: uuid('actor_id').notNull(),
    key: text('key').notNull(),
    /** SHA-256 of procedure and input. */
    requestHash: text('request_hash').notNull(),
    /** `{ data }`, as text so that it stays byte for byte; null only inside the transaction that works on it. */
    answer: json('answer'),
    createdAt: createdAt(),
  },
  (row) => [
    primaryKey({ columns: [row.actorId, row.key] }),
    index('idempotency_keys_created_at_idx').on(row.createdAt),
  ],
)
