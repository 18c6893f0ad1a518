import fp from 'fastify-plugin'

/** One line a request, by the route's pattern rather than its path, so that lines can be counted and hold no ids. */
export const accessLogPlugin = fp(
  async (app) => {
    app.addHook('onResponse', (request, reply, done) => {
      const route = request.routeOptions.url ?? 'none'
      const level = route === '/livez' || route === '/readyz' || route === '/health' ? 'debug' : 'info'
      request.log[level](
        { method: request.method, route, statusCode: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 },
        'request',
      )
      done()
    })
  },
  { name: 'plinth-access-log', fastify: '5.x' },
)
