import { and, count, eq, sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { rowsOf } from '../../platform/db/rows.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { lockAddress } from '../../platform/identity/people.ts'
import { users } from '../../platform/identity/table.ts'
import { buildTestApp } from '../../test/app.ts'
import { makeAdministrator } from '../../test/calls.ts'
import { signedIn } from '../../test/followers.ts'
import { verifiedUser } from '../../test/invitations.ts'
import { until } from '../../test/until.ts'

const app = await buildTestApp()
const { db } = app.database

const statementWaits = async () => {
  const waiting = await db.execute(
    sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  )
  return rowsOf(waiting).length > 0
}

it('enabling a user locks the address before the row, as a sign-in does, so the two do not deadlock', async () => {
  const [me, { id: personId, email }] = [await signedIn(app), await verifiedUser(app)]
  await makeAdministrator(app, me)
  await db.update(users).set({ isActive: false }).where(eq(users.id, personId))
  const answers: Promise<{ statusCode: number }>[] = []
  await db.transaction(async (tx) => {
    await lockAddress(tx, email)
    answers.push(me.browser.mutate('people.enable', { personId }))
    await until('it to wait for the address', statementWaits)
    await tx.select().from(users).where(eq(users.id, personId)).for('update', { noWait: true })
  })
  expect((await answers[0])?.statusCode).toBe(200)
})

it('an administrator who is just being demoted or disabled changes nothing any more', async () => {
  const [boss, me] = [await signedIn(app), await signedIn(app)]
  for (const person of [boss, me]) await makeAdministrator(app, person)
  for (const [path, input] of [
    ['changeRole', { role: 'admin' }],
    ['enable', {}],
    ['endSessions', {}],
  ] as const) {
    await db.update(users).set({ role: 'admin', isActive: true }).where(eq(users.id, me.id))
    expect((await me.browser.query('people.list')).statusCode).toBe(200)
    const answers: Promise<{ statusCode: number }>[] = []
    await withTransaction(db, async (tx) => {
      await tx.update(users).set({ role: 'user', isActive: false }).where(eq(users.id, me.id))
      answers.push(me.browser.mutate(`people.${path}`, { personId: me.id, ...input }))
      await until('it to wait', statementWaits)
    })
    expect((await answers[0])?.statusCode, path).toBe(403)
    const [after] = await db.select().from(users).where(eq(users.id, me.id))
    expect(after).toMatchObject({ role: 'user', isActive: false })
  }
})

it('of two administrators who demote each other at once one stays', async () => {
  for (let round = 0; round < 20; round++) {
    await db.update(users).set({ role: 'user' }).where(eq(users.role, 'admin'))
    const [one, two] = [await signedIn(app), await signedIn(app)]
    for (const person of [one, two]) await makeAdministrator(app, person)
    const answers = await Promise.all([
      one.browser.mutate('people.changeRole', { personId: two.id, role: 'user' }),
      two.browser.mutate('people.disable', { personId: one.id }),
    ])
    const [admins] = await db
      .select({ number: count() })
      .from(users)
      .where(and(eq(users.role, 'admin'), eq(users.isActive, true)))
    expect(admins?.number, answers.map(({ body }) => body).join('\n')).toBe(1)
  }
})
