/** Bodies of JSON, as text and as values. */
import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../errors/app-error.ts'
import { payerOf } from '../identity/credential.ts'
import { credentialOf } from '../identity/request-credential.ts'
import { callCounter } from '../limits/call-counter.ts'

/**
 * Counts a call whose body cannot be parsed, because no procedure runs that would count it: the parse costs as much as that of a valid body.
 * Resolves to the error. Never rejects.
 */
export function countUnreadable(request: FastifyRequest, app: FastifyInstance, error: Error): Promise<Error> {
  const counted = credentialOf(request, app).then((resolution) =>
    callCounter(app, request, null)(payerOf(resolution)).then(() => error),
  )
  return counted.catch((cause: Error) => cause)
}

/**
 * For a scope of routes. Forms and text are sent across origins without a preflight, so they must never count as a call; and keys
 * that reach for prototypes are refused (VALIDATION_ERROR). An empty body is `undefined`.
 */
export function acceptJsonAlone(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // Many clients name the type of a body that they do not send.
    if (body.length === 0) return done(null, undefined)
    const finish: typeof done = (error, value) => {
      if (error) void countUnreadable(request, app, error).then((error) => done(error, undefined))
      else done(null, value)
    }
    const text = bodyText(body as Buffer)
    if (text instanceof AppError) finish(text, undefined)
    else parse(request, text, finish)
  })
}

/** For a scope of routes without input: a body is neither buffered nor parsed, whatever its type. */
export function ignoreBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, body, done) => {
    body.resume()
    done(null)
  })
}

/**
 * What a body of JSON says, or why it says nothing. JSON is UTF-8 (RFC 8259 section 8.1), and a decoder puts U+FFFD for what is not:
 * something else than was sent would be stored, and two different names could become one.
 */
export function bodyText(body: Buffer): string | AppError {
  if (isUtf8(body)) return body.toString()
  return new AppError('VALIDATION_ERROR', { details: [{ field: '', message: 'Must be text in UTF-8' }] })
}
