import type { Scope } from '../../../shared/api-keys.ts'

/** What a program with the scope can do in somebody's name. */
export const scopeNames: Record<Scope, string> = {
  'draft:read': 'Read drafts',
  'draft:write': 'Write in drafts',
  'person:manage': 'Manage people',
  'audit-log:read': 'Read the audit log',
}
