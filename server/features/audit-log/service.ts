/** Reading the audit log. Nothing here writes. */
import { and, desc, eq, gte, lt } from 'drizzle-orm'
import type { AuditRecord, ListAuditRecords } from '../../../shared/audit-log.ts'
import { auditLogs } from '../../platform/audit/table.ts'
import type { Database } from '../../platform/db/database.ts'
import { toPage } from '../../platform/db/page.ts'
import { users } from '../../platform/identity/table.ts'

type Columns = Record<string, unknown> | null

/** The newest first. */
export async function listAuditRecords(
  db: Database,
  { actorId, apiKeyId, action, target, since, until, ...page }: ListAuditRecords,
) {
  const rows = await db
    .select({
      id: auditLogs.id,
      record: auditLogs,
      actor: { id: users.id, displayName: users.displayName, avatarUrl: users.avatarUrl },
    })
    .from(auditLogs)
    .leftJoin(users, eq(users.id, auditLogs.actorId))
    .where(
      and(
        page.cursor ? lt(auditLogs.id, page.cursor) : undefined,
        actorId ? eq(auditLogs.actorId, actorId) : undefined,
        apiKeyId ? eq(auditLogs.apiKeyId, apiKeyId) : undefined,
        action ? eq(auditLogs.action, action) : undefined,
        target ? eq(auditLogs.target, target) : undefined,
        since ? gte(auditLogs.createdAt, new Date(since)) : undefined,
        until ? lt(auditLogs.createdAt, new Date(until)) : undefined,
      ),
    )
    .orderBy(desc(auditLogs.id))
    .limit(page.limit + 1)
  return toPage(
    rows,
    page,
    ({ record: { createdAt, before, after, ...record }, actor }): AuditRecord => ({
      ...record,
      at: createdAt.toISOString(),
      actor,
      before: before as Columns,
      after: after as Columns,
    }),
  )
}
