import type { Database } from '../db/database.ts'
import { makeInvitationsDue } from '../invitations/due.ts'
import { lockName } from './people.ts'
import type { User } from './table.ts'

/** Held to the end of the transaction, before the rows of users: an address is verified, and invited users are added, one after another. */
export const lockAddress = (tx: Database, email: string) => lockName(tx, `email:${email.toLowerCase()}`)

/** In the transaction in which a user verifies their address, or is enabled again. The job accepts the invitations after the commit. */
export async function acceptInvitationsOf(
  tx: Database,
  { email, emailVerified }: Pick<User, 'email' | 'emailVerified'>,
): Promise<void> {
  if (!email || !emailVerified) return
  await lockAddress(tx, email)
  await makeInvitationsDue(tx, email)
}
