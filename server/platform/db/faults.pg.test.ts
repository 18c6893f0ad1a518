/** Postgres stopped and its backends ended under a running server, which has to live and to lose nothing acknowledged. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { DatabaseLoad } from '../../test/database-load.ts'
import { PostgresServer } from '../../test/postgres-server.ts'
import { rowsOf } from '../../test/rows.ts'
import { until } from '../../test/until.ts'
import { toAppError } from '../errors/app-error.ts'
import type { Database } from './database.ts'
import { withTransaction } from './transaction.ts'

const server = await PostgresServer.create()
const app = await buildTestApp({
  environment: { DATABASE_URL: server.url(), DATABASE_POOL_MAX: '4', DATABASE_WAIT: '2s' },
})
const db = app.database.db
const load = await DatabaseLoad.prepare(app)
const { person } = load

afterAll(() => server.close())
const healthy = () => until('/health 200', async () => (await person.get('/health')).statusCode === 200)
beforeEach(async () => {
  await healthy()
})
/** Until the load has done some more. */
const someWrites = () => {
  const before = load.acknowledged.length
  return until('some writes', () => load.acknowledged.length > before + 20)
}
const endBackends = (name: string) =>
  server.query((ask) => ask`select pg_terminate_backend(pid) from pg_stat_activity where application_name like ${name}`)

describe('Postgres stopped at once under load', () => {
  it('makes 503s and nothing worse, eight times, and loses nothing acknowledged', async () => {
    const stop = load.start()
    const recoveries: number[] = []
    for (let round = 0; round < 8; round++) {
      await someWrites()
      const before = load.statuses.get(503) ?? 0
      await server.stopImmediately()
      await until('503s', () => (load.statuses.get(503) ?? 0) > before && load.failures.size > 0)
      expect((await person.get('/livez')).statusCode).toBe(200)
      await server.start()
      const since = performance.now()
      recoveries.push(await until('a success', () => load.successAfter(since)))
    }
    await stop()
    process.stdout.write(`first success after ${recoveries.map(Math.round).join(', ')} ms\n`)
    expect(Math.max(...recoveries)).toBeLessThan(4000)
    load.expectOnlyOutages()
    await load.expectStored(server)
    // Every slot of the pool is of use again.
    await Promise.all(Array.from({ length: 40 }, () => load.write()))
  })

  it('is answered with 503 within a second by /health, which is 200 again soon after', async () => {
    await server.stopImmediately()
    const began = performance.now()
    const answer = await person.get('/health')
    expect(answer.statusCode).toBe(503)
    expect(answer.json()).toMatchObject({ status: 'unhealthy', database: 'disconnected' })
    expect(performance.now() - began).toBeLessThan(1500)
    await server.start()
    const back = performance.now()
    await healthy()
    expect(performance.now() - back).toBeLessThan(4000)
  })
})

describe('every backend ended under load', () => {
  it('costs 503s at most, five times', async () => {
    const stop = load.start()
    for (let round = 0; round < 5; round++) {
      await someWrites()
      await endBackends('plinth%')
    }
    await someWrites()
    await stop()
    load.expectOnlyOutages()
    await load.expectStored(server)
  })
})

describe('a transaction whose connection is lost', () => {
  /** A transaction that waits outside the database, with its first statement done; the connection is gone when it goes on. */
  async function interrupted(goOn: (tx: Database) => Promise<unknown>) {
    const [begun, lost, bystanderBegun] = [promised<number>(), promised<void>(), promised<void>()]
    const n = load.nextNumber()
    const failure = withTransaction(db, async (tx) => {
      await tx.execute(sql`insert into journal values (${n}, 'interrupted')`)
      const [row] = rowsOf(await tx.execute(sql`select pg_backend_pid() as pid`))
      begun.resolve(Number(row?.pid))
      await lost.promise
      await goOn(tx)
    }).catch((error) => toAppError(error).code)
    // Another one at the same time, which has nothing to do with it and keeps its connection.
    const bystander = withTransaction(db, async (tx) => {
      await tx.execute(sql`select 1`)
      bystanderBegun.resolve()
      await failure
      await tx.execute(sql`insert into journal values (${load.nextNumber()}, 'bystander')`)
    })
    const pid = await begun.promise
    await bystanderBegun.promise
    await server.query((ask) => ask`select pg_terminate_backend(${pid})`)
    await Promise.all(Array.from({ length: 8 }, () => until('the pool works', () => load.write())))
    lost.resolve()
    expect(await failure).toBe('DATABASE_UNAVAILABLE')
    await bystander
    return n
  }
  const promised = <T>() => Promise.withResolvers<T>()

  it('runs none of its later statements on somebody else’s connection', async () => {
    const stray = load.nextNumber()
    const n = await interrupted((tx) => tx.execute(sql`insert into journal values (${stray}, 'stray')`))
    await load.write()
    expect(await server.query((ask) => ask`select n from journal where n in ${ask([n, stray])}`)).toEqual([])
  })

  it('fails though it had nothing left to do', async () => {
    const n = await interrupted(async () => {})
    expect(await server.query((ask) => ask`select n from journal where n = ${n}`)).toEqual([])
  })

  it('fails in a savepoint as well', async () => {
    await interrupted((tx) => tx.transaction((inner) => inner.execute(sql`select 1`)))
  })
})
