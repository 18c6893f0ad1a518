import { sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { rowsOf } from '../../test/rows.ts'
import { until } from '../../test/until.ts'
import { toAppError } from '../errors/app-error.ts'

const poolMax = 3
const app = await buildTestApp({ environment: { DATABASE_POOL_MAX: String(poolMax), DATABASE_WAIT: '2s' } })
const db = app.database.db
const person = await app.signIn()

/** `count` statements that keep a connection each until `release`. */
async function occupy(count: number) {
  const key = Math.floor(Math.random() * 1e9)
  // An advisory lock rather than pg_sleep: it ends when the test says so.
  const held = Promise.withResolvers<void>()
  const ready = Promise.withResolvers<void>()
  const holder = app.database.db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${key})`)
    ready.resolve()
    await held.promise
  })
  await ready.promise
  const waiting = Array.from({ length: count - 1 }, () =>
    db.transaction((tx) => tx.execute(sql`select pg_advisory_xact_lock(${key})`)),
  )
  const all = Promise.all([holder, ...waiting])
  return async () => {
    held.resolve()
    await all
  }
}

it('answers 503 SERVER_BUSY within about 2 s while every connection is busy, and /health stays 200', async () => {
  const release = await occupy(poolMax)
  const began = performance.now()
  const refused = Array.from({ length: 5 }, async () => {
    const answer = await person.mutate('account.updateProfile', { displayName: 'Somebody' })
    return { answer, tookMs: performance.now() - began }
  })
  // Asked all the while, until they are refused.
  let asking = true
  const slowest = (async () => {
    let mostMs = 0
    while (asking) {
      const asked = performance.now()
      expect((await person.get('/health')).json()).toMatchObject({ status: 'healthy' })
      mostMs = Math.max(mostMs, performance.now() - asked)
    }
    return mostMs
  })()
  for (const { answer, tookMs } of await Promise.all(refused)) {
    expect(answer.statusCode).toBe(503)
    expect(answer.json().error.data.code).toBe('SERVER_BUSY')
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(tookMs).toBeGreaterThan(1900)
    expect(tookMs).toBeLessThan(3000)
  }
  asking = false
  const slowestMs = await slowest
  process.stdout.write(`slowest /health beside a full pool: ${Math.round(slowestMs)} ms\n`)
  expect(slowestMs).toBeLessThan(1000)
  await release()
  expect((await person.mutate('account.updateProfile', { displayName: 'Somebody' })).statusCode).toBe(200)
})

it('uses no more connections than it may, however many ask, and no statement waits behind a slow one', async () => {
  const release = await occupy(poolMax - 1)
  const began = performance.now()
  // One connection is left: all go through it, none is put behind the two that wait.
  await Promise.all(Array.from({ length: 100 }, (_, n) => db.execute(sql`select ${n}::int`)))
  expect(performance.now() - began).toBeLessThan(2000)
  const [count] = rowsOf(
    await db.execute(sql`select count(*)::int as n from pg_stat_activity
      where application_name = 'plinth' and datname = current_database()`),
  )
  expect(count?.n).toBeLessThanOrEqual(poolMax)
  await release()
})

it('gives a connection back when a statement fails, is cancelled by Postgres or times out', async () => {
  for (let n = 0; n < poolMax * 3; n++) {
    await expect(db.execute(sql`select 1 / 0`)).rejects.toThrow()
    const failure = await db
      .transaction(async (tx) => {
        await tx.execute(sql`set local statement_timeout = 20`)
        await tx.execute(sql`select pg_sleep(5)`)
      })
      .catch((error) => error)
    expect(toAppError(failure).code).toBe('SERVER_BUSY')
  }
  await until('all slots are free', () => Promise.all(Array.from({ length: poolMax }, () => db.execute(sql`select 1`))))
})
