import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { toAppError } from '../errors/app-error.ts'
import { brokenUnique } from './faults.ts'
import { withTransaction } from './transaction.ts'

const app = await buildTestApp()
const db = app.database.db
await db.execute(sql`create table things (
  id uuid primary key, name text not null, size integer not null, made timestamptz not null
)`)
await db.execute(sql`create unique index things_name_key on things (lower(name))`)
const id = '018f4e2a-0000-7000-8000-000000000001'
const insert = ({ thing = id, name = 'a thing', size = '1' as string | number, made = '2026-01-01T00:00:00Z' }) =>
  db.execute(sql`insert into things values (${thing}, ${name}, ${size}, ${made})`)
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail('it worked'),
    (error: unknown) => error,
  )

describe('a value that no column takes', () => {
  it.each([
    ['22P02, no number', { size: 'much' }],
    ['22P02, no uuid', { thing: 'x' }],
    ['22021, a NUL in text', { name: 'a\u0000b' }],
    ['22003, a number out of range', { size: '99999999999' }],
    ['22008, a day that is none', { made: '2026-02-30T00:00:00Z' }],
    ['22007, no time at all', { made: 'yesterday-ish' }],
  ])('is the caller’s fault: %s', async (_, values) => {
    const error = toAppError(await failureOf(insert(values)))
    expect(error).toMatchObject({ code: 'VALIDATION_ERROR', status: 400 })
    expect(JSON.stringify(error.body)).not.toMatch(/insert|things|invalid|syntax|range/i)
    // And leaves the connection as it was.
    await db.execute(sql`select 1`)
  })

  it('is the caller’s fault within a transaction too', async () => {
    const failing = withTransaction(db, (tx) => tx.execute(sql`select ${'x'}::uuid`))
    expect(toAppError(await failureOf(failing)).code).toBe('VALIDATION_ERROR')
  })
})

describe('a unique constraint', () => {
  it('is named when it is broken, on an index over an expression as well', async () => {
    await insert({})
    expect(brokenUnique(await failureOf(insert({ name: 'another' })))).toBe('things_pkey')
    const other = '018f4e2a-0000-7000-8000-000000000002'
    expect(brokenUnique(await failureOf(insert({ thing: other, name: 'A Thing' })))).toBe('things_name_key')
  })

  it('is not named for anything else', async () => {
    expect(brokenUnique(await failureOf(insert({ size: 'much' })))).toBeNull()
    expect(brokenUnique(new Error('no'))).toBeNull()
    expect(brokenUnique(undefined)).toBeNull()
  })
})

describe('anything unknown', () => {
  it.each([
    ['a table that is not there', () => db.execute(sql`select * from secret_table where token = ${'canary'}`)],
    ['a division by zero', () => db.execute(sql`select 1 / ${0}::int`)],
    ['an unhandled conflict', () => insert({})],
  ])('is a 500 with nothing of SQL in it: %s', async (_, work) => {
    const failure = await failureOf(work())
    const error = toAppError(failure)
    expect(error).toMatchObject({ code: 'INTERNAL_ERROR', status: 500, cause: failure })
    expect(JSON.stringify(error.body)).not.toMatch(/select|insert|secret_table|canary|zero|things|constraint/i)
    expect(Object.keys(error.body)).toEqual(['code', 'message'])
  })
})

describe('the database away', () => {
  const coded = (code: string) => new Error('wrapped', { cause: Object.assign(new Error('inner'), { code }) })
  it.each(['ECONNREFUSED', 'ETIMEDOUT', '57P01', '57P03', '08006', '28P01', '3D000', '53300'])(
    'is 503 with a time to try again: %s',
    (code) => {
      expect(toAppError(coded(code))).toMatchObject({ code: 'DATABASE_UNAVAILABLE', status: 503, retryAfterS: 2 })
    },
  )

  it.each(['57014', '55P03', '40001', '40P01'])('is not what busy means: %s', (code) => {
    expect(toAppError(coded(code))).toMatchObject({ code: 'SERVER_BUSY', status: 503, retryAfterS: 2 })
  })
})
