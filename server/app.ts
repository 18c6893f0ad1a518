/**
 * Plinth as a Fastify plugin. Registered in somebody's own server it keeps to itself: its parsers, hooks and error
 * handler hold for its own routes only. The order below is the order in which a request meets them.
 */
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import { type FastifyPluginAsync, type FastifyServerOptions, LogController } from 'fastify'
import { v7 } from 'uuid'
import { createContext } from './context.ts'
import type { Config } from './platform/config/config.ts'
import { configPlugin } from './platform/config/plugin.ts'
import { databasePlugin } from './platform/db/plugin.ts'
import { accessLogPlugin } from './platform/errors/access-log.ts'
import { AppError } from './platform/errors/app-error.ts'
import { logOptions } from './platform/errors/log-options.ts'
import { answerError, answerNotFound, errorsPlugin } from './platform/errors/plugin.ts'
import { healthPlugin } from './platform/health/plugin.ts'
import { identityPlugin } from './platform/identity/plugin.ts'
import { signInRoutes } from './platform/identity/sign-in-routes.ts'
import { livePlugin } from './platform/live/plugin.ts'
import { noticesPlugin } from './platform/notices/plugin.ts'
import { answerCrossOrigin } from './platform/origins/cors.ts'
import { originsPlugin } from './platform/origins/plugin.ts'
import { trpcPath, trpcPlugin } from './platform/trpc/plugin.ts'
import { appRouter } from './router.ts'

export interface PlinthOptions {
  config: Config
  /** Serves the web app; absent where the server beside which Plinth is registered has a page of its own. */
  page?: FastifyPluginAsync
}

export const plinth: FastifyPluginAsync<PlinthOptions> = async (app, { config, page }) => {
  await app.register(configPlugin, { config })
  await app.register(errorsPlugin)
  await app.register(accessLogPlugin)
  await app.register(helmet, securityHeaders(config))
  if (!app.hasRequestDecorator('cookies')) await app.register(cookie)
  await app.register(originsPlugin)
  await app.register(databasePlugin)
  await app.register(noticesPlugin)
  await app.register(identityPlugin)
  await app.register(livePlugin)

  await app.register(healthPlugin)
  await app.register(async (doors) => {
    doors.addHook('onRequest', answerCrossOrigin(config))
    doors.addHook('onRequest', async () => {
      if (!app.database.migrated) throw new AppError('DATABASE_UNAVAILABLE')
    })
    await doors.register(signInRoutes)
    await doors.register(trpcPlugin, { prefix: trpcPath, router: appRouter, createContext })
    doors.get('/me', (request, reply) => {
      reply.header('cache-control', 'no-store')
      return appRouter.createCaller(createContext(app, request, reply)).account.me()
    })
    // What is below these doors and leads nowhere is ours too, preflights among it; tRPC's door sees to its own.
    for (const prefix of ['/auth', '/me']) {
      await doors.register(async (nowhere) => void nowhere.setNotFoundHandler(answerNotFound), { prefix })
    }
  })
  if (page) await app.register(page)
}

/** For the server that Plinth is registered in: what no plugin can set. A team's own server should set the same. */
export function serverOptions(config: Config): FastifyServerOptions {
  return {
    logger: logOptions(config),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => v7(),
    requestIdHeader: false,
    trustProxy: config.server.trustProxy.length > 0 ? config.server.trustProxy : false,
    requestTimeout: 30_000,
    handlerTimeout: 15_000,
    forceCloseConnections: true,
    frameworkErrors: answerError,
  }
}

function securityHeaders(config: Config) {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        // The component library sets sizes and colours as inline styles.
        styleSrc: ["'self'", "'unsafe-inline'"],
        // Avatars are where the provider keeps them.
        imgSrc: ["'self'", 'data:', 'https:'],
        connectSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'strict-origin-when-cross-origin' as const },
    strictTransportSecurity: config.server.https ? { maxAge: 31_536_000, includeSubDomains: true } : false,
    crossOriginEmbedderPolicy: false,
  }
}

export { type Config, ConfigError, readConfig } from './platform/config/config.ts'
