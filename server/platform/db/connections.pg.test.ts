/** A network between the server and Postgres that loses connections without a word, or hangs up. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { DatabaseLoad } from '../../test/database-load.ts'
import { TcpProxy } from '../../test/tcp-proxy.ts'
import { until } from '../../test/until.ts'
import { toAppError } from '../errors/app-error.ts'

const database = await createTestDatabase()
const address = new URL(database.url)
const proxy = await TcpProxy.before(Number(address.port || 5432))
address.host = `127.0.0.1:${proxy.port}`
const app = await buildTestApp({
  environment: { DATABASE_URL: address.href, DATABASE_POOL_MAX: '4', DATABASE_WAIT: '2s' },
})
const load = await DatabaseLoad.prepare(app)
const { person } = load

afterAll(async () => {
  await proxy.close()
  await database.drop()
})
const healthy = () => until('/health 200', async () => (await person.get('/health')).statusCode === 200)
beforeEach(async () => {
  await healthy()
})

describe('connections that fall silent', () => {
  it('do not keep /health, new work or the pool from a database that answers others', async () => {
    await Promise.all(Array.from({ length: 12 }, () => load.write()))
    proxy.silence()
    const began = performance.now()
    const stuck = Array.from({ length: 4 }, () => load.write().catch((error) => toAppError(error).code))
    const asked = performance.now()
    expect((await person.get('/health')).statusCode).toBe(503)
    expect(performance.now() - asked).toBeLessThan(1500)
    await healthy()
    process.stdout.write(`healthy again ${Math.round(performance.now() - began)} ms after the silence\n`)
    expect(performance.now() - began).toBeLessThan(5000)
    const codes = (await Promise.all(stuck)).sort()
    // One of the four connections may be in use by a query of the server itself; the fourth write then gets none.
    expect(codes.slice(0, 3)).toEqual(Array(3).fill('DATABASE_UNAVAILABLE'))
    expect(['DATABASE_UNAVAILABLE', 'SERVER_BUSY']).toContain(codes[3])
    process.stdout.write(`refused ${Math.round(performance.now() - began)} ms after the silence\n`)
    // Below the server's handler timeout, so that the answer is ours.
    expect(performance.now() - began).toBeLessThan(15_000)
    await Promise.all(Array.from({ length: 12 }, () => load.write()))
  })
})

describe('a port that takes connections and ends them', () => {
  it('is a database that is away', async () => {
    proxy.mode = 'hang-up'
    proxy.cut()
    const accepted = proxy.accepted
    for (let n = 0; n < 8; n++) {
      const began = performance.now()
      expect((await person.get('/health')).statusCode).toBe(503)
      expect(performance.now() - began).toBeLessThan(1500)
    }
    const began = performance.now()
    const code = await load.write().catch((error) => toAppError(error).code)
    expect(code).toBe('DATABASE_UNAVAILABLE')
    expect(performance.now() - began).toBeLessThan(4000)
    // No storm of connections against whatever is behind the port.
    expect(proxy.accepted - accepted).toBeLessThan(200)
    proxy.mode = 'pass'
    await until('writes again', () => load.write(), 4000)
  })
})
