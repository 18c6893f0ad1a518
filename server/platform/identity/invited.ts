import type { Database } from '../db/database.ts'
import { makeInvitationsDue } from '../invitations/due.ts'
import { lockAddress } from './people.ts'
import type { User } from './table.ts'

/** In the transaction in which a user verifies their address, or is enabled again. The job accepts the invitations after the commit. */
export async function makeInvitationsOfUserDue(
  tx: Database,
  { email, emailVerified }: Pick<User, 'email' | 'emailVerified'>,
): Promise<void> {
  if (!email || !emailVerified) return
  await lockAddress(tx, email)
  await makeInvitationsDue(tx, email)
}
