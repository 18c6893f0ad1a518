/** What a caller may by role and, with an API key, by scope. */
import { type Capability, hasCapability } from '../../../shared/capabilities.ts'
import { AppError } from '../errors/app-error.ts'
import type { Actor } from './sessions.ts'

export const mayUse = ({ role, scopes }: Actor, capability: Capability): boolean =>
  hasCapability(role, capability) && (scopes === null || scopes.includes(capability))

/** @throws AppError FORBIDDEN, SCOPE_MISSING */
export function requireUse({ role, scopes }: Actor, capability: Capability): void {
  if (!hasCapability(role, capability)) throw new AppError('FORBIDDEN')
  if (scopes && !scopes.includes(capability)) {
    throw new AppError('SCOPE_MISSING', {
      message: `This API key lacks the scope ${capability}. Make one that has it on your account page.`,
    })
  }
}
