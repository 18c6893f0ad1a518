import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, expectTypeOf, it, onTestFinished, vi } from 'vitest'
import { buildTestApp, newPerson, publicUrl } from '../server/test/app.ts'
import type { TestBrowser } from '../server/test/browser.ts'
import { TcpProxy } from '../server/test/tcp-proxy.ts'
import { until } from '../server/test/until.ts'
import type { Person } from '../shared/account.ts'
import type { UpdateProfile } from '../shared/profiles.ts'
import { type ConnectionState, createPlinth, errorCode, type Plinth, PlinthError, toPlinthError } from './plinth.ts'

const app = await buildTestApp()
const url = await app.listen()
const port = Number(new URL(url).port)
const urlOf = (proxy: TcpProxy) => `http://127.0.0.1:${proxy.port}`
let upgrades = 0
app.root.server.on('upgrade', () => upgrades++)

const clients: Plinth[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

/** In the place of a browser's page: it says where it comes from, and holds the cookie. */
function clientOf(browser: TestBrowser | null, at = url, pace = 0.05) {
  const client = createPlinth({
    url: at,
    headers: { origin: publicUrl, ...(browser && { cookie: browser.cookieHeader }) },
    pace,
  })
  clients.push(client)
  return client
}
function statesOf(client: Plinth) {
  const states: ConnectionState[] = [client.connection.state]
  client.connection.onChange((state) => states.push(state))
  return states
}
/** A subscription and what came of it. */
function follow(client: Plinth) {
  const seen = { data: [] as unknown[], started: 0, errors: [] as string[], completed: false }
  const subscription = client.account.onSessionEnded.subscribe(undefined, {
    onStarted: () => seen.started++,
    onData: (data) => seen.data.push(data),
    onError: (error) => seen.errors.push(errorCode(error)),
    onComplete: () => {
      seen.completed = true
    },
  })
  return { seen, stop: () => subscription.unsubscribe() }
}
const refused = (call: Promise<unknown>) => call.then(() => expect.unreachable(), toPlinthError) as Promise<PlinthError>
const open = (client: Plinth) => until('a connection', () => client.connection.state === 'connected')

describe('calls', () => {
  it('have the types of the server’s procedures', async () => {
    const client = clientOf(await app.signIn())
    const me = await client.account.me.query()
    expectTypeOf(me).toEqualTypeOf<Person>()
    expect(await client.account.updateProfile.mutate({ displayName: 'Ada' })).toMatchObject({
      ...me,
      displayName: 'Ada',
    })
    expectTypeOf(client.account.updateProfile.mutate).parameter(0).toEqualTypeOf<UpdateProfile>()
  })

  it('of one tick travel together, at most twenty in one request', async () => {
    const client = clientOf(await app.signIn())
    const before = app.logs.length
    await Promise.all(Array.from({ length: 45 }, () => client.account.identities.list.query({})))
    const requests = app.logs.slice(before).filter(({ msg }) => msg === 'request')
    expect(requests).toHaveLength(3)
  })

  it('fail each for itself within one request', async () => {
    const client = clientOf(null)
    const [methods, me] = await Promise.allSettled([client.account.methods.query(), client.account.me.query()])
    expect(methods.status).toBe('fulfilled')
    expect(errorCode((me as PromiseRejectedResult).reason)).toBe('UNAUTHENTICATED')
  })
})

describe('failures', () => {
  it('of validation name the fields and the request', async () => {
    const error = await refused(clientOf(await app.signIn()).account.updateProfile.mutate({ displayName: '' }))
    expect(error).toBeInstanceOf(PlinthError)
    expect(error).toMatchObject({
      code: 'VALIDATION_ERROR',
      details: [{ field: 'displayName' }],
      requestId: expect.any(String),
    })
  })

  it('before tRPC have codes as well', async () => {
    const stranger = createPlinth({ url, headers: { cookie: 'a=b', origin: 'https://evil.example' } })
    expect(await refused(stranger.account.updateProfile.mutate({ displayName: 'x' }))).toMatchObject({
      code: 'ORIGIN_NOT_ALLOWED',
    })
    const large = clientOf(null).account.updateProfile.mutate({ displayName: 'x'.repeat(2 ** 20) })
    expect(await refused(large)).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' })
  })

  it('of the network say that nothing is known', async () => {
    const client = clientOf(null, 'http://127.0.0.1:9')
    expect(await refused(client.account.me.query())).toMatchObject({ code: 'NETWORK_ERROR', requestId: null })
    expect(await refused(client.signOut())).toMatchObject({ code: 'NETWORK_ERROR' })
  })

  it.each([
    ['an error page of a proxy', 502, '<html>Bad gateway</html>'],
    ['somebody else’s JSON', 500, '{"statusCode":500,"error":"Internal Server Error"}'],
    ['a code that no table has', 400, '{"error":{"code":-32000,"message":"x","data":{"code":"toString"}}}'],
    ['nothing', 200, ''],
  ])('of %s are those of the network', async (_, status, body) => {
    const proxy = createServer((_request, response) => response.writeHead(status).end(body))
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const client = clientOf(null, `http://127.0.0.1:${(proxy.address() as { port: number }).port}`)
    expect(await refused(client.account.me.query())).toMatchObject({ code: 'NETWORK_ERROR' })
    if (status !== 200) expect(await refused(client.signOut())).toMatchObject({ code: 'NETWORK_ERROR' })
    proxy.close()
  })
})

describe('signing out', () => {
  it('ends the session, again does no harm', async () => {
    const client = clientOf(await app.signIn())
    await client.signOut()
    expect(await refused(client.account.me.query())).toMatchObject({ code: 'SESSION_ENDED' })
    await client.signOut()
  })
})

describe('the connection', () => {
  it('opens with the first subscription, is shared, and ends with the session', async () => {
    const claims = newPerson()
    const [here, there] = [await app.signIn(claims), await app.signIn(claims)]
    const client = clientOf(there)
    const states = statesOf(client)
    await client.account.me.query()
    const before = upgrades
    const [first, second] = [follow(client), follow(client)]
    await open(client)
    await until('both', () => first.seen.started && second.seen.started)
    expect(upgrades - before).toBe(1)
    await here.mutate('account.sessions.revokeOthers')
    await until('the end', () => client.connection.state === 'needs-auth')
    expect(states).toEqual(['disconnected', 'connecting', 'connected', 'needs-auth'])
    for (const { seen } of [first, second])
      expect(seen).toMatchObject({ data: [{ reason: 'revoked' }], completed: true, errors: [] })
  })

  it('fails subscriptions without a session, does not try again, and is made anew by the next', async () => {
    const client = clientOf(null)
    const states = statesOf(client)
    const before = upgrades
    const first = follow(client)
    await until('the failure', () => first.seen.errors.length)
    expect(first.seen).toMatchObject({ errors: ['SESSION_ENDED'], data: [], completed: false })
    expect(client.connection.state).toBe('needs-auth')
    // A reconnect would begin within 200 ms; a whole sign-in takes longer than none.
    for (let n = 0; n < 5; n++) await app.signIn()
    expect(upgrades - before).toBe(1)
    const second = follow(client)
    await until('the failure', () => second.seen.errors.length)
    expect(upgrades - before).toBe(2)
    expect(first.seen.errors).toEqual(['SESSION_ENDED'])
    expect(states.filter((state) => state === 'needs-auth')).toHaveLength(2)
  })

  it('lets whoever hears of the end subscribe at once', async () => {
    const client = clientOf(null)
    const before = upgrades
    const again: ReturnType<typeof follow>[] = []
    client.connection.onChange((state) => {
      if (state === 'needs-auth' && again.length === 0) again.push(follow(client))
    })
    const first = follow(client)
    await until('both failures', () => first.seen.errors.length && again[0]?.seen.errors.length)
    expect(upgrades - before).toBe(2)
  })

  it('is not harmed by a listener that throws', async () => {
    const client = clientOf(null)
    const thrown = new Promise((resolve) => process.once('uncaughtException', resolve))
    const vitests = process.listeners('uncaughtException')[0] as () => void
    process.removeListener('uncaughtException', vitests)
    client.connection.onChange((state) => {
      if (state === 'needs-auth') throw new Error('broken listener')
    })
    const { seen } = follow(client)
    await until('the failure', () => seen.errors.length)
    expect(await thrown).toMatchObject({ message: 'broken listener' })
    process.prependListener('uncaughtException', vitests)
  })

  it('can be listened to without its object, as React does', async () => {
    const { onChange } = clientOf(null).connection
    expect(onChange(() => {})).toBeTypeOf('function')
  })
})

describe('a server that goes away', () => {
  it('is found again, and subscriptions go on', async () => {
    const claims = newPerson()
    const [here, there] = [await app.signIn(claims), await app.signIn(claims)]
    const relay = await TcpProxy.before(port)
    const client = clientOf(there, urlOf(relay))
    const states = statesOf(client)
    const { seen } = follow(client)
    await until('the subscription', () => seen.started === 1)
    relay.mode = 'hang-up'
    relay.cut()
    const before = relay.accepted
    await until('further tries', () => relay.accepted - before >= 3)
    relay.mode = 'pass'
    await until('the subscription again', () => seen.started === 2)
    expect(states).toEqual(['disconnected', 'connecting', 'connected', 'connecting', 'connected'])
    await here.mutate('account.sessions.revokeOthers')
    await until('the word', () => seen.data.length)
    expect(seen).toMatchObject({ data: [{ reason: 'revoked' }], errors: [] })
    await relay.close()
  })

  it('is not looked for when nobody subscribes any more, and is by the next who does', async () => {
    const relay = await TcpProxy.before(port)
    relay.mode = 'hang-up'
    const client = clientOf(await app.signIn(), urlOf(relay))
    const { stop } = follow(client)
    await until('further tries', () => relay.accepted >= 2)
    stop()
    await until('the end', () => client.connection.state === 'disconnected')
    const tried = relay.accepted
    relay.mode = 'pass'
    const next = follow(client)
    await until('the next', () => next.seen.started === 1)
    expect(relay.accepted - tried).toBe(1)
    await relay.close()
  })

  it('is asked less and less often', async () => {
    const relay = await TcpProxy.before(port)
    relay.mode = 'hang-up'
    const times: number[] = []
    // Each wait is half of what it may be: their order is theirs, and not chance.
    const random = vi.spyOn(Math, 'random').mockReturnValue(0)
    onTestFinished(() => random.mockRestore())
    const client = clientOf(null, urlOf(relay), 0.5)
    follow(client)
    let known = 0
    await until('five tries', () => {
      if (relay.accepted > known) times.push(performance.now())
      known = relay.accepted
      return times.length >= 5
    })
    const gaps = times.slice(1).map((time, at) => time - (times[at] as number))
    expect(gaps.at(-1)).toBeGreaterThan(3 * (gaps[0] as number))
    await relay.close()
  })

  it('is found at once by a page that comes into sight again', async () => {
    const page = Object.assign(new EventTarget(), { hidden: true })
    onTestFinished(() => void vi.unstubAllGlobals())
    vi.stubGlobal('document', page)
    vi.stubGlobal('window', new EventTarget())
    const relay = await TcpProxy.before(port)
    // Its first wait is one of minutes.
    const client = clientOf(await app.signIn(), urlOf(relay), 1000)
    const { seen } = follow(client)
    await until('the subscription', () => seen.started === 1)
    relay.cut()
    await until('the loss', () => client.connection.state === 'connecting')
    page.hidden = false
    const isBack = () => {
      // Again and again: the first may come before the wait has begun.
      page.dispatchEvent(new Event('visibilitychange'))
      return seen.started === 2
    }
    await until('the subscription again', isBack)
    client.close()
    await relay.close()
  })

  it('gets back every subscription of a page that has many', async () => {
    const relay = await TcpProxy.before(port)
    const client = clientOf(await app.signIn(), urlOf(relay))
    const many = Array.from({ length: 60 }, () => follow(client).seen)
    await until('all', () => many.every(({ started }) => started === 1))
    relay.cut()
    await until('all again', () => many.every(({ started, errors }) => started === 2 || errors.length))
    expect(many.flatMap(({ errors }) => errors)).toEqual([])
    await relay.close()
  })
})

describe('a closed client', () => {
  it('has ended its subscriptions and opens nothing any more', async () => {
    const client = clientOf(await app.signIn())
    const { seen } = follow(client)
    await open(client)
    const watched = app.sessions.watch.size
    client.close()
    expect(client.connection.state).toBe('disconnected')
    expect(seen).toMatchObject({ completed: true, errors: [] })
    await until('the server to notice', () => app.sessions.watch.size < watched)
    const late = follow(client)
    expect(late.seen.errors).toEqual(['NETWORK_ERROR'])
    client.close()
  })

  it.each([
    ['with a connection', `await until(() => client.connection.state === 'connected'); client.close()`],
    ['with nothing but a wish for one', 'client.close()'],
    // Nobody closes it: it has nothing left to do.
    [
      'when the server wants a sign-in',
      `await client.signOut(); await until(() => client.connection.state === 'needs-auth')`,
    ],
    [
      'when it follows nothing any more on a server that is away',
      `client.close()
      const away = createPlinth({ url: 'http://127.0.0.1:2' })
      const following = away.account.onSessionEnded.subscribe(undefined, {
        onConnectionStateChange: ({ error }) => { if (error) following.unsubscribe() },
      })`,
    ],
  ])('lets its process exit %s', async (_, script) => {
    const browser = await app.signIn()
    const program = `
      import { createPlinth } from ${JSON.stringify(join(import.meta.dirname, 'plinth.ts'))}
      const until = async (look) => { while (!look()) await new Promise((resolve) => setTimeout(resolve, 10)) }
      const client = createPlinth({ url: ${JSON.stringify(url)}, headers: ${JSON.stringify({ origin: publicUrl, cookie: browser.cookieHeader })} })
      client.account.onSessionEnded.subscribe(undefined, {})
      ${script}`
    const began = performance.now()
    await promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', program], { timeout: 15_000 })
    expect(performance.now() - began).toBeLessThan(8000)
  })
})
