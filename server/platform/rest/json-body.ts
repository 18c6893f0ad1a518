/** Bodies of JSON, as text and as values. */
import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../errors/app-error.ts'

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
    const text = bodyText(body as Buffer)
    if (text instanceof AppError) done(text, undefined)
    else parse(request, text, done)
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
