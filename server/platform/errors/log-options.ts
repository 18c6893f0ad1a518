/**
 * JSON lines with nothing in them that must not be kept: no query strings (they carry codes and states), no headers,
 * no parameters of statements, no e-mail addresses unless LOG_PII allows them.
 */
import { DrizzleQueryError } from 'drizzle-orm'
import type { FastifyRequest, FastifyServerOptions } from 'fastify'
import type { Config } from '../config/config.ts'

export function logOptions({ log }: Config): NonNullable<FastifyServerOptions['logger']> {
  return {
    level: log.level,
    base: { service: 'plinth', pid: process.pid },
    ...(!log.pii && { redact: { paths: ['email', '*.email'], censor: '[redacted]' } }),
    serializers: {
      req: (request: FastifyRequest) => ({ method: request.method, path: request.url?.split('?')[0] }),
      err: (error: unknown) => describeError(error),
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

const maxCauses = 8

function describeError(error: unknown, causesLeft = maxCauses): ErrorLine {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an Error', stack: '' }
  // Drizzle puts the parameters of the statement, so people's data and hashes, into message and stack, and what wraps
  // its error copies both.
  const failed = failedQuery(error)
  const cleared = (text: string, instead: string) => (failed ? text.replaceAll(failed.message, () => instead) : text)
  return {
    type: error.name,
    message: cleared(error.message, `Failed query: ${failed?.query}`),
    ...('code' in error && typeof error.code === 'string' && { code: error.code }),
    stack: cleared(error.stack ?? '', ''),
    ...(error.cause instanceof Error && causesLeft > 0 && { cause: describeError(error.cause, causesLeft - 1) }),
  }
}

function failedQuery(error: unknown): DrizzleQueryError | null {
  for (let cause = error, depth = 0; cause instanceof Error && depth < maxCauses; cause = cause.cause, depth++) {
    if (cause instanceof DrizzleQueryError) return cause
  }
  return null
}
