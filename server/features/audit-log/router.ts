import { AuditRecords, ListAuditRecords } from '../../../shared/audit-log.ts'
import { can, router } from '../../trpc.ts'
import { listAuditRecords } from './service.ts'

export const auditLogRouter = router({
  list: can('audit-log:read')
    .meta({
      mcp: { description: 'Who changed what and when, the newest first: by actor, by action, by target, or by time' },
    })
    .input(ListAuditRecords)
    .output(AuditRecords)
    .query(({ ctx, input }) => listAuditRecords(ctx.db, input)),
})
