/** Faults in invitations. */
import type { Fault } from './fault.ts'

const ends = 'server/features/drafts/invitation-ends.test.ts'
const offers = 'server/features/drafts/invitations.test.ts'
const races = 'server/features/drafts/invitations.pg.test.ts'

export const invitationFaults: readonly Fault[] = [
  {
    name: 'the response to an invitation depends on the account with its address',
    file: 'server/platform/invitations/invitations.ts',
    from: 'announceDue(tx)\n  return toInvitation(row)',
    to: `announceDue(tx)
  const known = (await tx.execute(sql\`select 1 from users where lower(email) = \${row.address}\`)) as unknown as { rows: unknown[] }
  return { ...toInvitation(row), ...(known.rows.length > 0 && { email: row.address.toUpperCase() }) }`,
    foundBy: { file: offers, tests: 'has the same response' },
  },
  {
    name: 'an invitation is mailed again whenever the address is invited',
    file: 'server/platform/invitations/invitation-job.ts',
    from: '.mailedAt} is null or $',
    to: '.mailedAt} is null or true or $',
    foundBy: { file: offers, tests: 'mails the address once' },
  },
  {
    name: 'a collaborator lists the invitations of a draft',
    file: 'server/features/drafts/invitations.ts',
    from: "if (!ownsDraft(actor, draft)) throw new AppError('NOT_DRAFT_OWNER')\n  return listInvitations",
    to: 'return listInvitations',
    foundBy: { file: offers, tests: 'only to the owner' },
  },
  {
    name: 'a collaborator withdraws an invitation',
    file: 'server/features/drafts/invitations.ts',
    from: "if (!ownsDraft(actor, draft)) throw new AppError('NOT_DRAFT_OWNER')\n    invitation =",
    to: 'invitation =',
    foundBy: { file: ends, tests: 'only by the owner' },
  },
  {
    name: 'an invitation is withdrawn through another draft',
    file: 'server/platform/invitations/invitations.ts',
    from: 'eq(invitations.id, invitationId), isTo(target), isOpen',
    to: 'eq(invitations.id, invitationId), isOpen',
    foundBy: { file: ends, tests: 'only by the owner' },
  },
  {
    name: 'an expired invitation is accepted',
    file: 'server/platform/invitations/due.ts',
    from: '  gt(invitations.expiresAt, sql`now()`),\n',
    to: '',
    foundBy: { file: ends, tests: 'that has expired' },
  },
  {
    name: 'an invitation is accepted for an account with an unverified address',
    file: 'server/platform/invitations/invitation-job.ts',
    from: 'eq(users.emailVerified, true),',
    to: '',
    foundBy: { file: ends, tests: 'has not verified the address' },
  },
  {
    name: 'the ring is passed to a collaborator who can only read',
    file: 'server/features/drafts/ring.ts',
    from: "if (!next.mayWrite) throw new AppError('COLLABORATOR_CANNOT_WRITE')",
    to: '',
    foundBy: { file: ends, tests: 'makes a viewer a collaborator' },
  },
  {
    name: 'an accepted invitation is withdrawn',
    file: 'server/platform/invitations/invitations.ts',
    from: 'eq(invitations.id, invitationId), isTo(target), isOpen',
    to: 'eq(invitations.id, invitationId), isTo(target)',
    foundBy: { project: 'postgres', file: races, tests: 'either withdrawn or accepted' },
  },
  {
    name: 'an invitation is handled without the lock of its address',
    file: 'server/platform/invitations/invitation-job.ts',
    from: 'await lockAddress(tx, address)\n',
    to: '',
    foundBy: { project: 'postgres', file: races, tests: 'has not committed' },
  },
  {
    name: 'an invitation of a collaborator disappears from the list',
    file: 'server/features/drafts/invitations.ts',
    from: "if ((await insertCollaborator(tx, draftId, user, inviter.id)) !== 'added') return 'spent'",
    to: 'await insertCollaborator(tx, draftId, user, inviter.id)',
    foundBy: { file: ends, tests: 'stays listed like that of any other address' },
  },
  {
    name: 'one inviter spends all mails of an address',
    file: 'server/platform/invitations/invitation-job.ts',
    from: 'and(isTo, eq(invitations.inviterId, inviterId))',
    to: 'and(isTo, eq(invitations.id, inviterId))',
    foundBy: { file: ends, tests: 'to one address for one inviter' },
  },
  {
    name: 'a user who left a draft is added again at once',
    file: 'server/features/drafts/collaborators.ts',
    from: "if (await hasLeft(tx, draftId, user.id)) return 'left'",
    to: '',
    foundBy: { file: 'server/features/drafts/drafts.test.ts', tests: 'do not get a user back' },
  },
]
