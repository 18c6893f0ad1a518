/** Bytes that are no request, or more than one: what the parser below everything makes of them, and what is answered. */
import { describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { exchange } from '../../test/hostile/exchange.ts'
import { until } from '../../test/until.ts'

const app = await buildTestApp({ server: { http: { connectionsCheckingInterval: 100 } } })
const { port: text } = new URL(await app.listen())
const port = Number(text)

const host = 'Host: localhost:8000'
const hidden = `GET /livez?hidden HTTP/1.1\r\n${host}\r\n\r\n`
const post = (headers: string[], body: string) =>
  `POST /trpc/auth.logout HTTP/1.1\r\n${[host, 'Content-Type: application/json', ...headers].join('\r\n')}\r\n\r\n${body}`
const get = (...headers: string[]) => `GET /livez HTTP/1.1\r\n${[host, ...headers].join('\r\n')}\r\n\r\n`

/** To the end of the connection. */
const say = (said: string, within = 120_000) =>
  exchange(port, [Buffer.from(said, 'latin1')], { methods: [], answers: Number.POSITIVE_INFINITY, withinMs: within })
const isAlive = async () => expect((await say(get('Connection: close'))).answers[0]?.status).toBe(200)

describe('a request that two parsers would read differently', () => {
  const two: [string, string][] = [
    ['a length and chunks', post(['Content-Length: 5', 'Transfer-Encoding: chunked'], `0\r\n\r\n${hidden}`)],
    ['chunks and a length', post(['Transfer-Encoding: chunked', 'Content-Length: 5'], `0\r\n\r\n${hidden}`)],
    ['two lengths', post(['Content-Length: 2', 'Content-Length: 60'], `{}${hidden}`)],
    ['a list of lengths', post(['Content-Length: 2, 2'], `{}${hidden}`)],
    ['a length with a sign', post(['Content-Length: +2'], `{}${hidden}`)],
    ['a length in hexadecimal', post(['Content-Length: 0x2'], `{}${hidden}`)],
    ['an encoding that is not the last', post(['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${hidden}`)],
    ['an encoding with a control character', post(['Transfer-Encoding: \x0bchunked'], `0\r\n\r\n${hidden}`)],
    ['a blank before the colon', post(['Transfer-Encoding : chunked'], `0\r\n\r\n${hidden}`)],
    ['a chunk whose size is none', post(['Transfer-Encoding: chunked'], `g\r\n{}\r\n0\r\n\r\n${hidden}`)],
    ['a chunk whose size has a sign', post(['Transfer-Encoding: chunked'], `-1\r\n{}\r\n0\r\n\r\n${hidden}`)],
    ['a chunk whose size is beyond any', post(['Transfer-Encoding: chunked'], `fffffffffffffffff\r\n{}\r\n${hidden}`)],
    ['lines that end in LF alone', get().replaceAll('\r\n', '\n') + hidden],
    ['lines that end in CR alone', get().replaceAll('\r\n', '\r') + hidden],
    ['a CR within a header', get('X-A: b\rX-B: c') + hidden],
    ['a NUL within a header', get('X-A: b\0c') + hidden],
    ['a folded header', get('X-A: b', ' c') + hidden],
    ['a header without a name', get(': b') + hidden],
  ]
  it.each(two)('is refused, and nothing after it is taken for another: %s', async (_, said) => {
    const { answers, late } = await say(said)
    expect([late, answers.map(({ status }) => status)]).toEqual([false, [400]])
    expect(JSON.parse(answers[0]?.body ?? '')).toMatchObject({
      error: { code: 'VALIDATION_ERROR', message: expect.any(String) },
      requestId: answers[0]?.headers['x-request-id'],
    })
    await isAlive()
  })

  it.each([
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['the hello of TLS', '\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03'],
    ['a version that is none', `GET /livez HTTP/9.9\r\n${host}\r\n\r\n`],
    ['a method that is none', `G\tET /livez HTTP/1.1\r\n${host}\r\n\r\n`],
    ['a target with a blank', `GET /li vez HTTP/1.1\r\n${host}\r\n\r\n`],
    ['noise', '\x00\xff\xfe\x80'.repeat(50)],
  ])('is no request, and says so: %s', async (_, said) => {
    const { answers, late } = await say(said)
    expect([late, answers.map(({ status }) => status)]).toEqual([false, [400]])
    expect(JSON.parse(answers[0]?.body ?? '').error.code).toBe('VALIDATION_ERROR')
  })
})

describe('what is too long', () => {
  it.each([
    ['a header', get(`X-A: ${'x'.repeat(70_000)}`)],
    ['headers', get(...Array.from({ length: 4000 }, (_, at) => `X-${at}: yyyyyyyy`))],
    ['a target', `GET /${'x'.repeat(70_000)} HTTP/1.1\r\n${host}\r\n\r\n`],
    ['what stands beside the size of a chunk', post(['Transfer-Encoding: chunked'], `2;a=${'b'.repeat(70_000)}`)],
  ])('is refused as such: %s', async (_, said) => {
    const { answers } = await say(said)
    expect(answers.map(({ status, body }) => [status, JSON.parse(body).error.code])).toEqual([
      [413, 'PAYLOAD_TOO_LARGE'],
    ])
    await isAlive()
  })

  it('is read no further: chunks without end', async () => {
    const parts = [
      Buffer.from(post(['Transfer-Encoding: chunked'], '')),
      ...Array.from({ length: 200 }, () => Buffer.from(`ffff\r\n${' '.repeat(0xffff)}\r\n`)),
    ]
    const { answers } = await exchange(port, parts, { methods: [], answers: 1, withinMs: 10_000 })
    expect(answers.map(({ status }) => status)).toEqual([413])
  })

  it('is not unpacked: a body that is compressed is no JSON, however small', async () => {
    const { answers } = await say(
      post(['Content-Encoding: gzip', 'Content-Length: 20', 'Connection: close'], '\x1f\x8b\x08'.padEnd(20, '\0')),
    )
    expect(answers.map(({ status }) => status)).toEqual([400])
  })

  it('is one input: a million names', async () => {
    const body = `{${Array.from({ length: 80_000 }, (_, at) => `"k${at}":0`).join()}}`
    const { answers } = await say(post([`Content-Length: ${body.length}`, 'Connection: close'], body))
    expect(answers.map(({ status }) => status)).toEqual([200])
  })
})

describe('many at once', () => {
  it('pipelined are answered each, in their order', async () => {
    const targets = Array.from({ length: 60 }, (_, at) => (at % 3 ? '/livez' : `/api/nothing/${at}`))
    const all = targets.map(
      (target, at) => `GET ${target} HTTP/1.1\r\n${host}\r\n${at === 59 ? 'Connection: close\r\n' : ''}\r\n`,
    )
    const { answers } = await say(all.join(''))
    expect(answers.map(({ status }) => status)).toEqual(targets.map((target) => (target === '/livez' ? 200 : 404)))
  })

  it('that say a byte from time to time keep nobody from being answered, and none is waited for without end', async () => {
    const { server } = app.root
    const { requestTimeout, headersTimeout } = server
    expect([requestTimeout, headersTimeout]).toEqual([30_000, 15_000])
    const slow = await slowConnections(500)
    for (let n = 0; n < 5; n++) await isAlive()
    // All of them began long ago, for the next check.
    Object.assign(server, { requestTimeout: 1, headersTimeout: 1 })
    try {
      await until('their end', () => slow.every((socket) => socket.closed))
    } finally {
      Object.assign(server, { requestTimeout, headersTimeout })
    }
  })
})

async function slowConnections(number: number) {
  const { connect } = await import('node:net')
  const sockets = Array.from({ length: number }, (_, at) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {}).resume()
    socket.write(at % 2 ? 'GET /livez HTTP/1.1\r\nX-A: ' : post(['Content-Length: 9999'], '{'))
    return socket
  })
  await until('they are connected', () => sockets.every(({ connecting }) => !connecting))
  return sockets
}

it('a target in absolute form leads where its path leads, whatever host it names', async () => {
  for (const [target, status] of [
    ['http://evil.example/livez', 200],
    ['http://evil.example/api/v1/nothing', 404],
    ['https://evil.example:9/trpc/account.methods', 200],
  ] as const) {
    const { answers } = await say(`GET ${target} HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`)
    expect([target, answers[0]?.status]).toEqual([target, status])
    expect(JSON.stringify(answers)).not.toContain('evil.example')
  }
})
