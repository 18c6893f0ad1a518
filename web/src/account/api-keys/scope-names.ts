import type { Scope } from '../../../../shared/api-keys.ts'

/** What a program with the scope can do in somebody's name. */
export const scopeNames: Record<Scope, string> = {
  'draft:read': 'Read drafts',
  'draft:write': 'Write in drafts',
  'task:read': 'Read tasks',
  'task:write': 'Change tasks',
  'conversation:read': 'Read conversations',
  'conversation:write': 'Write in conversations',
  'group:read': 'Read groups',
  'group:write': 'Change groups',
  'drift:read': 'Read drifts and alerts',
  'drift:report': 'Report drifts',
  'drift:decide': 'Approve and reject drifts',
  // Changing anything about them takes more than a key.
  'person:manage': 'Read people and their API keys',
  'audit-log:read': 'Read the audit log',
}
