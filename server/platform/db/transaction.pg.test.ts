import { sql } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { rowsOf } from '../../test/rows.ts'
import type { Database } from './database.ts'
import { sqlState } from './faults.ts'
import { send, withTransaction } from './transaction.ts'

const app = await buildTestApp()
const db = app.database.db
await db.execute(sql`create table accounts (id integer primary key, balance integer not null)`)
await db.execute(sql`insert into accounts values (1, 100), (2, 100)`)
const balances = async () =>
  rowsOf(await db.execute(sql`select balance from accounts order by id`)).map((row) => row.balance)

/** Resolves for all once `size` have come; who comes later goes straight through. */
function meeting(size: number) {
  const { promise, resolve } = Promise.withResolvers<void>()
  let come = 0
  return () => {
    if (++come === size) resolve()
    return promise
  }
}
const stateOf = (error: unknown): string | null =>
  error instanceof Error ? (sqlState(error) ?? stateOf(error.cause)) : null

describe('two transactions in each other’s way', () => {
  it('both succeed after a deadlock, the loser run again from its beginning', async () => {
    const bothHoldOne = meeting(2)
    const transfer = (from: number, to: number) => {
      const task = vi.fn(async (tx: Database) => {
        await tx.execute(sql`update accounts set balance = balance - 10 where id = ${from}`)
        await bothHoldOne()
        await tx.execute(sql`update accounts set balance = balance + 10 where id = ${to}`)
      })
      return { task, done: withTransaction(db, task) }
    }
    const [there, back] = [transfer(1, 2), transfer(2, 1)]
    await Promise.all([there.done, back.done])
    expect(there.task.mock.calls.length + back.task.mock.calls.length).toBe(3)
    expect(await balances()).toEqual([100, 100])
  })

  it('both succeed after a serialisation failure, and neither is lost', async () => {
    const bothHaveRead = meeting(2)
    const add = () => {
      const task = vi.fn(async (tx: Database) => {
        await tx.execute(sql`set transaction isolation level serializable`)
        const [row] = rowsOf(await tx.execute(sql`select balance from accounts where id = 1`))
        await bothHaveRead()
        await tx.execute(sql`update accounts set balance = ${Number(row?.balance) + 1} where id = 1`)
      })
      return { task, done: withTransaction(db, task) }
    }
    const [one, other] = [add(), add()]
    await Promise.all([one.done, other.done])
    expect(one.task.mock.calls.length + other.task.mock.calls.length).toBeGreaterThanOrEqual(3)
    expect(await balances()).toEqual([102, 100])
  })
})

describe('what it runs again', () => {
  const raising = (state: string) =>
    vi.fn(async (tx: Database) => {
      await tx.execute(sql`insert into accounts values (3, 0)`)
      await tx.execute(sql.raw(`do $$ begin raise exception 'planned' using errcode = '${state}'; end $$`))
    })

  it.each(['40001', '40P01'])('is %s, five times at most, each on clean ground', async (state) => {
    const task = raising(state)
    const failure = await withTransaction(db, task).catch((error) => error)
    expect(stateOf(failure)).toBe(state)
    expect(task).toHaveBeenCalledTimes(5)
    expect(await balances()).toHaveLength(2)
  })

  it('is the same for a statement that was sent without waiting', async () => {
    const task = vi.fn((tx: Database) =>
      send(tx, tx.execute(sql.raw(`do $$ begin raise exception 'planned' using errcode = '40001'; end $$`))),
    )
    const failure = await withTransaction(db, task).catch((error) => error)
    expect(stateOf(failure)).toBe('40001')
    expect(task).toHaveBeenCalledTimes(5)
  })

  it.each(['23505', '55P03', '57014', '22P02', 'P0001', 'XX000'])('is not %s', async (state) => {
    const task = raising(state)
    const failure = await withTransaction(db, task).catch((error) => error)
    expect(stateOf(failure)).toBe(state)
    expect(task).toHaveBeenCalledTimes(1)
  })

  it('is not a part of another transaction, which is run again as a whole', async () => {
    const inner = raising('40001')
    const outer = vi.fn((tx: Database) => withTransaction(tx, inner))
    await expect(withTransaction(db, outer)).rejects.toThrow()
    expect(outer).toHaveBeenCalledTimes(5)
    expect(inner).toHaveBeenCalledTimes(5)
  })
})
