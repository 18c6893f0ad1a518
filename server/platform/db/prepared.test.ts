import { sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import type { Database } from './database.ts'
import { type Given, preparedOn, preparedQuery } from './prepared.ts'

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
