import { and, count, eq, sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { rowsOf } from '../../platform/db/rows.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { users } from '../../platform/identity/table.ts'
import { buildTestApp } from '../../test/app.ts'
import { makeAdministrator } from '../../test/calls.ts'
import { signedIn } from '../../test/followers.ts'
import { until } from '../../test/until.ts'

const app = await buildTestApp()

it('an administrator who is just being demoted or disabled changes nothing any more', async () => {
  const { db } = app.database
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
      await until('it to wait', async () => {
        const waiting = await db.execute(
          sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
        return rowsOf(waiting).length > 0
      })
    })
    expect((await answers[0])?.statusCode, path).toBe(403)
    const [after] = await db.select().from(users).where(eq(users.id, me.id))
    expect(after).toMatchObject({ role: 'user', isActive: false })
  }
})

it('of two administrators who demote each other at once one stays', async () => {
  const { db } = app.database
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
