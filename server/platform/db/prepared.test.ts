import { eq, sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { idempotencyKeys } from '../idempotency/table.ts'
import { newId } from './columns.ts'
import type { Database } from './database.ts'
import { type Given, preparedOn, preparedQuery } from './prepared.ts'
import { withTransaction } from './transaction.ts'

const app = await buildTestApp()

it('a statement is prepared once for each database, a transaction being one of its own', async () => {
  const { db } = app.database
  const seen: unknown[] = []
  const statement = preparedOn((on) => seen.push(on))
  expect([statement(db), statement(db)]).toEqual([1, 1])
  await db.transaction(async (tx) => {
    expect([statement(tx), statement(tx), statement(db)]).toEqual([2, 2, 1])
  })
  expect(seen[0]).toBe(db)
})

it('a query is built once for each set of values that are given, and answers each call with its own', async () => {
  const built: string[][] = []
  const query = preparedQuery('of_a_test', (db, given: Given<{ a: number; b: string | undefined }>) => {
    built.push(Object.keys(given))
    return db
      .select({ a: sql<number>`${given.a}::int`, b: sql<string | null>`${given.b ?? null}::text` })
      .from(sql`(values (1)) as one`)
  })
  const { db } = app.database
  const ask = (on: Database, a: number, b: string | undefined) => query(on, { a, b })
  expect(await Promise.all([ask(db, 1, undefined), ask(db, 2, 'two'), ask(db, 3, undefined), ask(db, 4, '')])).toEqual([
    [{ a: 1, b: null }],
    [{ a: 2, b: 'two' }],
    [{ a: 3, b: null }],
    [{ a: 4, b: '' }],
  ])
  expect(built).toEqual([['a'], ['a', 'b']])
  // On one connection two statements never have one name, in whatever order it comes to them.
  await db.transaction(async (tx) => {
    expect(await ask(tx, 5, 'five')).toEqual([{ a: 5, b: 'five' }])
    expect(await ask(tx, 6, undefined)).toEqual([{ a: 6, b: null }])
  })
})

it('a query that is called in a transaction is a statement of it, with the text that was built before', async () => {
  const { db } = app.database
  let built = 0
  const claim = preparedQuery(
    'claim_of_a_test',
    (on, row: Given<{ actorId: string; key: string; requestHash: string }>) => {
      built++
      return on.insert(idempotencyKeys).values(row).returning({ key: idempotencyKeys.key })
    },
  )
  const actorId = newId()
  const rows = (on: Database) => on.select().from(idempotencyKeys).where(eq(idempotencyKeys.actorId, actorId))
  await claim(db, { actorId, key: 'outside', requestHash: 'h' })
  const rolledBack = withTransaction(db, async (tx) => {
    expect(await claim(tx, { actorId, key: 'inside', requestHash: 'h' })).toEqual([{ key: 'inside' }])
    expect(await rows(tx)).toHaveLength(2)
    throw new Error('roll back')
  })
  await expect(rolledBack).rejects.toThrow('roll back')
  expect(await rows(db)).toMatchObject([{ key: 'outside' }])
  await withTransaction(db, (tx) => claim(tx, { actorId, key: 'inside', requestHash: 'h' }))
  expect(await rows(db)).toHaveLength(2)
  expect(built).toBe(1)
})

it('a query that would use one id or one time in each run is refused', async () => {
  const { db } = app.database
  const query = (value: string) =>
    preparedQuery('refused_of_a_test', (on, given: Given<{ a: number }>) =>
      on.select({ a: sql`${given.a}::int`, b: sql`${value}::text` }).from(sql`(values (1)) as one`),
    )
  expect(() => query(newId())(db, { a: 1 })).toThrow('give it as a value')
  expect(() => query(new Date().toISOString())(db, { a: 1 })).toThrow('give it as a value')
  expect(await query('a text')(db, { a: 1 })).toEqual([{ a: 1, b: 'a text' }])
})
