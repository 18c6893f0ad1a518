/** By which host names a server is reached, on the wire: what a client library would not send counts too. */
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'

const allowed = { CORS_ORIGINS: 'https://partner.example', ALLOWED_HOSTS: 'plinth.internal' }
const development = await buildTestApp({ environment: { ...allowed, NODE_ENV: 'development' } })
const production = await buildTestApp({ environment: { NODE_ENV: 'production' } })
const strict = await buildTestApp({ environment: { ...allowed, NODE_ENV: 'production' } })
for (const app of [development, production, strict]) await app.listen()

async function ask(app: typeof development, headers: readonly string[], path = '/health', version = '1.1') {
  const { port } = app.root.server.address() as AddressInfo
  const socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write([`GET ${path} HTTP/${version}`, ...headers, 'Connection: close', '', ''].join('\r\n'))
  const answer = await text(socket)
  return { status: Number(answer.split(' ')[1]), answer }
}

const own = [
  'localhost:8000',
  'localhost',
  'LOCALHOST:8000',
  'app.localhost:5173',
  'partner.example',
  'plinth.internal:81',
]
const addresses = ['127.0.0.1:8000', '[::1]:8000', '192.168.1.20']
const foreign = [
  'rebind.evil.example',
  'rebind.evil.example:8000',
  'localhost.evil.example',
  'evillocalhost',
  'evil.example/localhost',
  'evil.example?localhost',
  'evil.example#localhost',
  'plinth.internal.evil.example',
  '127.0.0.1.evil.example',
]

describe.each([
  ['while developing', development, ['/dev/mail']],
  ['in production with ALLOWED_HOSTS', strict, []],
] as const)('%s', (_, app, more) => {
  it.each([...own, ...addresses])('answers for %s', async (host) => {
    expect((await ask(app, [`Host: ${host}`])).status).toBe(200)
  })

  it.each(foreign)('does not answer for %s', async (host) => {
    for (const path of ['/health', '/metrics', '/api/v1/drifts', '/trpc/account.methods', ...more]) {
      const { status, answer } = await ask(app, [`Host: ${host}`, 'Sec-Fetch-Site: same-origin'], path)
      expect([status, answer]).toEqual([421, expect.stringContaining('HOST_NOT_ALLOWED')])
    }
  })

  it('opens no socket for a foreign name', async () => {
    const upgrade = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
    const headers = ['Host: evil.example', 'Sec-Fetch-Site: same-origin', 'Connection: Upgrade', ...upgrade]
    expect((await ask(app, headers, '/trpc')).status).toBe(421)
  })
})

it('answers for every name in production, where a proxy may send any', async () => {
  expect((await ask(production, ['Host: 8f3a.internal'])).status).toBe(200)
})

it('needs no name of a client too old to send one', async () => {
  expect((await ask(development, [], '/health', '1.0')).status).toBe(200)
})

it.each([
  ['two names', ['Host: localhost', 'Host: evil.example']],
  ['one name twice', ['Host: localhost', 'host: localhost']],
])('refuses %s, of which a proxy may have looked at the other one', async (_, headers) => {
  const { status, answer } = await ask(production, headers)
  expect([status, answer]).toEqual([400, expect.stringContaining('Must be there once')])
})
