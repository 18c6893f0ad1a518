/** The record of who changed what, as an administrator reads it. */
import { z } from 'zod'
import { Id, TargetId } from './id.ts'
import { Instant } from './instant.ts'
import { PageRequest, pageOf } from './pages.ts'
import { PersonRef } from './person-ref.ts'
import { singleLine } from './text.ts'

export const AuditRecord = z.object({
  id: Id,
  at: Instant,
  /** Null where nobody was signed in; `actorId` without it where the account is gone. */
  actor: PersonRef.nullable(),
  actorId: Id.nullable(),
  /** The API key by which the actor came, if any. */
  apiKeyId: Id.nullable(),
  action: z.string(),
  target: z.string(),
  before: z.record(z.string(), z.unknown()).nullable(),
  after: z.record(z.string(), z.unknown()).nullable(),
  ip: z.string().nullable(),
  requestId: z.string(),
})
export type AuditRecord = z.infer<typeof AuditRecord>
export const AuditRecords = pageOf(AuditRecord)

export const ListAuditRecords = PageRequest.extend({
  actorId: TargetId.optional(),
  /** What was done by this API key. */
  apiKeyId: TargetId.optional(),
  /** Whole, such as `drafts.rename`. */
  action: singleLine(100).optional(),
  /** Whole, such as `draft:<id>`. */
  target: singleLine(200).optional(),
  /** From this instant on. */
  since: Instant.optional(),
  /** Before this instant. */
  until: Instant.optional(),
}).prefault({})
export type ListAuditRecords = z.infer<typeof ListAuditRecords>
