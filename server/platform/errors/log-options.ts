/**
 * JSON lines with nothing in them that must not be kept: no query strings (they carry codes and states), no headers,
 * no parameters of statements, no e-mail addresses unless LOG_PII allows them.
 */
import type { FastifyRequest, FastifyServerOptions } from 'fastify'
import type { Config } from '../config/config.ts'

export function logOptions({ log }: Config): NonNullable<FastifyServerOptions['logger']> {
  return {
    level: log.level,
    base: { service: 'plinth', pid: process.pid },
    ...(!log.pii && { redact: { paths: ['email', '*.email'], censor: '[redacted]' } }),
    serializers: {
      req: (request: FastifyRequest) => ({ method: request.method, path: request.url?.split('?')[0] }),
      err: describeError,
    },
  }
}

interface ErrorLine {
  type: string
  message: string
  code?: string
  stack: string
  [key: string]: unknown
  cause?: ErrorLine
}

export function describeError(error: unknown): ErrorLine {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an Error', stack: '' }
  // Drizzle puts the parameters of the statement, so people's data and hashes, into message and stack.
  const holdsParameters = 'params' in error && 'query' in error
  return {
    type: error.name,
    message: holdsParameters ? `Failed query: ${String(error.query)}` : error.message,
    ...('code' in error && typeof error.code === 'string' && { code: error.code }),
    stack: (holdsParameters ? error.stack?.slice(error.stack.indexOf('\n    at ')) : error.stack) ?? '',
    ...(error.cause instanceof Error && { cause: describeError(error.cause) }),
  }
}
