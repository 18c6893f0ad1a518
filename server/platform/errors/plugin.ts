/**
 * Failures of plain routes leave as `{error:{code,message,details?},requestId}`, below `/api` in the envelope of its answers, with
 * the request named in every one.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AppError, toAppError } from './app-error.ts'
import { limitHandlerTime } from './handler-timeout.ts'
import { RefusalLog } from './refusal-log.ts'

declare module 'fastify' {
  interface FastifyInstance {
    refusals: RefusalLog
  }
}

export const errorsPlugin = fp(
  async (app) => {
    app.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id)
      done()
    })
    app.addHook('preHandler', limitHandlerTime)
    app.setErrorHandler(answerError)
    app.decorate('refusals', new RefusalLog())
  },
  { name: 'plinth-errors', fastify: '5.x' },
)

export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const appError = toAppError(error)
  logFailure(request, appError, error)
  if (appError.retryAfterS) reply.header('retry-after', appError.retryAfterS)
  return reply
    .code(appError.status)
    .send(
      isEnveloped(request)
        ? { success: false, error: appError.body, meta: { timestamp: new Date().toISOString(), requestId: request.id } }
        : { error: appError.body, requestId: request.id },
    )
}

/** What is below `/api`, there or not: its clients look for `success` first. */
export const isEnvelopedPath = (path: string) => /^\/api([/?]|$)/.test(path)
export const isEnveloped = ({ url }: FastifyRequest) => isEnvelopedPath(url)

export function answerNotFound(request: FastifyRequest, reply: FastifyReply) {
  return answerError(new AppError('NOT_FOUND'), request, reply)
}

/** How often the log says of one code that the surroundings fail. */
const warnEveryMs = 1000
/** Of each server, when it last warned of a code, and how many lines were left out since. */
const warned = new WeakMap<object, Map<string, { atMs: number; leftOut: number }>>()

/**
 * Ours at `error`; the surroundings' at `warn`, of each code once a second, for while a database is away every request fails alike;
 * the caller's own faults are in the access log already, and refusals with 403 have a line of their own.
 */
export function logFailure({ log, server, routeOptions }: FastifyRequest, error: AppError, err: unknown) {
  const { status, code } = error
  if (status === 500) return log.error({ err }, 'request failed')
  if (status === 403) return server.refusals.add(log, error, { userId: null, asked: routeOptions.url ?? 'none' })
  if (status < 500) return
  const last = warnedOf(server).get(code)
  const nowMs = performance.now()
  if (last && nowMs - last.atMs < warnEveryMs) return void last.leftOut++
  warnedOf(server).set(code, { atMs: nowMs, leftOut: 0 })
  log.warn({ err, code, ...(last?.leftOut && { leftOut: last.leftOut }) }, 'request failed')
}

function warnedOf({ server }: FastifyInstance) {
  const codes = warned.get(server) ?? new Map()
  warned.set(server, codes)
  return codes
}
