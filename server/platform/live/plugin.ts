import fp from 'fastify-plugin'
import { LiveHub } from './live-hub.ts'

declare module 'fastify' {
  interface FastifyInstance {
    live: LiveHub
  }
}

export const livePlugin = fp(
  async (app) => {
    const hub = new LiveHub(app.database.db, app.notices, app.log)
    app.decorate('live', hub)
    app.addHook('onClose', () => hub.close())
  },
  { name: 'plinth-live', dependencies: ['plinth-database', 'plinth-notices'], fastify: '5.x' },
)
