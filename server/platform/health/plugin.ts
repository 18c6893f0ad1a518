/**
 * For load balancers and people: is it alive, may it get traffic, is the database there. Told to close, it lets what is
 * under way be answered first: by then Fastify refuses new requests, and a moment later it cuts connections.
 */
import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { diskFullMessage } from '../db/disk-watch.ts'
import { SchemaAhead } from '../db/migrations.ts'

const pingTimeoutMs = 800
/** Within the grace that main.ts gives, with room for what closes after. */
const drainMs = 10_000

/** What an operator can do about it. */
const messages: Record<string, string> = { 'schema-ahead': new SchemaAhead().message, 'disk-full': diskFullMessage }

export const healthPlugin = fp(
  async (app) => {
    let draining = false
    const underWay = new Set<FastifyReply>()
    let allAnswered = () => {}
    const answered = (reply: FastifyReply) => {
      if (underWay.delete(reply) && underWay.size === 0) allAnswered()
    }
    app.addHook('onRequest', async (request, reply) => {
      // Sockets live as long as they like, and are closed by their own plugin.
      if (request.headers.upgrade) return
      underWay.add(reply)
      reply.raw.once('close', () => answered(reply))
    })
    app.addHook('onResponse', async (_request, reply) => answered(reply))
    app.addHook('preClose', async () => {
      draining = true
      for (const reply of underWay) {
        if (isStream(reply)) underWay.delete(reply)
        // Or the next request would be sent on a connection that is cut in the same moment.
        else if (!reply.raw.headersSent) reply.raw.setHeader('connection', 'close')
      }
      if (underWay.size === 0) return
      await inTime(new Promise<void>((resolve) => (allAnswered = resolve)), drainMs)
    })

    // Touches nothing: a process that can answer this need not be restarted.
    app.get('/livez', async () => ({ status: 'alive' }))

    app.get('/readyz', async (_request, reply) => {
      const { state, isDiskFull } = app.database
      const status = draining ? 'draining' : state === 'ready' && isDiskFull ? 'disk-full' : state
      if (status === 'ready') return { status }
      return reply.code(503).send({ status, message: messages[status] })
    })

    app.get('/health', async (_request, reply) => {
      const connected = await inTime(app.database.ping(), pingTimeoutMs)
      if (!connected)
        return reply.code(503).header('retry-after', 2).send({ status: 'unhealthy', database: 'disconnected' })
      // Without Redis all goes on, a second later.
      const { redis } = app.notices
      return {
        status: 'healthy',
        database: 'connected',
        ...(redis && { redis }),
        uptimeS: Math.floor(process.uptime()),
      }
    })
  },
  { name: 'plinth-health', dependencies: ['plinth-database', 'plinth-notices'], fastify: '5.x' },
)

/** Events, which have no end of their own. */
const isStream = ({ raw }: FastifyReply) => String(raw.getHeader('content-type')).startsWith('text/event-stream')

/** False when `work` failed or took longer. */
async function inTime(work: Promise<void>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs)
  })
  const done = work.then(
    () => true,
    () => false,
  )
  try {
    return await Promise.race([done, late])
  } finally {
    clearTimeout(timer)
  }
}
