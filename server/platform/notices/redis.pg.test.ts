/** Two instances that share a Postgres and a Redis: what one says the other hears, and lives without when Redis is away. */
import { Redis } from 'ioredis'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { buildTestApp, type TestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { draftOf, Log, plainEventsClient, plainSocketClient, range, signedIn } from '../../test/followers.ts'
import { RedisServer } from '../../test/redis-server.ts'
import { TcpProxy } from '../../test/tcp-proxy.ts'
import { until } from '../../test/until.ts'
import { defaultLimitTimes } from '../limits/windows.ts'
import { redisChannel } from './redis-transport.ts'

const redis = await RedisServer.create()
const proxy = await TcpProxy.before(redis.port)
const [database, another] = [await createTestDatabase(), await createTestDatabase()]
afterAll(async () => {
  await proxy.close()
  await redis.stop()
  await database.drop()
  await another.drop()
})
const secrets = { COOKIE_SECRET: 'a-cookie-secret-of-these-tests-0123456789' }
const instance = (more = {}) =>
  buildTestApp({
    environment: { ...secrets, DATABASE_URL: database.url, REDIS_URL: redis.url(proxy.port), ...more },
    // Limits are counted through the same Redis, whose absence is tested.
    times: { limits: defaultLimitTimes },
  })
const [here, there] = [await instance(), await instance()]
const url = await there.listen()

const connected = (app: TestApp) => app.inside.notices.redis === 'connected'
const bothConnected = () => until('both listen', () => connected(here) && connected(there))
const heardAt = (app: TestApp) => {
  const heard: string[] = []
  app.inside.notices.on('sessions.ended', ({ sessionIds }) => heard.push(...sessionIds))
  return heard
}
const say = (app: TestApp, id: string) =>
  app.inside.notices.publish('sessions.ended', { sessionIds: [id], reason: 'revoked' })
const lines = (app: TestApp, pattern: RegExp) => app.logs.filter(({ msg }) => pattern.test(msg))

const ends: (() => unknown)[] = []
afterEach(async () => {
  proxy.mode = 'pass'
  for (const end of ends.splice(0)) await end()
  await until('nothing leaked', () => there.inside.live.sinks === 0)
})

async function follow() {
  const owner = await signedIn(here)
  const draft = await draftOf(here, owner)
  const logs = [new Log(), new Log()]
  const { trpc, close } = plainSocketClient(url, owner.browser)
  ends.push(close)
  trpc.drafts.onEvent.subscribe({ draftId: draft.id }, (logs[0] as Log).handlers)
  const events = plainEventsClient(url, owner.browser)
  ends.push(events.drafts.onEvent.subscribe({ draftId: draft.id }, (logs[1] as Log).handlers).unsubscribe)
  await until('both', () => there.inside.live.sinks === 2)
  let told = 0
  /** The slower of the two. */
  const cross = async (title?: string) => {
    await draft.tell(title)
    const at = performance.now()
    told++
    await until('the event', () => logs.every(({ seqs }) => seqs.length >= told))
    return performance.now() - at
  }
  const expectAll = () => {
    for (const { seqs, errors } of logs) expect([seqs, errors]).toEqual([range(1, told), []])
  }
  return { draft, logs, cross, expectAll }
}

/** What is said on the channel of these instances. */
async function listener() {
  const client = new Redis(redis.url())
  ends.push(() => client.disconnect())
  const said: string[] = []
  client.on('message', (_channel, notice) => said.push(notice))
  await client.subscribe(redisChannel(here.inside.config))
  return said
}

/** The look at the heads alone would take half a second. */
const expectHints = async (cross: () => Promise<number>) => {
  const times: number[] = []
  for (let n = 0; n < 15; n++) times.push(await cross())
  expect(times.sort((a, b) => a - b)[7]).toBeLessThan(200)
}

describe('where there is Redis', () => {
  it('what an instance says goes through it, each once, and not through Postgres', async () => {
    await bothConnected()
    const [heardHere, heardThere] = [heardAt(here), heardAt(there)]
    const { notify } = here.database
    let notified = 0
    here.database.notify = async () => void notified++
    ends.push(() => {
      here.database.notify = notify
    })
    const ids = range(1, 50).map((n) => `a-${n}`)
    for (const id of ids) say(here, id)
    await until('all heard', () => heardThere.length >= ids.length)
    say(there, 'back')
    await until('the word back', () => heardHere.includes('back'))
    expect([heardHere, heardThere]).toEqual([
      [...ids, 'back'],
      [...ids, 'back'],
    ])
    expect(notified).toBe(0)
  })

  it('events cross at once, those too that a NOTIFY could not hold', async () => {
    await bothConnected()
    const { cross, expectAll } = await follow()
    await expectHints(cross)
    const said = await listener()
    await expectHints(() => cross('ü'.repeat(9000)))
    expectAll()
    await until(
      'with all that is in them',
      () => said.filter((notice) => notice.includes('ü'.repeat(9000))).length === 15,
    )
  })

  it('two deployments on it do not hear each other', async () => {
    const elsewhere = await instance({ DATABASE_URL: another.url })
    const sameAddress = await instance({ COOKIE_SECRET: 'another-cookie-secret-of-these-tests-98765' })
    await bothConnected()
    await until('all listen', () => connected(elsewhere) && connected(sameAddress))
    const strangers = [heardAt(elsewhere), heardAt(sameAddress)]
    const heard = heardAt(there)
    say(here, 'ours')
    await until('heard', () => heard.includes('ours'))
    say(elsewhere, 'theirs')
    say(sameAddress, 'of the third')
    // A word that goes the same way after them.
    await redis.ask((client) => client.ping())
    say(here, 'last')
    await until('heard', () => heard.includes('last'))
    expect(strangers).toEqual([['theirs'], ['of the third']])
    expect(heard).toEqual(['ours', 'last'])
  })

  it('garbage in the channel is passed over', async () => {
    await bothConnected()
    const heard = heardAt(there)
    const channel = redisChannel(here.inside.config)
    for (const each of ['', 'null', '{}', '[', 'x'.repeat(100_000)]) {
      await redis.ask((client) => client.publish(channel, each))
    }
    say(here, 'good')
    await until('the good one', () => heard.includes('good'))
    expect(heard).toEqual(['good'])
  })
})

describe('while Redis is away', () => {
  it.each([
    ['cut', () => proxy.cut()],
    ['silent', () => proxy.silence()],
  ])('%s, events cross within two seconds, and at once when it is back', async (_, takeAway) => {
    await bothConnected()
    const { cross, expectAll } = await follow()
    await expectHints(cross)
    let gaps = 0
    there.inside.notices.on('notices.connected', () => void gaps++)
    proxy.mode = 'hang-up'
    takeAway()
    // Also before anybody has found out.
    for (let n = 0; n < 4; n++) expect(await cross()).toBeLessThan(2000)
    await until('both are disconnected', () => !connected(here) && !connected(there))
    const tries = proxy.accepted
    for (let n = 0; n < 3; n++) expect(await cross()).toBeLessThan(2000)
    await until('several tries', () => proxy.accepted >= tries + 8)
    for (const app of [here, there]) {
      expect(lines(app, /Redis is away/)).toHaveLength(1)
      expect(lines(app, /not told/)).toEqual([])
      expect(JSON.stringify(app.logs)).not.toContain(redis.password)
    }
    expect((await here.browser().get('/health')).json()).toMatchObject({ status: 'healthy', redis: 'disconnected' })
    proxy.mode = 'pass'
    await until('back', () => connected(here) && connected(there) && gaps === 1)
    expect((await here.browser().get('/health')).json()).toMatchObject({ redis: 'connected' })
    await expectHints(cross)
    expectAll()
  })

  it('and silent, notices that fail together disconnect from it once', async () => {
    const warnings: Error[] = []
    const note = (warning: Error) => warnings.push(warning)
    process.on('warning', note)
    ends.push(() => process.off('warning', note))
    await bothConnected()
    proxy.silence()
    await Promise.all(range(1, 20).map((n) => say(here, `${n}`)))
    await until('this one is not connected', () => !connected(here))
    await bothConnected()
    // Of Node, when an emitter has more than ten listeners of a kind.
    expect(warnings).toEqual([])
  })

  it('and killed under load, nothing is lost', async () => {
    await bothConnected()
    const { draft, logs } = await follow()
    let writing = true
    let written = 0
    const writer = (async () => {
      for (; writing; written++) await draft.tell()
    })()
    await redis.stop()
    await until('both are disconnected', () => !connected(here) && !connected(there))
    await redis.start()
    await bothConnected()
    writing = false
    await writer
    await until('all', () => logs.every(({ seqs }) => seqs.length >= written))
    for (const { seqs, errors } of logs) expect([seqs, errors]).toEqual([range(1, written), []])
  })

  it('from the start, an instance starts and finds it later', async () => {
    await redis.stop()
    const late = await instance()
    expect((await late.browser().get('/readyz')).statusCode).toBe(200)
    await until('said so', () => lines(late, /Redis is away/).length === 1)
    await redis.start()
    await until('found', () => connected(late))
    expect(lines(late, /connected to Redis again/)).toHaveLength(1)
  })

  it('an instance closes without waiting for it', async () => {
    await bothConnected()
    const leaving = await instance()
    await until('it listens', () => connected(leaving))
    proxy.silence()
    const began = performance.now()
    await leaving.root.close()
    expect(performance.now() - began).toBeLessThan(2000)
    await until('the others are connected', () => connected(here) && connected(there))
  })
})

it('a wrong password is said without it', async () => {
  const wrong = await instance({ REDIS_URL: `redis://:wrong-canary-password@127.0.0.1:${redis.port}` })
  await until('said so', () => lines(wrong, /Redis is away/).length === 1)
  expect(JSON.stringify(wrong.logs)).toContain('WRONGPASS')
  expect(JSON.stringify(wrong.logs)).not.toContain('canary')
})
