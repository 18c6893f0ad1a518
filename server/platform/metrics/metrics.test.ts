import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { signedIn } from '../../test/followers.ts'
import { TestSocket } from '../../test/socket.ts'

const app = await buildTestApp()
const token = randomBytes(48).toString('base64')
const guarded = await buildTestApp({ environment: { METRICS_TOKEN: token } })
const production = await buildTestApp({
  environment: { NODE_ENV: 'production', PUBLIC_URL: 'https://app.example.com', GOOGLE_ISSUER: 'https://127.0.0.1:9' },
})

const read = async () => (await app.root.inject({ url: '/metrics' })).body

it('counts requests by the pattern of their route, with no path, query or person in it', async () => {
  const { browser, id } = await signedIn(app)
  await browser.get('/me?canary=1')
  await browser.get(`/auth/${id}`)
  await browser.query('people.get', { personId: id })
  const text = await read()
  expect(text).toMatch(/http_request_duration_seconds_count\{method="GET",route="\/me",status_code="200"\} \d+/)
  expect(text).toMatch(/http_request_duration_seconds_bucket\{le="0\.05",method="GET",route="\/me",status_code="200"\}/)
  expect(text).toMatch(/route="none",status_code="404"/)
  expect(text).not.toContain(id)
  expect(text).not.toContain('canary')
})

it('tells of the process, and of what is open on this instance', async () => {
  const { browser } = await signedIn(app)
  const socket = await TestSocket.openAs(await app.listen(), browser)
  const text = await read()
  for (const name of ['process_cpu_seconds_total', 'nodejs_eventloop_lag_seconds', 'sign_ins_total']) {
    expect(text).toContain(`# HELP ${name} `)
  }
  expect(text).toMatch(/^live_connections_open 1$/m)
  socket.ws.close()
})

it('is for whoever has the token', async () => {
  const ask = (authorization?: string) =>
    guarded.root.inject({ url: '/metrics', headers: authorization === undefined ? {} : { authorization } })
  for (const wrong of [undefined, 'Bearer', `Bearer ${token}x`, `Basic ${token}`, `Bearer ${token.slice(1)}`]) {
    expect((await ask(wrong)).statusCode).toBe(401)
  }
  const answer = await ask(`Bearer ${token}`)
  expect(answer.statusCode).toBe(200)
  expect(answer.headers).toMatchObject({
    'cache-control': 'no-store',
    'content-type': expect.stringMatching(/^text\/plain/),
  })
})

it('without a token is for this machine alone, whatever a proxy says of who asks', async () => {
  expect((await app.root.inject({ url: '/metrics' })).statusCode).toBe(200)
  const headers = { 'x-forwarded-for': '127.0.0.1' }
  expect((await app.root.inject({ url: '/metrics', remoteAddress: '10.0.0.1', headers })).statusCode).toBe(404)
})

it('without a token is for nobody in production', async () => {
  expect((await production.root.inject({ url: '/metrics' })).statusCode).toBe(404)
})
