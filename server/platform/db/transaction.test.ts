import { sql } from 'drizzle-orm'
import { PgTransaction } from 'drizzle-orm/pg-core'
import { expect, it, vi } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { rowsOf } from '../../test/rows.ts'
import { brokenUnique, RolledBack } from './faults.ts'
import { afterCommit, send, withTransaction } from './transaction.ts'

const app = await buildTestApp()
const db = app.database.db
await db.execute(sql`create table notes (n integer primary key)`)
const notes = async () => rowsOf(await db.execute(sql`select n from notes order by n`)).map(({ n }) => n)

it('keeps everything or nothing: a throw takes back what was written', async () => {
  const failing = withTransaction(db, async (tx) => {
    await tx.execute(sql`insert into notes values (1)`)
    throw new Error('changed my mind')
  })
  await expect(failing).rejects.toThrow('changed my mind')
  expect(await notes()).toEqual([])
  const kept = await withTransaction(db, async (tx) => {
    await tx.execute(sql`insert into notes values (2)`)
    return 'kept'
  })
  expect(kept).toBe('kept')
  expect(await notes()).toEqual([2])
})

it('runs a task once when it fails for a reason that a second time would not mend', async () => {
  const task = vi.fn(async (tx: typeof db) => {
    await tx.execute(sql`insert into notes values (2)`)
  })
  const failure = await withTransaction(db, task).catch((error) => error)
  expect(brokenUnique(failure)).toBe('notes_pkey')
  expect(task).toHaveBeenCalledTimes(1)
  expect(await notes()).toEqual([2])
})

it('has not committed where its task went on after a statement that failed', async () => {
  const told = vi.fn()
  const swallowing = withTransaction(db, async (tx) => {
    afterCommit(tx, told)
    await tx.execute(sql`insert into notes values (20)`)
    await tx.execute(sql`insert into notes values (2)`).catch(() => {})
    return 'done'
  })
  const failure = await swallowing.catch((error) => error)
  // Drizzle wraps what COMMIT throws.
  expect([failure, failure.cause]).toContainEqual(expect.any(RolledBack))
  expect(brokenUnique(failure)).toBe('notes_pkey')
  expect(told).not.toHaveBeenCalled()
  expect(await notes()).toEqual([2])
})

it('commits what was sent without waiting, and runs the effects that depend on its result', async () => {
  const effects: unknown[] = []
  await withTransaction(db, async (tx) => {
    const inserted = tx.execute(sql`insert into notes values (21) returning n`)
    await send(
      tx,
      inserted.then((rows) => afterCommit(tx, () => effects.push(rowsOf(rows)))),
    )
    await send(tx, tx.execute(sql`delete from notes where n = 21`))
  })
  expect(effects).toEqual([[{ n: 21 }]])
  expect(await notes()).toEqual([2])
})

it.each([
  ['the last one', async () => {}],
  ['one before another', (tx: typeof db) => tx.execute(sql`select 1`)],
  ['one before another that is sent', (tx: typeof db) => send(tx, tx.execute(sql`insert into notes values (23)`))],
])('fails with the statement that was sent and failed: %s', async (_, next) => {
  const effect = vi.fn()
  const failing = withTransaction(db, async (tx) => {
    afterCommit(tx, effect)
    await tx.execute(sql`insert into notes values (22)`)
    await send(tx, tx.execute(sql`insert into notes values (2)`))
    await next(tx)
  })
  expect(brokenUnique(await failing.catch((error) => error))).toBe('notes_pkey')
  expect(effect).not.toHaveBeenCalled()
  expect(await notes()).toEqual([2])
})

it('joins the transaction that it is given', async () => {
  const failing = withTransaction(db, async (tx) => {
    await withTransaction(tx, async (inner) => {
      expect(inner).toBe(tx)
      expect(inner).toBeInstanceOf(PgTransaction)
      await inner.execute(sql`insert into notes values (3)`)
    })
    throw new Error('the outer one decides')
  })
  await expect(failing).rejects.toThrow('the outer one decides')
  expect(await notes()).toEqual([2])
})

it('takes a savepoint back alone', async () => {
  await withTransaction(db, async (tx) => {
    await tx.execute(sql`insert into notes values (4)`)
    await expect(tx.transaction((inner) => inner.execute(sql`insert into notes values (2)`))).rejects.toThrow()
    await tx.transaction((inner) => inner.execute(sql`insert into notes values (5)`))
  })
  expect(await notes()).toEqual([2, 4, 5])
})

it('is over for whatever it left running', async () => {
  const over = Promise.withResolvers<void>()
  let stray: Promise<unknown> | undefined
  await withTransaction(db, async (tx) => {
    await tx.execute(sql`insert into notes values (6)`)
    stray = over.promise.then(() => tx.execute(sql`insert into notes values (7)`))
  })
  over.resolve()
  await expect(stray).rejects.toThrow()
  expect(await notes()).toEqual([2, 4, 5, 6])
})
