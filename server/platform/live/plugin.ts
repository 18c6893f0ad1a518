import fp from 'fastify-plugin'
import { recurring } from '../jobs/recurring.ts'
import { defaultLiveTimes, LiveHub, type LiveTimes } from './live-hub.ts'
import { trimEvents } from './retention.ts'

declare module 'fastify' {
  interface FastifyInstance {
    live: LiveHub
  }
}

const trimEveryMs = 10 * 60_000

export const livePlugin = fp<{ times?: Partial<LiveTimes> | undefined }>(
  async (app, { times }) => {
    const hub = new LiveHub(app.database.db, app.notices, app.log, { ...defaultLiveTimes, ...times })
    app.decorate('live', hub)
    const { db, whenReady } = app.database
    const stopTrimming = recurring(
      {
        name: 'trim events',
        everyMs: trimEveryMs,
        ready: whenReady,
        deletesFrom: db,
        async work(signal) {
          const trimmed = await trimEvents(db, signal)
          if (trimmed > 0) app.log.info({ trimmed }, 'events past their age trimmed')
        },
      },
      app.log,
    )
    app.addHook('onClose', async () => {
      await stopTrimming()
      await hub.close()
    })
  },
  { name: 'plinth-live', dependencies: ['plinth-database', 'plinth-notices'], fastify: '5.x' },
)
