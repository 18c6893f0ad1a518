/** How often one may call, counted per call on every door, and what is said of it. */
import { describe, expect, it } from 'vitest'
import { buildTestApp, publicUrl } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { procedures } from '../../test/calls.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'

const [perNetwork, perPerson] = [12, 30]
const environment = {
  RATE_LIMIT_ANONYMOUS: String(perNetwork),
  RATE_LIMIT_SIGNED_IN: String(perPerson),
  TRUST_PROXY: '127.0.0.1',
}
const app = await buildTestApp({ environment })

let hosts = 0
/** An address of nobody else's. */
const newAddress = () => `192.0.2.${++hosts}`
const nobody = (ip = newAddress()) => app.browser({ 'x-forwarded-for': ip })
const person = () => app.signIn({}, nobody())

type Answer = Awaited<ReturnType<TestBrowser['get']>>
const left = ({ headers }: Answer) => Number(headers['ratelimit-remaining'])
const batch = (browser: TestBrowser, path: string, calls: number) =>
  browser.get(`/trpc/${Array(calls).fill(path).join(',')}?batch=1&input=${encodeURIComponent('{}')}`)

const expectRefused = (answer: Answer, limit: number) => {
  expect(answer.statusCode).toBe(429)
  expect(answer.headers).toMatchObject({ 'ratelimit-limit': String(limit), 'ratelimit-remaining': '0' })
  expect(answer.headers['retry-after']).toBe(answer.headers['ratelimit-reset'])
}

describe('an anonymous network', () => {
  it('has so many calls, and is told how many are left and when to come back', async () => {
    const browser = nobody()
    for (let n = 1; n <= perNetwork; n++) {
      const answer = await browser.query('account.methods')
      expect([answer.statusCode, left(answer)]).toEqual([200, perNetwork - n])
      expect(answer.headers['ratelimit-limit']).toBe(String(perNetwork))
      expect(Number(answer.headers['ratelimit-reset'])).toBeGreaterThan(14 * 60)
      expect(Number(answer.headers['ratelimit-reset'])).toBeLessThanOrEqual(15 * 60)
      expect(answer.headers).not.toHaveProperty('retry-after')
    }
    const answer = await browser.query('account.methods')
    expectRefused(answer, perNetwork)
    expect(answer.json().error.data).toMatchObject({ code: 'RATE_LIMITED', httpStatus: 429 })
    expect((await nobody().query('account.methods')).statusCode).toBe(200)
  })

  it('pays for each call of a batch', async () => {
    const browser = nobody()
    const first = await batch(browser, 'account.methods', 10)
    expect([first.statusCode, left(first)]).toEqual([200, perNetwork - 10])
    const second = await batch(browser, 'account.methods', 5)
    const codes = second.json().map(({ error }: { error?: { data: { code: string } } }) => error?.data.code ?? 'ok')
    expect(codes.sort()).toEqual(['RATE_LIMITED', 'RATE_LIMITED', 'RATE_LIMITED', 'ok', 'ok'])
    expect(second.headers).toMatchObject({ 'ratelimit-remaining': '0' })
    expect(Number(second.headers['retry-after'])).toBeGreaterThan(0)
  })

  it.each([
    ['a bearer token that is worth nothing', { authorization: 'Bearer x' }],
    ['a session that is over', { cookie: `plinth_session=${'x'.repeat(43)}` }],
  ])('pays for %s', async (_, headers) => {
    const browser = app.browser({ 'x-forwarded-for': newAddress() })
    for (let n = 0; n < perNetwork; n++) {
      const answer = await browser.get('/trpc/account.me', headers)
      expect([answer.statusCode, left(answer)]).toEqual([401, perNetwork - n - 1])
    }
    expectRefused(await browser.get('/trpc/account.me', headers), perNetwork)
  })

  it('is one where it is a network of IPv6, however its addresses are written', async () => {
    for (let n = 0; n < perNetwork; n++) {
      const answer = await nobody(`2001:db8:0:7:${(n * 977).toString(16)}::${n}`).query('account.methods')
      expect(left(answer)).toBe(perNetwork - n - 1)
    }
    expectRefused(await nobody('2001:0DB8:0000:0007:ffff:ffff:ffff:ffff').query('account.methods'), perNetwork)
    expect((await nobody('2001:db8:0:8::1').query('account.methods')).statusCode).toBe(200)
  })

  it('is one under both names of an IPv4 address', async () => {
    const ip = newAddress()
    await batch(nobody(ip), 'account.methods', perNetwork)
    expectRefused(await nobody(`::ffff:${ip}`).query('account.methods'), perNetwork)
  })

  it('cannot say that it is another one past the proxy that is trusted', async () => {
    const ip = newAddress()
    for (let n = 0; n < perNetwork; n++) {
      expect((await nobody(`198.51.100.${n}, ${ip}`).query('account.methods')).statusCode).toBe(200)
    }
    expectRefused(await nobody(`198.51.100.250, ${ip}`).query('account.methods'), perNetwork)
  })

  it('cannot say that it is another one at all, where no proxy is trusted', async () => {
    const direct = await buildTestApp({ environment: { ...environment, TRUST_PROXY: undefined } })
    const from = (ip: string) => direct.browser({ 'x-forwarded-for': ip, 'x-real-ip': ip, forwarded: `for=${ip}` })
    for (let n = 0; n < perNetwork; n++) await from(newAddress()).query('account.methods')
    expectRefused(await from(newAddress()).query('account.methods'), perNetwork)
  })
})

describe('a person', () => {
  it('spends as many calls as a procedure costs, and is refused when fewer are left', async () => {
    const me = await person()
    for (let n = 1; n <= perPerson / 5; n++) {
      expect(left(await me.query('search', { text: 'plan' }))).toBe(perPerson - 5 * n)
    }
    expectRefused(await me.query('search', { text: 'plan' }), perPerson)
  })

  it('has a budget of their own, wherever they are, and does not spend that of their network', async () => {
    const [here, other] = [await person(), await person()]
    const network = here.headers['x-forwarded-for'] as string
    for (let n = 1; n <= perPerson; n++) {
      here.headers['x-forwarded-for'] = n % 2 ? network : newAddress()
      const answer = await here.query('account.me')
      expect([answer.statusCode, left(answer)]).toEqual([200, perPerson - n])
      expect(Number(answer.headers['ratelimit-reset'])).toBeLessThanOrEqual(60)
    }
    expectRefused(await here.query('account.me'), perPerson)
    expectRefused(await here.mutate('account.updateProfile', { displayName: 'Ada' }), perPerson)
    expect((await other.query('account.me')).statusCode).toBe(200)
    expect(left(await nobody(network).query('account.methods'))).toBe(perNetwork - 1)
  })

  it('is counted whatever becomes of the call', async () => {
    const browser = await person()
    await browser.query('account.me')
    expect(left(await browser.mutate('account.updateProfile', {}))).toBe(perPerson - 2)
    expect(left(await browser.query('people.list'))).toBe(perPerson - 3)
  })

  it('pays on sockets and for streams too', async () => {
    const browser = await person()
    const url = await listening()
    const headers = { cookie: browser.cookieHeader, origin: publicUrl }
    const leaving = new AbortController()
    const stream = await fetch(`${url}/trpc/account.onSessionEnded`, { headers, signal: leaving.signal })
    expect([stream.status, stream.headers.get('ratelimit-remaining')]).toEqual([200, String(perPerson - 1)])
    leaving.abort()
    const socket = await TestSocket.openAs(url, browser)
    for (let n = 2; n <= perPerson; n++) expect((await socket.call('query', 'account.me')).error).toBeUndefined()
    expect((await socket.call('query', 'account.me')).error?.data).toMatchObject({ code: 'RATE_LIMITED' })
    const id = socket.send('subscription', 'account.onSessionEnded')
    await until('its refusal', () => socket.answers.some((answer) => answer.id === id && answer.error))
    expectRefused(await browser.query('account.me'), perPerson)
    socket.ws.close()
  })
})

describe('every procedure is counted, whoever asks and whatever comes of it', () => {
  const plain = procedures.filter(({ type }) => type !== 'subscription')
  const restful = procedures.flatMap(({ path, meta }) => (meta?.rest ? [{ path, meta, rest: meta.rest }] : []))
  const ask = (type: string, at: string) => (type === 'mutation' ? nobody().mutate(at) : nobody().get(`/trpc/${at}`))

  const priceOf = ({ meta }: Pick<(typeof procedures)[number], 'meta'>) => meta?.price ?? 1

  it.each(procedures)('over HTTP: $path', async ({ path, type, meta }) => {
    expect(left(await ask(type, path))).toBe(perNetwork - priceOf({ meta }))
  })

  it.each(plain)('as often as it is in a batch: $path', async ({ path, type, meta }) => {
    expect(left(await ask(type, `${path},${path}?batch=1`))).toBe(Math.max(perNetwork - 2 * priceOf({ meta }), 0))
  })

  it.each(restful)('over REST: $path', async ({ rest, meta }) => {
    const url = rest.path.replaceAll(/\{.*?\}/g, 'x')
    expect(left(await nobody().send({ method: rest.method, url }))).toBe(perNetwork - priceOf({ meta }))
  })

  it.each(procedures)('on a socket: $path', async ({ path, type, meta }) => {
    const browser = await person()
    const ip = browser.headers['x-forwarded-for'] as string
    const { id } = (await browser.get('/me')).json()
    // By whom depends on the credential that a call is about.
    const spent = async () => {
      const [own, network] = [await app.inside.callBudgets.spend(id, ip), await app.inside.callBudgets.spend(null, ip)]
      return perPerson - own.remaining + perNetwork - network.remaining
    }
    const headers = { cookie: browser.cookieHeader, origin: publicUrl, 'x-forwarded-for': ip }
    const socket = await TestSocket.open(await listening(), headers)
    const before = await spent()
    const asked = socket.send(type, path)
    await until('an answer', () => socket.answers.some((answer) => answer.id === asked))
    expect((await spent()) - before).toBe(2 + priceOf({ meta }))
    socket.ws.close()
  })
})

let url: Promise<string> | undefined
const listening = () => {
  url ??= app.listen()
  return url
}
