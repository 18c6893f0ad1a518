/** Two instances on one Postgres. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { PostgresServer } from '../../test/postgres-server.ts'
import { until } from '../../test/until.ts'

const server = await PostgresServer.create()
const environment = { DATABASE_URL: server.url() }
const [here, there] = [await buildTestApp({ environment }), await buildTestApp({ environment })]
afterAll(() => server.close())

const heard = { here: [] as string[], there: [] as string[] }
let reconnections = 0
here.inside.notices.on('sessions.ended', ({ sessionIds }) => heard.here.push(...sessionIds))
there.inside.notices.on('sessions.ended', ({ sessionIds }) => heard.there.push(...sessionIds))
there.inside.notices.on('notices.connected', () => {
  reconnections++
})
const publish = (app: typeof here, id: string) =>
  app.inside.notices.publish('sessions.ended', { sessionIds: [id], reason: 'revoked' })
const listening = (sql: Parameters<Parameters<PostgresServer['query']>[0]>[0]) =>
  sql`select count(*)::int as n from pg_stat_activity where application_name = 'plinth notices' and state = 'idle'`
const bothListen = () => until('both listen', async () => (await server.query(listening))[0]?.n === 2)

beforeEach(async () => {
  await bothListen()
  heard.here.length = 0
  heard.there.length = 0
})

describe('a notice', () => {
  it('is heard here at once and there soon, each once, in the order in which it was said', async () => {
    const ids = Array.from({ length: 50 }, (_, n) => `a-${n}`)
    for (const id of ids) publish(here, id)
    expect(heard.here).toEqual(ids)
    await until('all heard', () => heard.there.length >= ids.length)
    // A word back: whatever was echoed would have come before it.
    publish(there, 'back')
    await until('the word back', () => heard.here.includes('back'))
    expect(heard).toEqual({ here: [...ids, 'back'], there: [...ids, 'back'] })
  })

  it('that nobody understands is passed over', async () => {
    const envelope = { instance: 'another', type: 'sessions.ended', notice: { sessionIds: ['x'], reason: 'revoked' } }
    const garbage = [
      '',
      'no json',
      'null',
      '17',
      '[]',
      '{}',
      JSON.stringify({ ...envelope, type: 'of.tomorrow' }),
      JSON.stringify({ ...envelope, type: 'error' }),
      JSON.stringify({ ...envelope, type: '__proto__' }),
      JSON.stringify({ ...envelope, type: 'notices.connected', notice: {} }),
      JSON.stringify({ ...envelope, notice: undefined }),
      JSON.stringify({ ...envelope, notice: { sessionIds: 'x', reason: 'revoked' } }),
      JSON.stringify({ ...envelope, notice: { sessionIds: [null], reason: 'revoked' } }),
      `{"instance":"another","type":"sessions.ended","notice":${'['.repeat(3000)}`,
    ]
    const before = reconnections
    await server.query(async (sql) => {
      for (const payload of garbage) await sql.notify('plinth_notices', payload)
      await sql.notify(
        'plinth_notices',
        JSON.stringify({ ...envelope, notice: { sessionIds: ['last'], reason: 'revoked' } }),
      )
    })
    await until('the good one', () => heard.there.includes('last') && heard.here.includes('last'))
    expect(heard).toEqual({ here: ['last'], there: ['last'] })
    expect(reconnections).toBe(before)
  })

  it('is said to all though a listener fails', async () => {
    here.expectErrorLog(/notice listener failed/)
    there.expectErrorLog(/notice listener failed/)
    let failing = true
    for (const app of [here, there]) {
      app.inside.notices.on('sessions.ended', () => {
        if (failing) throw new Error('planned')
      })
    }
    const after: string[] = []
    there.inside.notices.on('sessions.ended', ({ sessionIds }) => after.push(...sessionIds))
    publish(here, 'b')
    await until('heard behind the failing one', () => after.includes('b'))
    failing = false
    expect(heard.here).toEqual(['b'])
  })
})

describe('after Postgres was away', () => {
  it.each([0, 5500])('for %d ms, what the other says is heard again, and the gap is told', async (awayMs) => {
    const before = reconnections
    await server.stopImmediately()
    const stopped = performance.now()
    publish(here, 'lost')
    await until('long enough', () => performance.now() - stopped >= awayMs)
    await server.start()
    const back = performance.now()
    await until('connected again', () => reconnections > before)
    process.stdout.write(`listening again ${Math.round(performance.now() - back)} ms after the return\n`)
    expect(performance.now() - back).toBeLessThan(4000)
    await bothListen()
    publish(here, 'again')
    await until('heard', () => heard.there.includes('again'))
    // What was said to nobody stays unheard; here it was heard at once.
    expect(heard).toEqual({ here: ['lost', 'again'], there: ['again'] })
  })

  it('or ended the listening backends alone, likewise', async () => {
    const before = reconnections
    await server.query(
      (sql) => sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'plinth notices'`,
    )
    await until('connected again', () => reconnections > before)
    await bothListen()
    publish(here, 'c')
    await until('heard', () => heard.there.includes('c'))
  })
})
