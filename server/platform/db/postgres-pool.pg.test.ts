/** What becomes of a connection after what was done on it. */
import { sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { rowsOf } from '../../test/rows.ts'
import { withTransaction } from './transaction.ts'

const app = await buildTestApp({ environment: { DATABASE_POOL_MAX: '1' } })
const db = app.database.db
await db.execute(sql`create table entries (n integer primary key, label text)`)
const pid = async () => rowsOf(await db.execute(sql`select pg_backend_pid() as pid`))[0]?.pid
const entries = async () => rowsOf(await db.execute(sql`select n from entries order by n`)).map(({ n }) => n)

it('is kept after a failure that is the statement’s own, or the transaction’s', async () => {
  const before = await pid()
  await expect(db.execute(sql`select 'x'::uuid`)).rejects.toThrow()
  await expect(withTransaction(db, (tx) => tx.execute(sql`select 1 / 0`))).rejects.toThrow()
  const refused = withTransaction(db, async () => {
    throw new Error('no')
  })
  await expect(refused).rejects.toThrow('no')
  expect(await pid()).toBe(before)
})

it.each(['begin', 'start transaction', 'select 1; begin', 'begin; insert into entries values (7)'])(
  'is not given to others with a transaction that was left open: %s',
  async (text) => {
    const before = await pid()
    await db.execute(text)
    await expect(db.execute(sql`insert into entries values (1)`)).resolves.toBeDefined()
    expect(await pid()).not.toBe(before)
    expect(await entries()).toEqual([1])
    await db.execute(sql`delete from entries`)
  },
)

it('serves the next one though BEGIN failed on it', async () => {
  for (let round = 0; round < 3; round++) {
    const failing = db.transaction(async () => {}, { isolationLevel: 'none' as 'serializable' })
    await expect(failing).rejects.toThrow()
  }
  expect(await pid()).toBeDefined()
})

it('runs nothing outside the transaction that one branch of the task has failed', async () => {
  let branch: Promise<unknown> | undefined
  const failing = withTransaction(db, async (tx) => {
    branch = (async () => {
      await tx.execute(sql`insert into entries values (2)`)
      await tx.execute(sql`insert into entries values (3)`)
    })()
    branch.catch(() => {})
    await Promise.all([branch, Promise.reject(new Error('the other branch'))])
  })
  await expect(failing).rejects.toThrow('the other branch')
  await expect(branch).rejects.toThrow()
  expect(await entries()).toEqual([])
})

it('prepares a statement again whose table has changed', async () => {
  const query = db.select({ label: sql`label` }).from(sql`entries`).prepare('labels')
  await query.execute()
  const before = await pid()
  await db.execute(sql`alter table entries alter column label type integer using 0`)
  expect(await query.execute()).toEqual([])
  await db.execute(sql`alter table entries add column other text, alter column label type text using 'x'`)
  await expect(withTransaction(db, (tx) => tx.execute(sql`select * from entries`))).resolves.toHaveLength(0)
  expect(await query.execute()).toEqual([])
  expect(await pid()).toBe(before)
})

it('returns whole results after a statement that failed behind some of its rows', async () => {
  for (let round = 0; round < 2; round++) {
    await expect(db.execute(sql`select 1 / (3 - n) from generate_series(1, 5) n`)).rejects.toThrow()
    expect(rowsOf(await db.execute(sql`select 1 as n`))).toEqual([{ n: 1 }])
  }
})
