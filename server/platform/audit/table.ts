import { sql } from 'drizzle-orm'
import { index, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { createdAt, primaryId } from '../db/columns.ts'

/**
 * Who changed what. Rows are only ever added: triggers refuse to change or to delete one, but by `delete_old_audit_logs`. No foreign
 * keys, for a record outlives whom and what it names.
 */
export const auditLogs = pgTable(
  'audit_logs',
  {
    id: primaryId(),
    createdAt: createdAt(),
    /** Null where nobody was signed in. */
    actorId: uuid('actor_id'),
    /** Of the API key by which they came, who then need not have been there. */
    apiKeyId: uuid('api_key_id'),
    /** The procedure's path, such as `drafts.rename`. */
    action: text('action').notNull(),
    /** What was changed, as `noun:id`. */
    target: text('target').notNull(),
    /** The columns that changed, as they were; null where nothing was there before. */
    before: jsonb('before'),
    after: jsonb('after'),
    ip: text('ip'),
    requestId: text('request_id').notNull(),
  },
  (log) => [
    index('audit_logs_actor_id_id_idx').on(log.actorId, log.id),
    index('audit_logs_action_id_idx').on(log.action, log.id),
    index('audit_logs_target_id_idx').on(log.target, log.id),
    index('audit_logs_api_key_id_id_idx').on(log.apiKeyId, log.id).where(sql`${log.apiKeyId} is not null`),
  ],
)
