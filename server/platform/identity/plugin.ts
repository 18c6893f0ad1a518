/** Sessions for the whole app, and the look every two seconds at those that open sockets depend on. */
import fp from 'fastify-plugin'
import { Sessions } from './sessions.ts'

declare module 'fastify' {
  interface FastifyInstance {
    sessions: Sessions
  }
}

const checkEveryMs = 2000

export const identityPlugin = fp(
  async (app) => {
    const sessions = new Sessions(app.database.db, app.config.auth, app.notices, app.log)
    app.decorate('sessions', sessions)

    let checking: Promise<void> | undefined
    const check = () => {
      checking ??= sessions
        .checkWatched()
        // The database is away: nobody's session is over for that.
        .catch((err) => app.log.debug({ err }, 'sessions of open sockets not checked'))
        .finally(() => {
          checking = undefined
        })
    }
    const timer = setInterval(check, checkEveryMs)
    app.notices.on('notices.connected', check)
    app.addHook('onClose', async () => {
      clearInterval(timer)
      await checking
    })
  },
  { name: 'plinth-identity', dependencies: ['plinth-config', 'plinth-database', 'plinth-notices'], fastify: '5.x' },
)
