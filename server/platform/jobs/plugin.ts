/** Does the recurring work of features, which `app.ts` lists: each on every instance by itself. */
import fp from 'fastify-plugin'
import { type Job, recurring } from './recurring.ts'

export const jobsPlugin = fp<{ jobs: readonly Job[] }>(
  async (app, { jobs }) => {
    const { db, whenReady } = app.database
    for (const { name, everyMs, deletes, work } of jobs) {
      const stop = recurring(
        {
          name,
          everyMs,
          ready: whenReady,
          deletesFrom: deletes && db,
          async work(signal) {
            const done = await work(db, signal)
            if (done > 0) app.log.info({ work: name, done }, 'recurring work done')
          },
        },
        app.log,
      )
      app.addHook('onClose', stop)
    }
  },
  { name: 'plinth-jobs', dependencies: ['plinth-database'], fastify: '5.x' },
)
