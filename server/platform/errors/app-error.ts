/** The one error that leaves a service on purpose, and the one function that turns anything thrown into it. */
import { TRPCError } from '@trpc/server'
import { ZodError } from 'zod'
import type { SessionEndReason } from '../../../shared/account.ts'
import { type ErrorBody, type ErrorCode, errorTable, type FieldFault } from '../../../shared/errors.ts'
import { databaseFault, isDiskFull } from '../db/faults.ts'

interface Options {
  message?: string
  details?: FieldFault[] | undefined
  /** Only for a caller who has presented a credential of the session. */
  endReason?: SessionEndReason | undefined
  retryAfterS?: number
  cause?: unknown
}

export class AppError extends Error {
  override name = 'AppError'
  readonly code: ErrorCode
  /** Always present with the message of VALIDATION_ERROR, which refers to them. */
  readonly details: FieldFault[] | undefined
  readonly endReason: SessionEndReason | undefined
  /** Seconds after which trying again makes sense; set for every 503. */
  readonly retryAfterS: number | undefined
  constructor(code: ErrorCode, { message, details, endReason, retryAfterS, cause }: Options = {}) {
    super(message ?? errorTable[code].message, { cause })
    this.code = code
    const refersToDetails = code === 'VALIDATION_ERROR' && message === undefined
    this.details = details ?? (refersToDetails ? unreadable(cause) : undefined)
    this.endReason = endReason
    this.retryAfterS = retryAfterS ?? (errorTable[code].status === 503 ? 2 : undefined)
  }

  get status(): number {
    return errorTable[this.code].status
  }

  /** What may leave the process. Text of a 500 is always the table's. */
  get body(): ErrorBody {
    const message = this.status === 500 ? errorTable[this.code].message : this.message
    const { code, details, endReason } = this
    return { code, message, ...(details && { details }), ...(endReason && { endReason }) }
  }
}

/** The message of a parser that cannot read a request, where no field is at fault. */
function unreadable(cause: unknown): FieldFault[] {
  const { code, cause: inner } = (cause instanceof Error ? cause : {}) as { code?: string; cause?: unknown }
  if (code === 'FST_ERR_BAD_URL') return whole('Must be an address in which each % begins two hexadecimal digits')
  // From Fastify's parser and, in a TRPCError, from tRPC's.
  if (code === 'FST_ERR_CTP_INVALID_JSON_BODY' || inner instanceof SyntaxError) {
    return whole('Must be JSON, without a key that names a prototype')
  }
  return whole('Cannot be read as it was sent')
}

const whole = (message: string): FieldFault[] => [{ field: '', message }]

/** Fastify's own failures, by status: its error codes are many, and its texts may name what we did not choose to show. */
const byStatus: Record<number, ErrorCode> = {
  400: 'VALIDATION_ERROR',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'REQUEST_TIMEOUT',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  503: 'SERVER_BUSY',
}

const byTrpcCode: Partial<Record<TRPCError['code'], ErrorCode>> = {
  BAD_REQUEST: 'VALIDATION_ERROR',
  PARSE_ERROR: 'VALIDATION_ERROR',
  UNPROCESSABLE_CONTENT: 'VALIDATION_ERROR',
  UNAUTHORIZED: 'UNAUTHENTICATED',
  FORBIDDEN: 'FORBIDDEN',
  NOT_FOUND: 'NOT_FOUND',
  METHOD_NOT_SUPPORTED: 'METHOD_NOT_ALLOWED',
  PAYLOAD_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
  UNSUPPORTED_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
}

const diskFull = {
  message: 'The database has no space left, so this was not stored. Please try again later.',
  retryAfterS: 10,
}

/** Never throws. What it does not know is `INTERNAL_ERROR` with the original as `cause`. */
export function toAppError(thrown: unknown): AppError {
  // Fastify's. A request that breaks off while it is read has the same errno as a database that does.
  const status = thrown instanceof Error && 'statusCode' in thrown ? Number(thrown.statusCode) : null
  for (let error = thrown, depth = 0; error instanceof Error && depth < 8; error = error.cause, depth++) {
    if (error instanceof AppError) return error
    const fault = status === null ? databaseFault(error) : null
    if (fault) return new AppError(fault, { ...(isDiskFull(error) && diskFull), cause: thrown })
  }
  if (thrown instanceof TRPCError) {
    // Only what came in: an output that does not fit its schema is our fault, and no caller's.
    const details =
      thrown.code === 'BAD_REQUEST' && thrown.cause instanceof ZodError ? fieldFaults(thrown.cause) : undefined
    return new AppError(byTrpcCode[thrown.code] ?? 'INTERNAL_ERROR', { details, cause: thrown })
  }
  const callersFault = status !== null && status >= 400 && status < 500
  return new AppError(byStatus[status ?? 500] ?? (callersFault ? 'VALIDATION_ERROR' : 'INTERNAL_ERROR'), {
    cause: thrown,
  })
}

function fieldFaults(error: ZodError): FieldFault[] {
  return error.issues.map(({ path, message }) => ({ field: path.map(String).join('.'), message }))
}
