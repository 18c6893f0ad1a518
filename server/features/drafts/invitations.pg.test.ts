/** Invitations that two instances, or a user and the inviter, handle at the same moment. */
import { and, eq, isNotNull, sql } from 'drizzle-orm'
import { afterAll, expect, it } from 'vitest'
import { rowsOf } from '../../platform/db/rows.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { lockAddress } from '../../platform/identity/people.ts'
import { users } from '../../platform/identity/table.ts'
import { makeInvitationsDue } from '../../platform/invitations/due.ts'
import { invitations } from '../../platform/invitations/table.ts'
import { buildTestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { draftWithInvitations, handled, verifiedUser } from '../../test/invitations.ts'
import { codeOf, data, mailsTo, newAccount, registered } from '../../test/passwords.ts'
import { until } from '../../test/until.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const environment = { DATABASE_URL: database.url }
const [here, there] = [await buildTestApp({ environment }), await buildTestApp({ environment })]
const rounds = 15

it('an address that is invited many times at once is mailed once, whichever instance handles it', async () => {
  const { invite, list, owner, draftId } = await draftWithInvitations(here)
  const { email } = newAccount()
  const elsewhere = await there.enterAgain(owner.id)
  const answers = await Promise.all([
    ...Array.from({ length: 8 }, () => invite(email)),
    ...Array.from({ length: 8 }, () => elsewhere.mutate('drafts.addCollaborator', { draftId, email })),
  ])
  expect(new Set(answers.map((answer) => data(answer).id)).size).toBe(1)
  await handled(here, email)
  expect(await mailsTo(here, email)).toEqual(['invitation'])
  expect(await list()).toHaveLength(1)
})

it('an invitation is either withdrawn or accepted when both happen at once', async () => {
  const seen = new Set<string>()
  for (let round = 0; round < rounds; round++) {
    const { invite, withdraw, others } = await draftWithInvitations(here)
    const { email } = newAccount()
    const { id } = data(await invite(email))
    await handled(here, email)
    const accepted = verifiedUser(there, email)
    // Each round withdraws at another point of the sign-in, the last one after the acceptance.
    for (let turn = 0; turn < round; turn++) await here.browser().get('/livez')
    if (round === rounds - 1) {
      await accepted
      await handled(here, email)
    }
    const withdrawn = codeOf(await withdraw(id))
    const user = await accepted
    await handled(here, email)
    const ended = withdrawn[0] === 200 ? 'withdrawn' : 'accepted'
    seen.add(ended)
    expect([withdrawn[1], await others()]).toEqual(ended === 'withdrawn' ? [undefined, []] : ['NOT_FOUND', [user.id]])
  }
  expect(seen).toEqual(new Set(['withdrawn', 'accepted']))
})

it('an invitation is accepted when the address is verified at the moment it is invited', async () => {
  for (let round = 0; round < rounds; round++) {
    const { invite, others, list } = await draftWithInvitations(here)
    const { email } = newAccount()
    const [user] = await Promise.all([verifiedUser(there, email), invite(email)])
    await handled(here, email)
    expect(await others()).toEqual([user.id])
    expect(await list()).toEqual([])
  }
})

it('an invitation is accepted after the verification of its address, which has not committed when it is invited', async () => {
  const { invite, others } = await draftWithInvitations(here)
  const { email } = await registered(here)
  const { db } = here.database
  const waits = sql`select 1 from pg_locks where locktype = 'advisory' and not granted
    and database = (select oid from pg_database where datname = current_database())`
  const isDue = and(eq(invitations.address, email), isNotNull(invitations.dueAt))
  const id = await withTransaction(db, async (tx) => {
    await lockAddress(tx, email)
    const [user] = await tx.update(users).set({ emailVerified: true }).where(eq(users.email, email)).returning()
    await makeInvitationsDue(tx, email)
    await invite(email)
    await until('the job to wait or to be done', async () => {
      return rowsOf(await db.execute(waits)).length > 0 || (await db.$count(invitations, isDue)) === 0
    })
    return user?.id
  })
  await handled(here, email)
  expect(await others()).toEqual([id])
})

it('an acceptance and other changes of the draft at the same time all succeed', async () => {
  for (let round = 0; round < rounds; round++) {
    const { owner, draftId, invite, others } = await draftWithInvitations(here)
    const user = await verifiedUser(here)
    const changes = await Promise.all([
      invite(user.email),
      there.enterAgain(owner.id).then((browser) => browser.mutate('drafts.rename', { draftId, title: 'New' })),
      owner.browser.mutate('drafts.addCollaborator', { draftId, userId: user.id }),
      there.signIn({ email: user.email }).catch(() => undefined),
    ])
    expect(changes.slice(0, 3).map((answer) => (answer as { statusCode: number }).statusCode)).toEqual([200, 200, 200])
    await handled(here, user.email)
    expect(await others()).toEqual([user.id])
  }
})
