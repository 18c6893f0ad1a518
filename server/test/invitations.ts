/** Drafts to which addresses are invited. */
import { sql } from 'drizzle-orm'
import { expect } from 'vitest'
import type { Draft } from '../../shared/drafts.ts'
import type { Invitation } from '../../shared/invitations.ts'
import { invitations } from '../platform/invitations/table.ts'
import { newPerson, type TestApp } from './app.ts'
import { draftOf, signedIn } from './followers.ts'
import { type Account, data, mailedToken } from './passwords.ts'
import { until } from './until.ts'

/** A new draft at `app`, and the calls of its owner. */
export async function draftWithInvitations(app: TestApp) {
  const owner = await signedIn(app)
  const { id: draftId } = await draftOf(app, owner)
  const invite = (person: string) => owner.browser.mutate('drafts.addCollaborator', { draftId, person })
  const list = async (): Promise<Invitation[]> =>
    data(await owner.browser.query('drafts.listInvitations', { draftId })).items
  const withdraw = (invitationId: string) =>
    owner.browser.mutate('drafts.withdrawInvitation', { draftId, invitationId })
  const get = async (): Promise<Draft> => data(await owner.browser.query('drafts.get', { draftId }))
  const others = async () => (await get()).collaborators.map(({ id }) => id).filter((id) => id !== owner.id)
  return { owner, draftId, invite, list, withdraw, get, others }
}

/** Resolves when the job has nothing left to do for the address. */
export const handled = ({ database: { db } }: TestApp, address: string) =>
  until(`invitations of ${address} handled`, async () => {
    const due = await db.$count(invitations, sql`address = ${address.toLowerCase()} and due_at <= now()`)
    return due === 0
  })

/** Follows the link of a sign-up. */
export async function verify(app: TestApp, { email, password }: Pick<Account, 'email' | 'password'>): Promise<void> {
  const token = await mailedToken(app, email, 'verify-email')
  expect((await app.browser().mutate('auth.verifyEmail', { token, password })).statusCode).toBe(200)
}

/** A user whose address Google has verified. */
export async function verifiedUser(app: TestApp, email = newPerson().email) {
  const claims = { ...newPerson(), email }
  const browser = await app.signIn(claims)
  return { id: String((await browser.get('/me')).json().id), email: claims.email, browser }
}
