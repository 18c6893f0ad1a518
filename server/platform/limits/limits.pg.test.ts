/** Limits of two instances that share a Postgres, and a Redis: exact between them, and lived without when the store is away. */
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { buildTestApp, type TestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { RedisServer } from '../../test/redis-server.ts'
import { TcpProxy } from '../../test/tcp-proxy.ts'
import { until } from '../../test/until.ts'
import { AppError, toAppError } from '../errors/app-error.ts'
import { rateLimits } from './table.ts'
import { defaultLimitTimes } from './windows.ts'

const [perNetwork, perPerson] = [6, 8]
const redis = await RedisServer.create()
const proxy = await TcpProxy.before(redis.port)
const database = await createTestDatabase()
afterAll(async () => {
  await proxy.close()
  await redis.stop()
  await database.drop()
})

const environment = {
  DATABASE_URL: database.url,
  COOKIE_SECRET: 'a-cookie-secret-of-these-tests-0123456789',
  TRUST_PROXY: '127.0.0.1',
  RATE_LIMIT_ANONYMOUS: String(perNetwork),
  RATE_LIMIT_SIGNED_IN: String(perPerson),
  RATE_LIMIT_SIGN_IN: '1',
}
const instance = (more = {}) => buildTestApp({ environment: { ...environment, ...more } })
/** With the time that a store has to respond by default. */
const impatient = (more = {}) =>
  buildTestApp({ environment: { ...environment, ...more }, times: { limits: defaultLimitTimes } })
const onPostgres = [await instance(), await instance()] as const
const throughRedis = { REDIS_URL: redis.url(proxy.port) }
const onRedis = [await instance(throughRedis), await instance(throughRedis)] as const

let names = 0
const newAccount = () => `ada-${++names}@example.org`
const newAddress = () => `192.0.2.${++names}`

const outcomeOf = (app: TestApp, ip: string, account: string, attempt: () => Promise<unknown>) =>
  app.inside.signInAttempts.guard(ip, account, attempt).catch((error) => toAppError(error).code)
const wrong = () => Promise.reject(new AppError('WRONG_CREDENTIALS'))
const right = async () => 'signed in'
const call = async (app: TestApp, ip: string) => {
  const answer = await app.browser({ 'x-forwarded-for': ip }).query('account.methods')
  return answer.statusCode === 200 ? Number(answer.headers['ratelimit-remaining']) : answer.json().error.data.code
}
const lines = (app: TestApp, pattern: RegExp) => app.logs.filter(({ msg }) => pattern.test(msg))
/** Resolves when both count together. */
const sharing = (here: TestApp, there: TestApp) =>
  until('a shared count', async () => {
    const ip = newAddress()
    await call(here, ip)
    return (await call(there, ip)) === perNetwork - 2
  })

describe.each([
  ['Postgres', onPostgres],
  ['Redis', onRedis],
] as const)('attempts to sign in on two instances that share %s', (_, [here, there]) => {
  it('at once, with one left: one is made', async () => {
    for (let round = 0; round < 10; round++) {
      const [ip, account] = [newAddress(), newAccount()]
      let made = 0
      const attempt = () => {
        made++
        return wrong()
      }
      const outcomes = await Promise.all([here, there].map((app) => outcomeOf(app, ip, account, attempt)))
      expect([made, outcomes.sort()]).toEqual([1, ['TOO_MANY_ATTEMPTS', 'WRONG_CREDENTIALS']])
    }
  })

  it('are one count, for a network and for an account', async () => {
    const [ip, account] = [newAddress(), newAccount()]
    expect(await outcomeOf(here, ip, account, wrong)).toBe('WRONG_CREDENTIALS')
    expect(await outcomeOf(there, ip, newAccount(), right)).toBe('TOO_MANY_ATTEMPTS')
    expect(await outcomeOf(there, newAddress(), account, right)).toBe('TOO_MANY_ATTEMPTS')
    await there.inside.signInAttempts.forgive(account)
    expect(await outcomeOf(here, newAddress(), account, right)).toBe('signed in')
  })

  it('that succeed, many at once, leave nothing behind', async () => {
    const [ip, account] = [newAddress(), newAccount()]
    const apps = Array.from({ length: 20 }, (_, n) => (n % 2 ? here : there))
    const outcomes = await Promise.all(apps.map((app) => outcomeOf(app, ip, account, right)))
    expect(outcomes).toContain('signed in')
    expect(await outcomeOf(there, ip, account, wrong)).toBe('WRONG_CREDENTIALS')
    expect(await outcomeOf(here, ip, account, right)).toBe('TOO_MANY_ATTEMPTS')
  })

  it('are kept without the addresses of people or machines', async () => {
    const [ip, account] = [newAddress(), newAccount()]
    await outcomeOf(here, ip, account, wrong)
    const rows = await here.database.db.select().from(rateLimits)
    const keys = await redis.ask((client) => client.keys('*'))
    expect(rows.length + keys.length).toBeGreaterThan(0)
    expect(JSON.stringify([rows, keys])).not.toMatch(/192\.0\.2|example|ada/)
  })
})

describe('attempts that Postgres counts', () => {
  it('begin anew when their window is over', async () => {
    const [app] = onPostgres
    const [ip, account] = [newAddress(), newAccount()]
    await app.database.db.delete(rateLimits)
    await outcomeOf(app, ip, account, wrong)
    expect(await outcomeOf(app, ip, account, right)).toBe('TOO_MANY_ATTEMPTS')
    await app.database.db.update(rateLimits).set({ expire: Date.now() - 1 })
    expect(await outcomeOf(app, ip, account, wrong)).toBe('WRONG_CREDENTIALS')
    expect(await outcomeOf(app, ip, account, right)).toBe('TOO_MANY_ATTEMPTS')
  })

  it('are counted by each process where a row cannot be had in time', async () => {
    const app = await impatient()
    const [ip, account] = [newAddress(), newAccount()]
    await app.database.db.delete(rateLimits)
    await outcomeOf(app, ip, account, right)
    const began = performance.now()
    const outcomes = await app.database.db.transaction(async (tx) => {
      await tx.select().from(rateLimits).for('update')
      return [
        await outcomeOf(app, ip, account, right),
        await outcomeOf(app, ip, account, wrong),
        await outcomeOf(app, ip, account, right),
      ]
    })
    expect(outcomes).toEqual(['signed in', 'WRONG_CREDENTIALS', 'TOO_MANY_ATTEMPTS'])
    // Postgres itself would let each wait for five seconds.
    expect(performance.now() - began).toBeLessThan(4_000)
    expect(lines(app, /store of limits is away/)).toHaveLength(1)
  })
})

describe('calls on two instances', () => {
  it('are one budget through Redis, of a network and of a person', async () => {
    const [here, there] = onRedis
    await sharing(here, there)
    const ip = newAddress()
    for (let n = 1; n <= perNetwork; n++) expect(await call(n % 2 ? here : there, ip)).toBe(perNetwork - n)
    expect(await call(here, ip)).toBe('RATE_LIMITED')
    expect(await call(there, ip)).toBe('RATE_LIMITED')

    const person = await here.signIn()
    const elsewhere = there.browser()
    for (const [name, value] of person.cookies) elsewhere.cookies.set(name, value)
    for (let n = 1; n <= perPerson; n++) {
      expect((await (n % 2 ? person : elsewhere).query('account.me')).headers['ratelimit-remaining']).toBe(
        `${perPerson - n}`,
      )
    }
    expect((await person.query('account.me')).statusCode).toBe(429)
    expect((await elsewhere.query('account.me')).statusCode).toBe(429)
  })

  it('of one deployment do not spend the budget of another on the same Redis', async () => {
    const other = await instance({ ...throughRedis, COOKIE_SECRET: 'another-cookie-secret-of-tests-0123456789' })
    await until('its connection', () => lines(other, /shared through Redis/).length > 0)
    const ip = newAddress()
    await call(onRedis[0], ip)
    expect(await call(other, ip)).toBe(perNetwork - 1)
  })
})

describe('while Redis is away', async () => {
  const [here, there] = [await impatient(throughRedis), await impatient(throughRedis)]
  const isShared = () => sharing(here, there)

  afterEach(async () => {
    proxy.mode = 'pass'
    await redis.stop()
    await redis.start()
    await isShared()
  })

  it.each([
    ['stopped', () => redis.stop()],
    ['silent', async () => proxy.silence()],
  ])('%s, calls and sign-ins are answered, each instance counting for itself', async (_, fail) => {
    await isShared()
    const [ip, account, spent] = [newAddress(), newAccount(), newAddress()]
    for (let n = 0; n <= perNetwork; n++) await call(here, spent)
    proxy.mode = 'hang-up'
    await fail()
    const began = performance.now()
    for (let n = 1; n <= perNetwork; n++) expect(await call(here, ip)).toBe(perNetwork - n)
    expect(await call(here, ip)).toBe('RATE_LIMITED')
    expect(await call(there, ip)).toBe(perNetwork - 1)
    expect(await call(here, spent)).toBe(perNetwork - 1)

    expect(await outcomeOf(here, ip, account, right)).toBe('signed in')
    const outcomes = await Promise.all([wrong, wrong, wrong].map((attempt) => outcomeOf(here, ip, account, attempt)))
    expect(outcomes.sort()).toEqual(['TOO_MANY_ATTEMPTS', 'TOO_MANY_ATTEMPTS', 'WRONG_CREDENTIALS'])
    expect(await outcomeOf(there, ip, account, wrong)).toBe('WRONG_CREDENTIALS')
    expect(await outcomeOf(there, ip, account, wrong)).toBe('TOO_MANY_ATTEMPTS')
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(lines(here, /store of limits is away/).length).toBeGreaterThan(0)
    expect(JSON.stringify(here.logs)).not.toContain(redis.password)
  })
})
