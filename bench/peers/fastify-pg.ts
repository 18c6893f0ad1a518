/**
 * A Fastify route: `two` statements, for the session and for the person, or `one`. Bare, or `furnished` as servers that people are let
 * at are: one line of log a request, and Fastify's own plugins for security headers, cookies and rate limits.
 */
import type { AddressInfo } from 'node:net'
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import Fastify, { LogController } from 'fastify'
import { openPool, statements, tellPort, tokenHashOf, unauthorized } from './me.ts'

const isFurnished = process.argv[4] === 'furnished'
const pool = openPool()
const find = {
  async two(tokenHash: string) {
    const { rows: sessions } = await pool.query({ ...statements.session, values: [tokenHash] })
    if (!sessions[0]) return undefined
    const { rows: people } = await pool.query({ ...statements.person, values: [sessions[0].userId] })
    return people[0]
  },
  async one(tokenHash: string) {
    const { rows } = await pool.query({ ...statements.both, values: [tokenHash] })
    return rows[0]
  },
}[process.argv[3] as 'one' | 'two']

const app = Fastify({ logger: isFurnished, logController: new LogController({ disableRequestLogging: true }) })
if (isFurnished) {
  app.addHook('onResponse', async ({ log, method, url }, { statusCode, elapsedTime }) => {
    log.info({ method, url, statusCode, ms: elapsedTime }, 'request')
  })
  await app.register(helmet)
  await app.register(cookie)
  await app.register(rateLimit, { max: 1_000_000 })
}
app.get('/me', async (request, reply) => {
  const person = await find(tokenHashOf(request.headers.cookie))
  return person ?? reply.code(401).send(unauthorized)
})
await app.listen({ port: 0, host: '127.0.0.1' })
tellPort(app.server.address() as AddressInfo)
