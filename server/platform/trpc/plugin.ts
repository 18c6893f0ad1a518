/**
 * tRPC over HTTP, with the WebSocket door beside it. Registered with its prefix, in a scope of its own: it takes no body
 * but JSON and answers in tRPC's form whatever goes wrong, so that its clients can tell why.
 */
import type { AnyRouter } from '@trpc/server'
import { fastifyRequestHandler } from '@trpc/server/adapters/fastify'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { AppError, toAppError } from '../errors/app-error.ts'
import { logFailure } from '../errors/plugin.ts'
import { registerSocket } from './socket-routes.ts'
import { registerStreams } from './stream-routes.ts'

export const trpcPath = '/trpc'
const maxBatchSize = 20
const maxBodyBytes = 1024 * 1024
/** The generic code of JSON-RPC 2.0, which tRPC's wire borrows; `data.code` is the one that says something. */
const jsonRpcServerError = -32000

export interface TrpcOptions {
  router: AnyRouter
  /** `reply` is null for a socket, whose context is made once and outlives any sign-in. */
  createContext: (app: FastifyInstance, request: FastifyRequest, reply: FastifyReply | null) => object
}

export const trpcPlugin: FastifyPluginAsync<TrpcOptions> = async (app, { router, createContext }) => {
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((request, reply) => answerError(new AppError('NOT_FOUND'), request, reply))
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  // JSON alone: forms and text are sent across origins without a preflight, so they must never count as a call. As text,
  // for tRPC parses by itself.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit: maxBodyBytes }, (_request, body, done) =>
    done(null, body),
  )

  await registerSocket(app, { router, createContext })

  const answer = async (request: FastifyRequest, reply: FastifyReply, path: string) => {
    await fastifyRequestHandler({
      router,
      path,
      req: request,
      res: reply,
      createContext: () => createContext(app, request, reply),
      maxBatchSize,
      onError: ({ error }) => logFailure(request.log, toAppError(error), error),
      responseMeta: ({ errors }) => {
        const waits = errors.map((error) => toAppError(error).retryAfterS ?? 0)
        return waits.some((s) => s > 0) ? { headers: { 'retry-after': String(Math.max(...waits)) } } : {}
      },
    })
  }
  registerStreams(app, router, answer)
  // A wildcard, for Fastify cuts named parameters at 100 characters, and the names of a batch are longer.
  app.all('/*', (request, reply) => answer(request, reply, (request.params as { '*': string })['*']))
}

/** What is refused before tRPC sees it. */
function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const appError = toAppError(error)
  logFailure(request.log, appError, error)
  reply.header('cache-control', 'no-store')
  if (appError.retryAfterS) reply.header('retry-after', appError.retryAfterS)
  const { code, message, details } = appError.body
  const data = { code, httpStatus: appError.status, details, requestId: request.id }
  return reply.code(appError.status).send({ error: { code: jsonRpcServerError, message, data } })
}
