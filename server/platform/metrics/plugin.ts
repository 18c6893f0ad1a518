/** `GET /metrics`, for whoever has METRICS_TOKEN; without that setting for this machine alone, and in production for nobody. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Gauge } from 'prom-client'
import type { Config } from '../config/config.ts'
import { AppError } from '../errors/app-error.ts'
import { answerNotFound } from '../errors/plugin.ts'
import { Metrics } from './metrics.ts'

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics
  }
}

export const metricsPlugin = fp(
  async (app) => {
    const metrics = new Metrics()
    app.decorate('metrics', metrics)
    new Gauge({
      name: 'live_connections_open',
      help: 'Sockets and event streams that are open on this instance.',
      registers: [metrics.registry],
      collect() {
        this.set(app.openConnections.open)
      },
    })

    app.addHook('onResponse', (request, reply, done) => {
      const lasts =
        request.headers.upgrade !== undefined ||
        String(reply.raw.getHeader('content-type')).startsWith('text/event-stream')
      if (lasts) return done()
      const labels = {
        method: request.method,
        route: request.routeOptions.url ?? 'none',
        status_code: reply.statusCode,
      }
      metrics.requestSeconds.observe(labels, reply.elapsedTime / 1000)
      done()
    })

    app.get('/metrics', async (request, reply) => {
      if (!mayRead(request, app.config)) return answerNotFound(request, reply)
      return reply
        .header('cache-control', 'no-store')
        .type(metrics.contentType)
        .send(await metrics.text())
    })
  },
  { name: 'plinth-metrics', dependencies: ['plinth-config'], fastify: '5.x' },
)

/** False where there is nothing for anybody. @throws AppError INVALID_CREDENTIAL */
function mayRead({ raw }: FastifyRequest, { metricsToken, production }: Config): boolean {
  // The peer itself: what a proxy says of who asks does not make it this machine.
  if (metricsToken === null) return !production && /^(::1|(::ffff:)?127\.)/.test(raw.socket.remoteAddress ?? '')
  const [, token = ''] = /^Bearer +(\S+)$/i.exec(raw.headers.authorization ?? '') ?? []
  if (!timingSafeEqual(digest(token), digest(metricsToken))) throw new AppError('INVALID_CREDENTIAL')
  return true
}

/** Of one length, so that neither the time nor a throw tells anything of the token. */
const digest = (text: string) => createHash('sha256').update(text).digest()
