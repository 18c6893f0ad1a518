/**
 * The mails that there are, and asking for one to be sent: a row in the transaction of the change that it tells of, so one is
 * never without the other.
 */
import type { Role } from '../../../shared/account.ts'
import type { Database } from '../db/database.ts'
import { afterCommit, rootOf } from '../db/transaction.ts'
import { mails } from './table.ts'

/** By template, what it is filled with. `tokenId`: of the one-time token that its link holds, which is made when it is sent. */
export interface MailValues {
  'verify-email': { name: string; tokenId: string }
  'reset-password': { name: string; tokenId: string }
  /** Somebody tried to register with the address of an account that there is. */
  'already-registered': { name: string }
  /** `others`: the sign-in methods that remain, in words; absent where there is none. */
  'password-changed': { name: string; others?: string }
  /** `method`: in words, such as `Google`. */
  'sign-in-method-added': { name: string; method: string }
  'sign-in-method-removed': { name: string; method: string }
  /** `scopes`: of the key, such as `draft:read, draft:write`. */
  'api-key-created': { name: string; scopes: string }
  /** A refresh token came again after its successor was used: somebody else has a copy. */
  'session-stolen': { name: string; device: string }
  /** To an address, which need not have an account. `by`: the inviter, by their username. `noun` and `path`: of the target. */
  invitation: { by: string; noun: string; path: string }
  /** To the user. `by`: the administrator, such as `@ada`. */
  'account-administered': { name: string; by: string } & AdministrativeChange
  /** To administrators. `person`: the user, such as `@grace`. `target`: of the record in the audit log. */
  'administrators-informed': { name: string; by: string; person: string; target: string } & AdministrativeChange
}
/** What an administrator did to an account. */
export type AdministrativeChange =
  | { act: 'role-changed'; from: Role; to: Role }
  | { act: 'disabled' | 'enabled' | 'signed-out' | 'device-signed-out' | 'api-key-revoked' }
export type MailTemplate = keyof MailValues

const listeners = new WeakMap<Database, () => void>()

/** `listener` hears of mails that this process commits through `db`, after the commit. One listener a database. */
export function onMailQueued(db: Database, listener: () => void): void {
  listeners.set(db, listener)
}

export async function queueMail<Template extends MailTemplate>(
  tx: Database,
  recipient: string,
  template: Template,
  values: MailValues[Template],
): Promise<void> {
  await queueMails(tx, template, [{ recipient, values }])
}

/** One mail each, in one statement. */
export async function queueMails<Template extends MailTemplate>(
  tx: Database,
  template: Template,
  copies: readonly { recipient: string; values: MailValues[Template] }[],
): Promise<void> {
  if (copies.length === 0) return
  await tx.insert(mails).values(copies.map(({ recipient, values }) => ({ recipient, template, values })))
  const listener = listeners.get(rootOf(tx))
  if (listener) afterCommit(tx, listener)
}
