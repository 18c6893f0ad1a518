/** Faults in who may do what. */
import type { Fault } from './fault.ts'

export const accessFaults: readonly Fault[] = [
  {
    name: 'the role table lets a user decide on drifts',
    file: 'shared/capabilities.ts',
    from: "'drift:decide': 'engineer'",
    to: "'drift:decide': 'user'",
    foundBy: { file: 'server/test/role-matrix.test.ts', tests: '^drifts.approve > called by user' },
  },
  {
    name: 'a capability is not checked',
    file: 'server/trpc.ts',
    from: "if (!hasCapability(role, capability)) throw new AppError('FORBIDDEN')",
    to: 'hasCapability(role, capability)',
    foundBy: { file: 'server/test/role-matrix.test.ts', tests: '^drafts.create > called by viewer' },
  },
  {
    name: 'the scope of an API key is not checked',
    file: 'server/trpc.ts',
    from: 'if (scopes && !scopes.includes(capability)) throw scopeMissing(capability)',
    to: '',
    foundBy: { file: 'server/test/role-matrix.test.ts', tests: '^drafts.create > called by lesser key' },
  },
  {
    name: 'an API key reaches a procedure that is for sessions only',
    file: 'server/trpc.ts',
    from: "if (scopes !== null) throw new AppError('API_KEY_REFUSED')",
    to: 'void scopes',
    foundBy: { file: 'server/test/role-matrix.test.ts', tests: '^account.sessions.list > called by (lesser )?key' },
  },
  {
    name: 'a draft is read by a user who does not collaborate on it',
    file: 'server/features/drafts/service.ts',
    from: 'and(eq(draftCollaborators.draftId, drafts.id), eq(draftCollaborators.userId, actor.id))',
    to: 'eq(draftCollaborators.draftId, drafts.id)',
    foundBy: { file: 'server/test/role-matrix.test.ts', tests: '^drafts.get > called by stranger' },
  },
  {
    name: 'a task of another user is found by its id',
    file: 'server/features/tasks/service.ts',
    from: '.where(and(eq(tasks.id, taskId), eq(tasks.userId, userId)))',
    to: '.where(and(eq(tasks.id, taskId), userId ? undefined : eq(tasks.userId, userId)))',
    foundBy: { file: 'server/test/role-matrix.test.ts', tests: '^tasks.get > called by stranger' },
  },
  {
    name: 'an API key of another user is revoked',
    file: 'server/features/api-keys/service.ts',
    from: 'and(eq(sessionTable.id, keyId), isMine)',
    to: 'isMine && eq(sessionTable.id, keyId)',
    foundBy: { file: 'server/test/role-matrix.test.ts', tests: '^(account.)?apiKeys.revoke > called by stranger' },
  },
  {
    name: 'the last administrator is demoted',
    file: 'server/features/people/service.ts',
    from: " && others.length === 0)\n      throw new AppError('LAST_ADMINISTRATOR')",
    to: " && others.length < 0)\n      throw new AppError('LAST_ADMINISTRATOR')",
    foundBy: { file: 'server/features/people/people.test.ts', tests: 'the last administrator' },
  },
  {
    name: 'an anonymous caller gets the states of drifts',
    file: 'server/features/drifts/service.ts',
    from: 'return isSignedIn ? {',
    to: 'return isSignedIn || drift ? {',
    foundBy: { file: 'server/test/public-reads.test.ts', tests: 'no value of its states' },
  },
  {
    name: 'a signed-in user sees the secrets in the states of drifts',
    file: 'server/features/drifts/service.ts',
    from: '...hideSecrets(row.expected, row.actual)',
    to: '...(hideSecrets(row.expected, row.actual) && { expected: row.expected, actual: row.actual })',
    foundBy: { file: 'server/features/drifts/state-values.test.ts', tests: 'hidden from signed-in users' },
  },
  {
    name: 'the audit log keeps a value that was revealed',
    file: 'server/features/drifts/reveal.ts',
    from: 'after: { side, path }',
    to: 'after: { side, path, value }',
    foundBy: { file: 'server/features/drifts/state-values.test.ts', tests: 'recorded without the value' },
  },
]
