/**
 * Where limits are kept: in Redis where there is one, for all instances. Without, calls are counted by each process, and
 * attempts to sign in, which are few and must not be multiplied by instances, in the database; an embedded one has one process.
 */
import type { Socket } from 'node:net'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../config/config.ts'
import { recurring } from '../jobs/recurring.ts'
import { CallBudgets } from './call-budgets.ts'
import { InvitationBudget } from './invitation-budget.ts'
import { JoinBudget } from './join-budget.ts'
import { keyedHash } from './keyed-hash.ts'
import { OpenConnections } from './open-connections.ts'
import { OpenSubscriptions } from './open-subscriptions.ts'
import { mostWaiting, Openings } from './openings.ts'
import { SecretLookups } from './secret-lookups.ts'
import { SignInAttempts } from './sign-in-attempts.ts'
import { deleteOldWindows, TableWindows } from './table-windows.ts'
import { defaultLimitTimes, type LimitTimes, MemoryWindows, SharedWindows } from './windows.ts'

declare module 'fastify' {
  interface FastifyInstance {
    openConnections: OpenConnections
    openSubscriptions: OpenSubscriptions
    openings: Openings
    callBudgets: CallBudgets
    secretLookups: SecretLookups
    signInAttempts: SignInAttempts
    invitationBudget: InvitationBudget
    joinBudget: JoinBudget
  }
}

const quarterOfAnHourMs = 15 * 60_000
const minuteMs = 60_000
const toldEveryMs = 10_000

export const limitsPlugin = fp<{ times?: Partial<LimitTimes> | undefined }>(
  async (app, options) => {
    const times = { ...defaultLimitTimes, ...options.times }
    const { config, database, log } = app
    // Node keeps it once it was asked for, and cannot tell it any more of who has left: whoever hangs up at once would be
    // nobody's call, and in no record.
    const noteAddress = (socket: Socket) => void socket.remoteAddress
    app.server.on('connection', noteAddress)
    boundConnections(app)
    const { anonymous, signedIn } = config.rateLimit
    const hashed = keyedHash(config)
    const redis = config.redisUrl === null ? null : await openRedis(config.redisUrl, log, times)
    const calls = (lengthMs: number) =>
      redis ? new SharedWindows(redis.windows(lengthMs, hashed), log, times) : new MemoryWindows(lengthMs)
    const attempts = redis
      ? redis.windows(quarterOfAnHourMs, hashed)
      : database.kind === 'postgres'
        ? new TableWindows(database.db, quarterOfAnHourMs, hashed)
        : new MemoryWindows(quarterOfAnHourMs)

    app.decorate('openConnections', new OpenConnections(config.rateLimit, log))
    app.decorate('openings', openingsOf(config))
    app.decorate('openSubscriptions', new OpenSubscriptions(config.rateLimit))
    app.decorate(
      'callBudgets',
      new CallBudgets({
        anonymous: { limit: anonymous, windows: calls(quarterOfAnHourMs) },
        signedIn: { limit: signedIn, windows: calls(minuteMs) },
      }),
    )
    app.decorate('secretLookups', new SecretLookups(app.callBudgets))
    const sharedAttempts = new SharedWindows(attempts, log, times)
    app.decorate('signInAttempts', new SignInAttempts(sharedAttempts, config.rateLimit))
    app.decorate('invitationBudget', new InvitationBudget(sharedAttempts, config.rateLimit))
    app.decorate('joinBudget', new JoinBudget(sharedAttempts, config.rateLimit))

    const stop = recurring(
      {
        name: 'delete old windows of limits',
        everyMs: quarterOfAnHourMs,
        ready: database.whenReady,
        work: () => deleteOldWindows(database.db),
      },
      log,
    )
    app.addHook('onClose', async () => {
      app.server.off('connection', noteAddress)
      redis?.disconnect()
      await stop()
    })
  },
  { name: 'plinth-limits', dependencies: ['plinth-config', 'plinth-database'], fastify: '5.x' },
)

/** As many may wait as a network may have open, or a user may have subscribed. */
function openingsOf({ database: { poolMax }, rateLimit }: Config): Openings {
  const perShare = Math.max(rateLimit.socketsPerAddress, rateLimit.subscriptionsPerPerson)
  return new Openings({ poolMax, waiting: { perShare, total: mostWaiting } })
}

/** One more is ended at once, before a byte of it is read. */
function boundConnections({ server, config, log }: FastifyInstance): void {
  server.maxConnections = config.server.maxConnections
  let toldAtMs = Number.NEGATIVE_INFINITY
  server.on('drop', () => {
    if (performance.now() - toldAtMs < toldEveryMs) return
    toldAtMs = performance.now()
    log.warn({ maxConnections: server.maxConnections }, 'too many connections: new ones are ended')
  })
}

/** Its client is loaded only where there is a Redis. */
async function openRedis(url: string, log: FastifyBaseLogger, { storeAnswersWithinMs }: LimitTimes) {
  const { connectRedis, RedisWindows } = await import('./redis-windows.ts')
  const connection = connectRedis(url, log, storeAnswersWithinMs)
  return {
    windows: (lengthMs: number, hashed: (key: string) => string) => new RedisWindows(connection, lengthMs, hashed),
    disconnect: () => connection.disconnect(),
  }
}
