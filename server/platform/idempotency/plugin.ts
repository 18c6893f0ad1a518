/** Forgets old idempotency keys, now and then. */
import fp from 'fastify-plugin'
import { recurring } from '../jobs/recurring.ts'
import { forgetOldKeys } from './idempotency-key.ts'

const forgetEveryMs = 3_600_000

export const idempotencyPlugin = fp(
  async (app) => {
    const { db, whenReady } = app.database
    const stop = recurring(
      {
        name: 'forget idempotency keys',
        everyMs: forgetEveryMs,
        ready: whenReady,
        deletesFrom: db,
        async work() {
          const forgotten = await forgetOldKeys(db)
          if (forgotten > 0) app.log.info({ forgotten }, 'idempotency keys of yesterday forgotten')
        },
      },
      app.log,
    )
    app.addHook('onClose', stop)
  },
  { name: 'plinth-idempotency', dependencies: ['plinth-database'], fastify: '5.x' },
)
