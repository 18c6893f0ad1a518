/** For load balancers and people: is it alive, may it get traffic, is the database there. */
import type { FastifyPluginAsync } from 'fastify'

const pingTimeoutMs = 800

export const healthPlugin: FastifyPluginAsync = async (app) => {
  let draining = false
  app.addHook('preClose', async () => {
    draining = true
  })

  // Touches nothing: a process that can answer this need not be restarted.
  app.get('/livez', async () => ({ status: 'alive' }))

  app.get('/readyz', async (_request, reply) => {
    const ready = app.database.migrated && !draining
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : draining ? 'draining' : 'starting' })
  })

  app.get('/health', async (_request, reply) => {
    const connected = await answersInTime(app.database.ping())
    if (!connected)
      return reply.code(503).header('retry-after', 2).send({ status: 'unhealthy', database: 'disconnected' })
    return { status: 'healthy', database: 'connected', uptimeS: Math.floor(process.uptime()) }
  })
}

async function answersInTime(ping: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), pingTimeoutMs)
  })
  const answered = ping.then(
    () => true,
    () => false,
  )
  try {
    return await Promise.race([answered, late])
  } finally {
    clearTimeout(timer)
  }
}
