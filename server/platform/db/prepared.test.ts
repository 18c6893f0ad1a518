import { expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { preparedOn } from './prepared.ts'

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
