/**
 * Whoever runs commands where the settings and the database are: trusted as they are, and no person. It is this very value
 * that counts and not what it holds, so nothing that arrives over a wire can pass for it.
 */
import type { Actor } from './sessions.ts'

/** Nobody's id: whatever is asked about the operator's own account finds nothing. */
const nobody = '00000000-0000-0000-0000-000000000000'

export const operator: Actor = Object.freeze({ id: nobody, role: 'admin', sessionId: nobody, scopes: null })

/** Where records say that it came from, whichever way it came. */
export const operatorIp = 'cli'

/** For records: null for the operator, as where nobody is signed in. */
export const personIdOf = (actor: Actor | null): string | null =>
  actor === null || actor === operator ? null : actor.id
