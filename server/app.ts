/**
 * Plinth as a Fastify plugin. Registered in somebody's own server it keeps to itself: its parsers, hooks and error
 * handler hold for its own routes only. The order below is the order in which a request meets them.
 */

import type { Server } from 'node:http'
import cookie from '@fastify/cookie'
import { type FastifyHttpOptions, type FastifyPluginAsync, LogController } from 'fastify'
import { createContext } from './context.ts'
import type { AnswerTimes } from './features/conversations/answer-writer.ts'
import { giveUpAbandonedAnswers } from './features/conversations/jobs.ts'
import { answersPlugin } from './features/conversations/plugin.ts'
import { draftInvitations } from './features/drafts/service.ts'
import { forgetOldDrifts } from './features/drifts/jobs.ts'
import { purgeDeletedGroups } from './features/groups/jobs.ts'
import { mailedGroupInvitations } from './features/groups/service.ts'
import { purgeDeletedTasks } from './features/tasks/jobs.ts'
import { deleteOldRecords } from './platform/audit/retention.ts'
import type { Config } from './platform/config/config.ts'
import { configPlugin } from './platform/config/plugin.ts'
import { type DatabaseTimes, databasePlugin } from './platform/db/plugin.ts'
import { accessLogPlugin } from './platform/errors/access-log.ts'
import { AppError } from './platform/errors/app-error.ts'
import { logOptions } from './platform/errors/log-options.ts'
import { answerError, answerNotFound, errorsPlugin } from './platform/errors/plugin.ts'
import { newRequestId } from './platform/errors/request-id.ts'
import { answerUnreadable } from './platform/errors/unreadable.ts'
import { healthPlugin } from './platform/health/plugin.ts'
import { idempotencyPlugin } from './platform/idempotency/plugin.ts'
import { type IdentityTimes, identityPlugin } from './platform/identity/plugin.ts'
import { signInRoutes } from './platform/identity/sign-in-routes.ts'
import { invitationsPlugin } from './platform/invitations/plugin.ts'
import { jobsPlugin } from './platform/jobs/plugin.ts'
import type { Job } from './platform/jobs/recurring.ts'
import { refuseOverBudget } from './platform/limits/early-refusal.ts'
import { lingerIfUnread } from './platform/limits/lingering-close.ts'
import { limitsPlugin } from './platform/limits/plugin.ts'
import type { LimitTimes } from './platform/limits/windows.ts'
import type { LiveTimes } from './platform/live/live-hub.ts'
import { livePlugin } from './platform/live/plugin.ts'
import { mailPlugin } from './platform/mail/plugin.ts'
import { mcpPlugin } from './platform/mcp/plugin.ts'
import { metricsPlugin } from './platform/metrics/plugin.ts'
import { noticesPlugin } from './platform/notices/plugin.ts'
import { answerCrossOrigin } from './platform/origins/cors.ts'
import { originsPlugin } from './platform/origins/plugin.ts'
import type { PresenceTimes } from './platform/presence/lease-store.ts'
import { presencePlugin } from './platform/presence/plugin.ts'
import { docsRoutes } from './platform/rest/docs-routes.ts'
import { ignoreBodies } from './platform/rest/json-body.ts'
import { restPlugin } from './platform/rest/plugin.ts'
import { retentionClockPlugin } from './platform/retention/plugin.ts'
import { securityHeadersPlugin } from './platform/security-headers/plugin.ts'
import { plainSocketPlugin } from './platform/sockets/plain-socket-routes.ts'
import { socketsPlugin } from './platform/sockets/plugin.ts'
import { trpcPath, trpcPlugin } from './platform/trpc/plugin.ts'
import { appRouter } from './router.ts'

/** Intervals that replace the defaults, each of which stands beside its owner. */
export interface PlinthTimes {
  database?: Partial<DatabaseTimes>
  identity?: Partial<IdentityTimes>
  live?: Partial<LiveTimes>
  limits?: Partial<LimitTimes>
  presence?: Partial<PresenceTimes>
  answers?: Partial<AnswerTimes>
}

export interface PlinthOptions {
  config: Config
  /** Serves the web app; absent where the server beside which Plinth is registered has a page of its own. */
  page?: FastifyPluginAsync
  times?: PlinthTimes
}

export const plinth: FastifyPluginAsync<PlinthOptions> = async (app, { config, page, times = {} }) => {
  await app.register(configPlugin, { config })
  await app.register(errorsPlugin)
  await app.register(accessLogPlugin)
  await app.register(securityHeadersPlugin)
  if (!app.hasRequestDecorator('cookies')) await app.register(cookie)
  await app.register(originsPlugin)
  await app.register(metricsPlugin)
  await app.register(databasePlugin, { times: times.database })
  await app.register(retentionClockPlugin)
  await app.register(noticesPlugin)
  await app.register(identityPlugin, { times: times.identity })
  await app.register(livePlugin, { times: times.live })
  await app.register(idempotencyPlugin)
  await app.register(limitsPlugin, { times: times.limits })
  await app.register(presencePlugin, { times: times.presence })
  await app.register(mailPlugin)
  await app.register(invitationsPlugin, { kinds: { draft: draftInvitations, group: mailedGroupInvitations } })
  await app.register(jobsPlugin, { jobs: jobsOf(config) })
  await app.register(answersPlugin, { times: times.answers })
  await app.register(jobsPlugin, { jobs: [giveUpAbandonedAnswers] })

  await app.register(healthPlugin)
  await app.register(docsRoutes, { router: appRouter })
  await app.register(async (doors) => {
    doors.addHook('onRequest', answerCrossOrigin(config))
    doors.addHook('onRequest', (_request, _reply, done) => {
      done(app.database.state === 'ready' ? undefined : new AppError('DATABASE_UNAVAILABLE'))
    })
    doors.addHook('onRequest', refuseOverBudget(app))
    doors.addHook('onSend', lingerIfUnread)
    // For the routes of sign-in and unknown paths. Plugins that accept bodies set parsers of their own.
    ignoreBodies(doors)
    await doors.register(signInRoutes)
    await doors.register(restPlugin, { router: appRouter, createContext })
    await doors.register(mcpPlugin, { router: appRouter, createContext })
    await doors.register(socketsPlugin)
    await doors.register(trpcPlugin, { prefix: trpcPath, router: appRouter, createContext })
    await doors.register(plainSocketPlugin, { router: appRouter, createContext })
    // What is below these doors and leads nowhere is ours too, preflights among it; tRPC's door sees to its own.
    for (const prefix of ['/auth', '/me', '/mcp', '/api/v1', '/v1/collab']) {
      await doors.register(async (nowhere) => void nowhere.setNotFoundHandler(answerNotFound), { prefix })
    }
  })
  if (page) await app.register(page)
}

function jobsOf({ driftRetentionMs, auditRetentionMs }: Config): Job[] {
  const jobs = [purgeDeletedTasks, purgeDeletedGroups, forgetOldDrifts(driftRetentionMs)]
  return auditRetentionMs === null ? jobs : [...jobs, deleteOldRecords(auditRetentionMs)]
}

/** Node looks at header and request timeouts from time to time: each ends up to so much late. */
const timeoutsCheckedEveryMs = 5_000

/** For the server that Plinth is registered in: what no plugin can set. A team's own server should set the same. */
export function serverOptions(config: Config): FastifyHttpOptions<Server> {
  return {
    logger: logOptions(config),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: newRequestId,
    requestIdHeader: false,
    trustProxy: config.server.trustProxy.length > 0 ? config.server.trustProxy : false,
    // Plugins wait for nothing outside, so one that takes long is on a slow machine, which is no reason to end its start.
    pluginTimeout: 0,
    requestTimeout: config.server.requestTimeoutMs,
    connectionTimeout: config.server.idleTimeoutMs,
    keepAliveTimeout: config.server.idleTimeoutMs,
    http: { headersTimeout: config.server.headersTimeoutMs, connectionsCheckingInterval: timeoutsCheckedEveryMs },
    handlerTimeout: 15_000,
    forceCloseConnections: true,
    frameworkErrors: answerError,
    clientErrorHandler: answerUnreadable,
  }
}

export { type Config, ConfigError, readConfig } from './platform/config/config.ts'
