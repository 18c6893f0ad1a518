/** Who still uses the `X-User-Id` header, as the audit log has it: what has to be gone before it can be switched off. */
import { eq, sql } from 'drizzle-orm'
import type { PageRequest } from '../../../shared/pages.ts'
import type { LegacyUse } from '../../../shared/people.ts'
import { auditLogs } from '../../platform/audit/table.ts'
import type { Database } from '../../platform/db/database.ts'
import { toPage } from '../../platform/db/page.ts'
import { legacyUse, provesItself } from '../../platform/identity/legacy-sessions.ts'
import { identities, users } from '../../platform/identity/table.ts'

/** The most recently used first. Reads all records of uses: it is asked for by hand, by administrators. */
export async function listLegacyUses(db: Database, page: PageRequest) {
  const newestFirst = sql`order by ${auditLogs.id} desc`
  const uses = db
    .select({
      id: sql<string>`(array_agg(${auditLogs.id} ${newestFirst}))[1]`.as('last_use_id'),
      legacyId: sql<string>`substr(${auditLogs.target}, ${'legacy:'.length + 1})`.as('legacy_id'),
      uses: sql<number>`count(*)::int`.as('uses'),
      firstUsedAt: sql`min(${auditLogs.createdAt})`.mapWith(auditLogs.createdAt).as('first_use_at'),
      lastUsedAt: sql`max(${auditLogs.createdAt})`.mapWith(auditLogs.createdAt).as('last_use_at'),
      lastIp: sql<string | null>`(array_agg(${auditLogs.ip} ${newestFirst}))[1]`.as('last_ip'),
    })
    .from(auditLogs)
    .where(eq(auditLogs.action, legacyUse))
    .groupBy(auditLogs.target)
    .as('legacy_uses')
  const rows = await db
    .select({
      id: uses.id,
      legacyId: uses.legacyId,
      uses: uses.uses,
      firstUsedAt: uses.firstUsedAt,
      lastUsedAt: uses.lastUsedAt,
      lastIp: uses.lastIp,
      person: { id: users.id, displayName: users.displayName, avatarUrl: users.avatarUrl },
      claimed: provesItself,
    })
    .from(uses)
    .leftJoin(identities, sql`${identities.provider} = 'legacy' and ${identities.subject} = ${uses.legacyId}`)
    .leftJoin(users, eq(users.id, identities.userId))
    .where(page.cursor ? sql`${uses.id} < ${page.cursor}` : undefined)
    .orderBy(sql`${uses.id} desc`)
    .limit(page.limit + 1)
  return toPage(
    rows,
    page,
    ({ firstUsedAt, lastUsedAt, ...use }): LegacyUse => ({
      ...use,
      firstUsedAt: firstUsedAt.toISOString(),
      lastUsedAt: lastUsedAt.toISOString(),
    }),
  )
}
