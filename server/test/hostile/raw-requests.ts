/** What no HTTP client would say: bytes on a connection, against the parser under everything (RFC 9112 sections 3, 6, 9 and 11). */

import { publicUrl } from '../chaos/people.ts'
import type { Random } from '../chaos/random.ts'
import { marks, nastyText } from './dictionary.ts'

export interface RawRequest {
  what: string
  parts: Buffer[]
  pauseMs: number
  /** The most answers that it may have: one more, and somebody's request was smuggled in. */
  most: number
  /** As much as has to be said to it; else it may be left waiting. */
  least: number
  methods: string[]
  /** The answer may be one of ours, or that of the parser or of the WebSocket server below. */
  leaves: boolean
}

const host = `Host: ${new URL(publicUrl).host}`
const call = '/trpc/account.methods'
const smuggled = `GET /livez?smuggled HTTP/1.1\r\n${host}\r\n\r\n`
const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n${key}`

type Kind = Partial<Omit<RawRequest, 'parts' | 'what'>> & { say: string | Buffer | (string | Buffer)[] }

export function nextRaw(random: Random): RawRequest {
  const [what, make] = random.pick(Object.entries(kinds))
  const { say, ...rest } = make(random)
  const parts = [say].flat().map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part))
  return { what, pauseMs: 0, most: 1, least: 0, methods: [], leaves: random.chance(0.05), ...rest, parts }
}

const get = (target: string, ...headers: string[]) =>
  `GET ${target} HTTP/1.1\r\n${[host, ...headers].join('\r\n')}\r\n\r\n`
const post = (headers: string[], body: string, target = '/trpc/auth.logout') =>
  `POST ${target} HTTP/1.1\r\n${[host, 'Content-Type: application/json', ...headers].join('\r\n')}\r\n\r\n${body}`
const bytes = (random: Random, length: number) => Buffer.from(Array.from({ length }, () => random.between(0, 255)))
const nasty = (random: Random, most = 2000) => Buffer.from(nastyText(random).slice(0, most)).toString('latin1')

const kinds: Record<string, (random: Random) => Kind> = {
  // Two lengths: whoever is in front may have believed the other one.
  'length and chunks': () => ({
    say: post(['Content-Length: 4', 'Transfer-Encoding: chunked'], `0\r\n\r\n${smuggled}`),
    least: 1,
  }),
  'chunks and length': () => ({
    say: post(['Transfer-Encoding: chunked', 'Content-Length: 4'], `5c\r\n${smuggled}0\r\n\r\n`),
    least: 1,
  }),
  'two lengths': (random) => ({
    say: post(['Content-Length: 2', `Content-Length: ${random.pick([2, 3, 80])}`], `{}${smuggled}`),
    least: 1,
    most: 1,
  }),
  'a length that is none': (random) => ({
    say: post(
      [
        `Content-Length: ${random.pick(['-1', '+2', '0x2', '2,2', '2 2', '1e1', ' ', '99999999999999999999', '2\x0b'])}`,
      ],
      `{}${smuggled}`,
    ),
    least: 1,
  }),
  'an encoding that is none': (random) => ({
    say: post(
      [
        `Transfer-Encoding${random.pick([': xchunked', ': chunked, identity', ' : chunked', ':\x0bchunked', ': "chunked"', ':\tchunked\x00', ': chunked\r\nTransfer-Encoding: x'])}`,
      ],
      `0\r\n\r\n${smuggled}`,
    ),
    least: 1,
    most: 1,
  }),
  'a chunk of a size that is none': (random) => ({
    say: post(
      ['Transfer-Encoding: chunked'],
      `${random.pick(['-1', 'g', '0x2', 'ffffffffffffffffff', '2 ;', '2\n', ' 2', ''])}\r\n{}\r\n0\r\n\r\n`,
    ),
  }),
  'chunks without end': (random) => ({
    say: [
      post(['Transfer-Encoding: chunked'], ''),
      ...Array.from({ length: random.between(1, 40) }, () => `7fff\r\n${' '.repeat(0x7fff)}\r\n`),
    ],
  }),
  'a chunk with extensions without end': () => ({
    say: [post(['Transfer-Encoding: chunked'], '2'), `;a=${'b'.repeat(60_000)}`],
  }),
  'trailers without end': () => ({
    say: [post(['Transfer-Encoding: chunked'], '2\r\n{}\r\n0\r\n'), 'x: y\r\n'.repeat(5000), '\r\n'],
  }),
  // Lines and headers.
  'lines that end in LF alone': () => ({ say: `GET ${call} HTTP/1.1\n${host}\n\n` }),
  'lines that end in CR alone': () => ({ say: `GET ${call} HTTP/1.1\r${host}\r\r` }),
  'a folded header': () => ({ say: get(call, 'X-A: b', ' c'), least: 1 }),
  'a header without a name': () => ({ say: get(call, ': x'), least: 1 }),
  'a blank before the colon': () => ({ say: get(call, 'X-A : b'), least: 1 }),
  'a NUL in a header': () => ({ say: get(call, 'X-A: b\0c'), least: 1 }),
  'a CR in a header': () => ({ say: get(call, 'X-A: b\rX-B: c'), least: 1 }),
  'headers without end': (random) => ({
    say: get(call, ...Array.from({ length: random.pick([90, 2100, 5000]) }, (_, at) => `X-${at}: ${'y'.repeat(8)}`)),
    least: 1,
  }),
  'a header without end': () => ({
    say: [`GET ${call} HTTP/1.1\r\n${host}\r\nX-A: `, ...Array.from({ length: 8 }, () => 'x'.repeat(8000))],
    least: 1,
  }),
  'a target without end': () => ({ say: get(`/trpc/${'x'.repeat(70_000)}`), least: 1 }),
  hosts: (random) => ({
    say: `GET ${call} HTTP/1.1\r\n${random.pick(['', 'Host: a\r\nHost: b\r\n', 'Host:\r\n', 'Host: a@b:80:90\r\n', `Host: ${'h'.repeat(9000)}\r\n`])}\r\n`,
    least: 1,
  }),
  'an odd target': (random) => ({
    say: get(
      random.pick([
        '*',
        'x',
        `http://evil.example${call}`,
        'http://evil.example/api/nowhere',
        'http:///trpc',
        'https://a:b@c/auth/google',
        '//evil.example/..',
        '/\\evil.example',
        '/%',
        '/%zz',
        '/%00',
        '/%c0%ae%c0%ae/',
        '/trpc/%',
        '/api/v1/%',
        '/v1/collab/drafts/%ff',
        `/${'%2e%2e%2f'.repeat(50)}etc/passwd`,
        '/?',
        '/#x',
        '/;a=b',
        `/trpc/\xff\xfe`,
        '/a b',
        `/${'a/'.repeat(4000)}`,
      ]),
      'Connection: close',
    ),
    least: 1,
  }),
  'an odd method': (random) => ({
    say: `${random.pick(['get', 'G\tET', '', 'CONNECT', 'PRI', 'M-SEARCH', 'GET\0', 'X'.repeat(9000), 'SOURCE', 'PURGE', 'LINK'])} ${call} HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`,
  }),
  'an odd version': (random) => ({
    say: `GET ${call} ${random.pick(['HTTP/0.9', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'HTTP/9', 'ICE/1.0', 'HTTP/1.1 x', 'http/1.1'])}\r\n${host}\r\n\r\n`,
  }),
  'HTTP of 1991': () => ({ say: `GET ${call}\r\n` }),
  'the preface of HTTP/2': () => ({ say: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0' }),
  'the hello of TLS': (random) => ({
    say: Buffer.concat([Buffer.from('16030100c8010000c40303', 'hex'), bytes(random, 200)]),
  }),
  noise: (random) => ({ say: bytes(random, random.pick([1, 100, 20_000])) }),
  words: (random) => ({ say: nasty(random, 60_000) }),
  'a line of words': (random) => ({ say: get(call, `X-A: ${nasty(random)}`) }),
  // Several, or half of one.
  pipelined: (random) => {
    const times = random.pick([2, 10, 60])
    const target = random.pick([call, '/livez', '/me', '/nowhere.txt', '/trpc/account.me'])
    return { say: get(target).repeat(times), most: times, least: times }
  },
  'pipelined behind a body': (random) => {
    const body = JSON.stringify({ displayName: marks.text })
    const one = post([`Content-Length: ${body.length}`], body, '/trpc/account.updateProfile')
    return { say: random.chance(0.5) ? one + get('/livez') : get('/livez') + one, most: 2, least: 2 }
  },
  'half of a request': (random) => {
    const whole = post(['Content-Length: 500'], `{"a":"${'x'.repeat(490)}"}`)
    return { say: whole.slice(0, random.between(1, whole.length - 1)), leaves: random.chance(0.7) }
  },
  'byte by byte': () => ({ say: [...get('/livez', 'Connection: close')], pauseMs: 1, least: 1 }),
  'more than was said': () => ({
    say: post(['Content-Length: 2', 'Connection: close'], `{}${'x'.repeat(50_000)}`),
    least: 1,
    most: 2,
  }),
  'a megabyte and one more': () => ({
    say: [post([`Content-Length: ${2 ** 20 + 1}`], ''), Buffer.alloc(2 ** 20 + 1, 32)],
    least: 0,
  }),
  'a bomb': () => ({
    say: post(
      ['Content-Encoding: gzip', 'Content-Length: 20', 'Connection: close'],
      '\x1f\x8b\x08\0\0\0\0\0\0\x03'.padEnd(20, '\0'),
    ),
    least: 1,
  }),
  'an expectation': (random) => ({
    say: post(
      [
        `Expect: ${random.pick(['100-continue', '200-ok', nasty(random, 20).replaceAll(/[^ -~]/g, '')])}`,
        'Content-Length: 2',
        'Connection: close',
      ],
      '{}',
    ),
    least: 1,
  }),
  // Upgrades.
  'an upgrade with a body': () => ({
    say: `POST /trpc HTTP/1.1\r\n${host}\r\n${upgrade}\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    least: 1,
    most: 2,
  }),
  'an upgrade with chunks': () => ({
    say: `GET /trpc HTTP/1.1\r\n${host}\r\n${upgrade}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    least: 0,
    most: 2,
  }),
  'an upgrade to nothing we know': (random) => ({
    say: get(
      random.pick(['/trpc', call, '/livez']),
      'Connection: Upgrade',
      `Upgrade: ${random.pick(['h2c', 'TLS/1.0', 'websocket, h2c', 'WebSocket/13', 'x'.repeat(3000)])}`,
    ),
    least: 1,
  }),
  'a handshake that is none': (random) => ({
    say: get(
      random.pick([
        '/trpc',
        '/v1/ws/drafts/0190f2c4-0000-7000-8000-000000000000',
        '/trpc?connectionParams=1',
        `/v1/ws/drafts/${'x'.repeat(200)}`,
      ]),
      'Connection: Upgrade',
      'Upgrade: websocket',
      random.pick([
        `${key}\r\nSec-WebSocket-Version: 0`,
        `${key}\r\nSec-WebSocket-Version: 99`,
        'Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13',
        `${key}\r\n${key}\r\nSec-WebSocket-Version: 13`,
        'Sec-WebSocket-Version: 13',
        `${key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ${random.pick([',', 'plinth.bearer.', `plinth.bearer.${marks.secret}`, 'a b', 'plinth, plinth', 'x'.repeat(5000), '\xff'])}`,
        `${key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: ${random.pick(['permessage-deflate; server_max_window_bits=99', 'permessage-deflate; ;', 'x-webkit-deflate-frame', '"'])}`,
      ]),
    ),
    least: 1,
  }),
  'frames before the handshake is done': (random) => ({
    say: [get('/trpc', ...upgrade.split('\r\n')), bytes(random, 3000)],
    least: 1,
  }),
}
