/**
 * tRPC at /trpc over HTTP and WebSocket, in a scope of its own: tRPC's adapter takes the body parsers of whatever
 * instance it is given. Here are its limits, and what it does not check by itself: media type, credential of a socket,
 * and that a socket ends with its session.
 */
import websocket from '@fastify/websocket'
import type { AnyRouter } from '@trpc/server'
import { type FastifyTRPCPluginOptions, fastifyTRPCPlugin } from '@trpc/server/adapters/fastify'
import { getWSConnectionHandler, handleKeepAlive } from '@trpc/server/adapters/ws'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { SessionEndReason } from '../../../shared/account.ts'
import { AppError, toAppError } from '../errors/app-error.ts'
import { logFailure } from '../errors/plugin.ts'
import { type Resolution, resolveCredential } from '../identity/credential.ts'

export const trpcPath = '/trpc'
const maxBatchSize = 20
const maxFrameBytes = 128 * 1024
const maxBodyBytes = 1024 * 1024
/** The credential is missing, bad or over. A browser sees the close code, and would never see a refused upgrade's status. */
const closeUnauthenticated = 4401
const closeRestarting = 1012
/** The generic code of JSON-RPC 2.0, which tRPC's wire borrows; `data.code` is the one that says something. */
const jsonRpcServerError = -32000
/** So that a page's `onSessionEnded` arrives before the end of the socket that carries it. */
const lastWordsMs = 250

type CreateContext = (app: FastifyInstance, request: FastifyRequest, reply: FastifyReply | null) => object

export const trpcPlugin: FastifyPluginAsync<{ router: AnyRouter; createContext: CreateContext }> = async (
  app,
  { router, createContext },
) => {
  const onError = ({ error, ctx }: { error: unknown; ctx?: unknown }) => {
    const log = (ctx as { log?: FastifyInstance['log'] } | undefined)?.log ?? app.log
    logFailure(log, toAppError(error), error)
  }

  await app.register(
    async (scope) => {
      scope.addHook('onRequest', async (request, reply) => {
        reply.header('cache-control', 'no-store')
        // Before any parser: a form or text post needs no preflight, so it must never count as a call.
        const mediaType = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
        if (request.method === 'POST' && mediaType !== 'application/json') throw new AppError('UNSUPPORTED_MEDIA_TYPE')
      })
      // What is refused before tRPC sees it leaves in tRPC's form, so that its clients can tell why.
      scope.setErrorHandler((error, request, reply) => {
        const appError = toAppError(error)
        logFailure(request.log, appError, error)
        if (appError.retryAfterS) reply.header('retry-after', appError.retryAfterS)
        const { code, message, details } = appError.body
        const data = { code, httpStatus: appError.status, details, requestId: request.id }
        return reply.code(appError.status).send({ error: { code: jsonRpcServerError, message, data } })
      })
      await scope.register(fastifyTRPCPlugin, {
        trpcOptions: {
          router,
          createContext: ({ req, res }) => createContext(app, req, res),
          maxBatchSize,
          onError,
          responseMeta: ({ errors }) => {
            const waits = errors.map((error) => toAppError(error).retryAfterS ?? 0)
            return waits.some((s) => s > 0) ? { headers: { 'retry-after': String(Math.max(...waits)) } } : {}
          },
        } satisfies FastifyTRPCPluginOptions<AnyRouter>['trpcOptions'],
      })
    },
    { prefix: trpcPath, bodyLimit: maxBodyBytes },
  )

  // A team's own server may have it already; upgrades of one HTTP server have one owner.
  if (!app.hasDecorator('websocketServer')) {
    await app.register(websocket, {
      options: { maxPayload: maxFrameBytes },
      errorHandler: (err, socket, request) => {
        request.log.info({ err }, 'socket failed')
        socket.terminate()
      },
      preClose(done) {
        for (const socket of this.websocketServer.clients) socket.close(closeRestarting)
        this.websocketServer.close(() => {})
        done()
      },
    })
  }

  const resolutions = new WeakMap<FastifyRequest, Resolution>()
  app.get(
    trpcPath,
    {
      websocket: true,
      // Before the upgrade, so that a database that is away refuses with a 503 and not with a lost sign-in.
      preValidation: async (request) => {
        if (!request.ws) return
        resolutions.set(request, await resolveCredential(request.headers, app.config, app.sessions))
      },
    },
    (socket, request) => {
      const resolution = resolutions.get(request)
      if (resolution?.kind !== 'signed-in') return socket.close(closeUnauthenticated, 'sign in first')
      let lastWords: NodeJS.Timeout | undefined
      const unwatch = app.sessions.watch.watch(resolution.actor.sessionId, (reason: SessionEndReason) => {
        lastWords = setTimeout(() => socket.close(closeUnauthenticated, reason), lastWordsMs)
      })
      socket.once('close', () => {
        unwatch()
        clearTimeout(lastWords)
      })
      handleKeepAlive(socket, 30_000, 10_000)
      const serve = getWSConnectionHandler({
        wss: app.websocketServer,
        router,
        createContext: () => createContext(app, request, null),
        maxBatchSize,
        onError,
      })
      serve(socket, request.raw)
    },
  )
}
