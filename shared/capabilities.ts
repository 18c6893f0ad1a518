/** Who may do what, for every door and every button. What is not listed is denied. */
import type { Role } from './account.ts'

/** The least role on the ladder that has the capability. */
const leastRole = {
  'draft:read': 'viewer',
  'draft:write': 'user',
  'task:read': 'viewer',
  'task:write': 'user',
  'conversation:read': 'viewer',
  'conversation:write': 'user',
  'group:read': 'viewer',
  'group:write': 'user',
  /** Alerts and figures too. */
  'drift:read': 'viewer',
  'drift:report': 'engineer',
  'drift:decide': 'engineer',
  'person:manage': 'admin',
  'audit-log:read': 'admin',
} as const satisfies Record<string, Role>

export type Capability = keyof typeof leastRole
export const capabilities = Object.keys(leastRole) as [Capability, ...Capability[]]

const ladder: readonly Role[] = ['viewer', 'user', 'engineer', 'admin']

export const hasCapability = (role: Role, capability: Capability): boolean =>
  ladder.indexOf(role) >= ladder.indexOf(leastRole[capability])
