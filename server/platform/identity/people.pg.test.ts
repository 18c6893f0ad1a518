import { eq, sql } from 'drizzle-orm'
import { expect, it, vi } from 'vitest'
import { buildTestApp, newPerson } from '../../test/app.ts'
import { withTransaction } from '../db/transaction.ts'
import { identities, sessions, users } from './table.ts'

const app = await buildTestApp()
const { db } = app.database

it('a way in that is being taken away lets nobody in beside it', async () => {
  const claims = newPerson()
  const { id } = (await (await app.signIn(claims)).get('/me')).json()
  const [taken, decided] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  // What an eviction or an unlinking does, stopped before its commit.
  const taking = withTransaction(db, async (tx) => {
    await tx.select().from(users).where(eq(users.id, id)).for('update')
    await tx.delete(identities).where(eq(identities.userId, id))
    await app.sessions.end(tx, id, 'all', 'account-changed')
    taken.resolve()
    await decided.promise
  })
  await taken.promise
  const coming = app.signIn({ ...claims, email: undefined })
  await vi.waitFor(async () => {
    const waiting = sql`pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    expect(await db.$count(waiting)).toBe(1)
  })
  decided.resolve()
  await taking
  expect((await (await coming).get('/me')).json().id).not.toBe(id)
  const left = await db.select().from(sessions).where(eq(sessions.userId, id))
  expect(left.map(({ endReason }) => endReason)).toEqual(['account-changed'])
})
