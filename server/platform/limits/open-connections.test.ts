/** How many sockets and streams one may have open, and that whoever is refused learns why and does not storm. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { createWSClient } from '@trpc/client'
import { afterEach, describe, expect, it } from 'vitest'
import { createPlinth } from '../../../client/plinth.ts'
import { buildTestApp, publicUrl, type TestApp } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { draftOf, range, signedIn } from '../../test/followers.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'
import { networkOf } from './open-connections.ts'

const [perPerson, perAddress] = [4, 10]
const limits = {
  RATE_LIMIT_SOCKETS_PER_PERSON: String(perPerson),
  RATE_LIMIT_SOCKETS_PER_ADDRESS: String(perAddress),
}
const app = await buildTestApp({ environment: { ...limits, TRUST_PROXY: '127.0.0.1' } })
const url = await app.listen()

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await until('nothing leaked', () => app.inside.openConnections.size === 0)
})

let hosts = 0
/** An address of nobody else's. */
const newAddress = () => `192.0.2.${++hosts}`
type From = { browser: TestBrowser; ip: string }
const newPerson = async (ip = newAddress()): Promise<From> => ({ browser: (await app.enter()).browser, ip })
const headersOf = ({ browser, ip }: From) => ({
  cookie: browser.cookieHeader,
  origin: publicUrl,
  'x-forwarded-for': ip,
})

/** Null when it stays open; else with what it was refused. */
async function socket(from: From, to = url) {
  const one = await TestSocket.open(to, headersOf(from))
  // Once it has answered it was let in.
  const id = one.send('query', 'account.me')
  await until('an answer', () => one.close ?? one.answers.find((answer) => answer.id === id))
  ends.push(() => one.ws.terminate())
  return { ws: one.ws, refused: one.close && { ...one.close, answers: one.answers } }
}

async function stream(from: From) {
  const leaving = new AbortController()
  ends.push(() => leaving.abort())
  const answer = await fetch(`${url}/trpc/account.onSessionEnded`, { headers: headersOf(from), signal: leaving.signal })
  // Held to the end: fetch leaves a stream whose answer nobody refers to any more.
  ends.push(() => answer.body?.cancel().catch(() => {}))
  return { answer, leave: () => leaving.abort() }
}

const expectRefused = async (from: From) => {
  expect((await socket(from)).refused).toEqual({
    code: 4429,
    reason: 'TOO_MANY_CONNECTIONS',
    answers: [
      {
        id: null,
        error: {
          code: expect.any(Number),
          message: expect.stringContaining('live connections'),
          data: { code: 'TOO_MANY_CONNECTIONS', httpStatus: 429 },
        },
      },
    ],
  })
  const { answer } = await stream(from)
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '10'])
  expect(await answer.json()).toMatchObject({ error: { data: { code: 'TOO_MANY_CONNECTIONS', httpStatus: 429 } } })
}

describe('a person', () => {
  it('has so many sockets and streams at once from wherever, and one more for each that ends', async () => {
    const here = await newPerson()
    const elsewhere = { ...here, ip: newAddress() }
    const first = await socket(here)
    const second = await stream(here)
    expect((await socket(elsewhere)).refused).toBeNull()
    expect((await stream(elsewhere)).answer.status).toBe(200)
    await expectRefused(here)
    await expectRefused(elsewhere)
    expect((await socket(await newPerson(here.ip))).refused).toBeNull()

    first.ws.close()
    await until('its place', async () => (await socket(here)).refused === null)
    await expectRefused(here)
    second.leave()
    await until('its place', async () => (await stream(here)).answer.status === 200)
    await expectRefused(here)
  })

  it('who comes and goes without a word leaves nothing behind', async () => {
    const here = await newPerson()
    for (let n = 0; n < 30; n++) {
      const [one, other] = await Promise.all([TestSocket.open(url, headersOf(here)), stream(here)])
      one.ws.terminate()
      other.leave()
      await until('left', () => app.inside.openConnections.size === 0)
    }
  })
})

describe('an address', () => {
  const fill = async (ip: (n: number) => string) => {
    for (let n = 0; n < perAddress; n++) expect((await socket(await newPerson(ip(n)))).refused).toBeNull()
  }

  it('has so many, whoever they are', async () => {
    const ip = newAddress()
    await fill(() => ip)
    const next = await newPerson(ip)
    await expectRefused(next)
    expect((await socket({ ...next, ip: newAddress() })).refused).toBeNull()
    expect(app.logs.filter(({ msg }) => /of one address, .*TRUST_PROXY/.test(msg))).toHaveLength(1)
  })

  it('is a whole network where it is of IPv6', async () => {
    await fill((n) => `2001:db8:0:7:${n}::${n}`)
    await expectRefused(await newPerson('2001:db8:0:7:ffff::1'))
    expect((await socket(await newPerson('2001:db8:0:8::1'))).refused).toBeNull()
  })

  it('is the one that connects, where no proxy is trusted', async () => {
    const direct: TestApp = await buildTestApp({ environment: limits })
    const to = await direct.listen()
    for (let n = 0; n <= perAddress; n++) {
      const from = { browser: (await direct.enter()).browser, ip: newAddress() }
      expect((await socket(from, to)).refused === null).toBe(n < perAddress)
    }
  })

  it('is known of who hung up at once, too, who would be nobody in counts and records', async () => {
    const addresses: (string | undefined)[] = []
    const gone = await buildTestApp({
      page: async (scope) => {
        scope.post('/gone', async (request) => {
          await once(request.raw.socket, 'close')
          addresses.push(request.ip)
        })
      },
    })
    const { port } = new URL(await gone.listen())
    const socket = connect(Number(port), '127.0.0.1')
    socket.end('POST /gone HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
    await until('the address', () => addresses.length === 1)
    expect(addresses).toEqual(['127.0.0.1'])
  })

  it.each([
    [undefined, 'unknown'],
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:0207', '192.0.2.7'],
    ['2001:0db8:0000:0001:ffff::1', '2001:db8:0:1::/64'],
    ['2001:db8:0:1::', '2001:db8:0:1::/64'],
    ['2001:db8::1:0:0:1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
    ['192.0.2.7:50123', '192.0.2.7'],
    ['[2001:db8:0:1::7]:50123', '2001:db8:0:1::/64'],
    ['[::ffff:192.0.2.7]', '192.0.2.7'],
    ['unknown', 'unknown'],
    ['no:address', 'no:address'],
  ])('%s counts as %s', (ip, network) => expect(networkOf(ip)).toBe(network))
})

describe('a client that is refused', () => {
  it('and is tRPC’s own comes back later each time', async () => {
    const here = await newPerson()
    for (let n = 0; n < perPerson; n++) await socket(here)
    const attempts: number[] = []
    const headers = headersOf(here)
    class WithHeaders extends WebSocket {
      constructor(to: string | URL) {
        super(to, { headers } as never)
      }
    }
    const client = createWSClient({
      url: `${url.replace(/^http/, 'ws')}/trpc`,
      WebSocket: WithHeaders,
      retryDelayMs: (attempt) => {
        attempts.push(attempt)
        return 20
      },
    })
    ends.push(() => client.close())
    await until('some', () => attempts.length >= 6)
    expect(attempts.slice(1, 6)).toEqual([1, 2, 3, 4, 5].map((n) => n + (attempts[0] as number)))
  })

  it('and is ours polls instead, and is live when there is room', async () => {
    const owner = await signedIn(app)
    const from = { browser: owner.browser, ip: newAddress() }
    const draft = await draftOf(app, owner)
    const others = []
    for (let n = 0; n < perPerson; n++) others.push(await socket(from))
    const plinth = createPlinth({ url, headers: headersOf(from), pace: 0.05 })
    ends.push(() => plinth.close())
    const seqs: number[] = []
    const feed = plinth.live({
      snapshot: () => plinth.drafts.get.query({ draftId: draft.id }),
      follow: (lastEventId, handlers, transport) =>
        plinth.drafts.onEvent.subscribe({ draftId: draft.id, lastEventId }, { ...handlers, context: { transport } }),
      poll: (lastEventId) => plinth.drafts.events.query({ draftId: draft.id, lastEventId }),
      onSnapshot: () => {},
      onEvent: ({ seq }) => void seqs.push(seq),
      climbEveryMs: 200,
    })
    await until('polling', () => feed.transport === 'polling')
    await draft.tell()
    await until('the event', () => seqs.length === 1)
    for (const { ws } of others) ws.close()
    await until('live', () => feed.transport !== 'polling')
    await draft.tell()
    await until('the next', () => seqs.length === 2)
    expect(seqs).toEqual(range(1, 2))
  })
})
