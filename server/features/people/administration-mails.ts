/**
 * Mails about what an administrator did to an account, in the transaction of the change: one to its user, and one to each other
 * administrator. The administrator who did it gets one as well, because a stolen session looks the same to the others.
 */
import { and, asc, eq, isNotNull, ne } from 'drizzle-orm'
import type { Database } from '../../platform/db/database.ts'
import { operator } from '../../platform/identity/operator.ts'
import { mailToOwner } from '../../platform/identity/people.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { type User, users } from '../../platform/identity/table.ts'
import { nameInMail } from '../../platform/mail/mail-layout.ts'
import { type AdministrativeChange, queueMails } from '../../platform/mail/mail-queue.ts'

const maxAdministrators = 50

type Concerned = Pick<User, 'id' | 'email' | 'emailVerified' | 'username' | 'displayName'>

/** `target`: of the change's record in the audit log. Only for a change that changed something. */
export async function mailAdministrativeChange(
  tx: Database,
  actor: Actor,
  person: Concerned,
  change: AdministrativeChange & { target: string },
): Promise<void> {
  const { target, ...what } = change
  const by = await nameOfActor(tx, actor)
  await mailToOwner(tx, person, 'account-administered', { name: person.displayName, ...what, by })
  const administrators = await tx
    .select({ email: users.email, name: users.displayName })
    .from(users)
    .where(
      and(
        eq(users.role, 'admin'),
        eq(users.isActive, true),
        eq(users.emailVerified, true),
        isNotNull(users.email),
        ne(users.id, person.id),
      ),
    )
    // The oldest accounts, because accomplices would be newer ones.
    .orderBy(asc(users.id))
    .limit(maxAdministrators)
  await queueMails(
    tx,
    'administrators-informed',
    administrators.map(({ email, name }) => ({
      recipient: String(email),
      values: { name, ...what, person: nameInMail(person), by, target },
    })),
  )
}

async function nameOfActor(tx: Database, actor: Actor): Promise<string> {
  if (actor === operator) return 'the operator of this server'
  const [user] = await tx.select().from(users).where(eq(users.id, actor.id))
  return user ? nameInMail(user) : actor.id
}
