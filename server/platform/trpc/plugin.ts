/**
 * tRPC over HTTP, with the WebSocket door beside it. Registered with its prefix, in a scope of its own: it takes no body
 * but JSON and answers in tRPC's form whatever goes wrong, so that its clients can tell why.
 */
import type { AnyRouter } from '@trpc/server'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { AppError, toAppError } from '../errors/app-error.ts'
import { logFailure } from '../errors/plugin.ts'
import { bodyText, countUnreadable } from '../rest/json-body.ts'
import type { Access } from '../rest/rest-route.ts'
import { adapterHandler, type HttpCalls } from './adapter-handler.ts'
import { leanHandler } from './lean-handler.ts'
import type { CallingSocket } from './socket-calls.ts'
import { jsonRpcServerError, registerSocket } from './socket-routes.ts'
import { registerStreams } from './stream-routes.ts'

export const trpcPath = '/trpc'
const maxBatchSize = 20
const maxBodyBytes = 1024 * 1024

export interface TrpcOptions {
  router: AnyRouter
  /** `reply` is null for a socket, whose context is made once and outlives any sign-in. */
  createContext: (
    app: FastifyInstance,
    request: FastifyRequest,
    reply: FastifyReply | null,
    calls?: number,
    socket?: CallingSocket,
  ) => object
  /** How long the reader of a stream may take nothing before it counts as gone. */
  stalledMs?: number
}

export const trpcPlugin: FastifyPluginAsync<TrpcOptions> = async (app, options) => {
  prepareDoor(app)
  await registerSocket(app, options)
  const calls = httpCalls(app, options)
  const adapter = adapterHandler(calls)
  const answer = leanHandler(calls, adapter)
  registerStreams(app, calls, adapter, options.stalledMs)
  // A wildcard, for Fastify cuts named parameters at 100 characters, and the names of a batch are longer.
  app.all('/*', { config: { credentialInBody: ofCredentialProcedure(options.router) } }, (request, reply) =>
    answer(request, reply, pathOf(request)),
  )
}

const pathOf = ({ params }: FastifyRequest) => (params as { '*': string })['*']

/** Only for a single call: a batch has one budget, and its other calls have no such credential. */
function ofCredentialProcedure({ _def }: AnyRouter): (request: FastifyRequest) => boolean {
  const procedures = Object.entries(_def.procedures as Record<string, { _def: { meta?: { access?: Access } } }>)
  const names = new Set(procedures.flatMap(([name, { _def }]) => (_def.meta?.access === 'credential' ? [name] : [])))
  return (request) => names.has(pathOf(request))
}

/** What holds for all of a scope, before any of its calls. */
export function prepareDoor(app: FastifyInstance): void {
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((request, reply) => answerError(new AppError('NOT_FOUND'), request, reply))
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store')
    done()
  })
  // JSON alone: forms and text are sent across origins without a preflight, so they must never count as a call. As text,
  // for tRPC parses by itself.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: maxBodyBytes },
    (request, body, done) => {
      const text = bodyText(body as Buffer)
      if (text instanceof AppError) void countUnreadable(request, app, text).then((error) => done(error, undefined))
      else done(null, text)
    },
  )
}

export function httpCalls(app: FastifyInstance, { router, createContext }: TrpcOptions): HttpCalls {
  return {
    router,
    maxBatchSize,
    createContext: (request, reply, calls) => createContext(app, request, reply, calls),
    onError: ({ error, req }) => logFailure(req, toAppError(error), error),
    headersOf(errors): Record<string, string> {
      const waits = errors.map((error) => toAppError(error).retryAfterS ?? 0)
      return waits.some((s) => s > 0) ? { 'retry-after': String(Math.max(...waits)) } : {}
    },
  }
}

/** What is refused before tRPC sees it. */
function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const appError = toAppError(error)
  logFailure(request, appError, error)
  reply.header('cache-control', 'no-store')
  if (appError.retryAfterS) reply.header('retry-after', appError.retryAfterS)
  const { code, message, ...more } = appError.body
  const { status: httpStatus, retryAfterS } = appError
  const data = { code, httpStatus, ...more, retryAfterS, requestId: request.id }
  return reply.code(appError.status).send({ error: { code: jsonRpcServerError, message, data } })
}
