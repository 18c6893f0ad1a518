/**
 * Failures of plain routes leave as `{error:{code,message,details?},requestId}`, below `/api` in the envelope of its answers, with
 * the request named in every one.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AppError, toAppError } from './app-error.ts'

export const errorsPlugin = fp(
  async (app) => {
    app.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id)
      done()
    })
    app.setErrorHandler(answerError)
  },
  { name: 'plinth-errors', fastify: '5.x' },
)

export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const appError = toAppError(error)
  logFailure(request.log, appError, error)
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

/** Ours at `error`, the surroundings' at `warn`; the caller's own faults are in the access log already. */
export function logFailure(log: FastifyInstance['log'], { status, code }: AppError, err: unknown) {
  if (status === 500) log.error({ err }, 'request failed')
  else if (status > 500) log.warn({ err, code }, 'request failed')
}
