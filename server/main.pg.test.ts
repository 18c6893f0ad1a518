/** The program itself, with its database away, and told to end. */
import { afterAll, describe, expect, it } from 'vitest'
import { testEnvironment } from './test/app.ts'
import { PostgresServer } from './test/postgres-server.ts'
import { ServerProcess } from './test/server-process.ts'
import { until } from './test/until.ts'

const server = await PostgresServer.create()
afterAll(() => server.close())
const serve = (url: string) => new ServerProcess(testEnvironment({ PORT: '0', DATABASE_URL: url, LOG_LEVEL: 'info' }))

describe('a database that cannot be reached', () => {
  it.each<[string, { url: string; before?: () => Promise<unknown>; mend: () => Promise<unknown> }]>([
    ['nothing listens', { url: server.url(), before: () => server.stopImmediately(), mend: () => server.start() }],
    [
      'there is no such database',
      { url: server.url('later'), mend: () => server.query((sql) => sql`create database later`) },
    ],
    [
      'there is no such user',
      {
        url: server.url().replace('postgres@', 'late@'),
        mend: () => server.query((sql) => sql`create role late superuser login`),
      },
    ],
  ])(
    'leaves the process alive, says so at every door, and is found again by itself: %s',
    async (_, way) => {
      await way.before?.()
      const one = serve(way.url)
      await one.origin()
      for (let round = 0; round < 3; round++) {
        const health = await one.get('/health')
        expect(health).toMatchObject({ status: 503, body: { status: 'unhealthy', database: 'disconnected' } })
        expect(health.tookMs).toBeLessThan(1500)
        expect(await one.get('/livez')).toMatchObject({ status: 200, body: { status: 'alive' } })
        expect(await one.get('/readyz')).toMatchObject({ status: 503, body: { status: 'starting' } })
        for (const door of ['/me', '/auth/google', '/auth/google/callback?code=x&state=y']) {
          const answer = await one.get(door)
          expect(answer).toMatchObject({ status: 503, body: { error: { code: 'DATABASE_UNAVAILABLE' } } })
          expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
        }
        const call = await one.get('/trpc/account.me')
        expect(call).toMatchObject({ status: 503, body: { error: { data: { code: 'DATABASE_UNAVAILABLE' } } } })
        expect(Number(call.headers.get('retry-after'))).toBeGreaterThan(0)
      }
      const warnings = () => one.logs.filter(({ msg }) => /not reachable/.test(msg))
      // The log arrives through a pipe, later than the responses.
      await expect.poll(warnings).toHaveLength(1)
      await way.mend()
      const mended = performance.now()
      await until('healthy', async () => (await one.get('/health')).status === 200)
      await one.ready()
      process.stdout.write(`ready ${Math.round(performance.now() - mended)} ms after it was mended\n`)
      expect((await one.get('/me')).status).toBe(401)
      expect(warnings()).toHaveLength(1)
      expect(one.errorLogs).toEqual([])
      expect(await one.kill('SIGTERM')).toMatchObject({ code: 0, signal: null })
    },
    40_000,
  )
})

describe('told to end', () => {
  it('it ends with 0 and leaves no connection behind', async () => {
    const one = serve(server.url())
    await one.ready()
    expect((await one.get('/health')).status).toBe(200)
    const told = performance.now()
    expect(await one.kill('SIGTERM')).toMatchObject({ code: 0, signal: null })
    process.stdout.write(`ended ${Math.round(performance.now() - told)} ms after SIGTERM\n`)
    expect(performance.now() - told).toBeLessThan(3000)
    expect(one.errorLogs).toEqual([])
    await until('no connection', async () => {
      const rows = await server.query((sql) => sql`select from pg_stat_activity where application_name like 'plinth%'`)
      return rows.length === 0
    })
  }, 40_000)

  it('it ends with 0 while its database is away', async () => {
    const one = serve(server.url())
    await one.ready()
    await server.stopImmediately()
    expect((await one.get('/health')).status).toBe(503)
    const told = performance.now()
    expect(await one.kill('SIGTERM')).toMatchObject({ code: 0, signal: null })
    expect(performance.now() - told).toBeLessThan(3000)
    await server.start()
  }, 40_000)

  it('it answers first what is under way', async () => {
    const one = serve(server.url())
    await one.ready()
    const origin = await one.origin()
    await server
      .query((sql) =>
        sql.begin(async (tx) => {
          await tx`lock table sessions in access exclusive mode`
          const cookie = `plinth_session=${'a'.repeat(43)}`
          const underWay = fetch(`${origin}/me`, { headers: { cookie } }).then(({ status }) => status)
          underWay.catch(() => {})
          await until('it waits', async () => {
            const rows = await server.query(
              (ask) => ask`select from pg_stat_activity where application_name = 'plinth' and wait_event_type = 'Lock'`,
            )
            return rows.length === 1
          })
          const exited = one.kill('SIGTERM')
          await until('it closes', () => one.logs.some(({ msg }) => msg === 'closing'))
          await tx`select 1`
          return { underWay, exited }
        }),
      )
      .then(async ({ underWay, exited }) => {
        expect(await underWay).toBe(401)
        expect(await exited).toMatchObject({ code: 0, signal: null })
      })
  }, 40_000)
})
