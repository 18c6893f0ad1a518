import type { Database } from '../db/database.ts'
import { makeInvitationsDue } from '../invitations/due.ts'
import { lockName } from './people.ts'
import type { User } from './table.ts'

/** Taken before the rows of users and held to the end of the transaction, so that verifying an address and accepting its invitations take turns. */
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
