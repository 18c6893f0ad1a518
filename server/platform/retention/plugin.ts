/** Moves the clock of retention, and logs when it waits. */
import fp from 'fastify-plugin'
import { recurring } from '../jobs/recurring.ts'
import { moveRetentionClock } from '../jobs/retention-clock.ts'

const lookEveryMs = 5 * 60_000

export const retentionClockPlugin = fp(
  async (app) => {
    const { db, whenReady } = app.database
    let wasBehind = false
    const stop = recurring(
      {
        name: 'move the clock of retention',
        everyMs: lookEveryMs,
        ready: whenReady,
        async work() {
          const behindS = Math.round(await moveRetentionClock(db))
          const isBehind = behindS > 0
          if (isBehind === wasBehind) return
          wasBehind = isBehind
          if (isBehind) app.log.warn({ behindS }, waits)
          else app.log.info('retention deletes what is old again')
        },
      },
      app.log,
    )
    app.addHook('onClose', stop)
  },
  { name: 'plinth-retention-clock', dependencies: ['plinth-database'], fastify: '5.x' },
)

const waits =
  'The clock of the database is far ahead of the last check, so nothing is deleted by age for now. ' +
  'Unless no server ran for that long, the clock is wrong: correct it.'
