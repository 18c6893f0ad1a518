/**
 * The `handlerTimeout` of a route, for requests with a body. Fastify 5.12 clears its own timer when the body has been read, because `close` of the
 * request is emitted then (its pull requests 6725 and 7033). Can be deleted once Fastify is released with one of them.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from './app-error.ts'

/** A `preHandler` hook: the body has been read. */
export function limitHandlerTime({ routeOptions, body }: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const { handlerTimeout } = routeOptions
  if (body !== undefined && handlerTimeout) {
    const timer = setTimeout(() => {
      if (!reply.sent && !reply.raw.headersSent) reply.send(new AppError('SERVER_BUSY'))
    }, handlerTimeout)
    reply.raw.once('close', () => clearTimeout(timer))
  }
  done()
}
