/** Failures as the server's table names them, plus the one that no server can send. */
import { isTRPCClientError } from '@trpc/client'
import type { SessionEndReason } from '../shared/account.ts'
import { errorTable } from '../shared/error-table.ts'
import type { ErrorBody, ErrorCode, FieldFault } from '../shared/errors.ts'

/** `NETWORK_ERROR`: no answer came, so whether the call took effect is not known. */
export type PlinthErrorCode = ErrorCode | 'NETWORK_ERROR'

export class PlinthError extends Error {
  override name = 'PlinthError'
  readonly code: PlinthErrorCode
  readonly details: FieldFault[]
  /** Names the request in the server's logs; null when no answer came. */
  readonly requestId: string | null
  /** Seconds after which trying again makes sense; null where the server did not say. */
  readonly retryAfterS: number | null
  /** Why the session ended; null where the server returned no reason, because it does not know the credential. */
  readonly endReason: SessionEndReason | null
  constructor(
    code: PlinthErrorCode,
    message: string,
    details: FieldFault[] = [],
    requestId: string | null = null,
    retryAfterS: number | null = null,
    endReason: SessionEndReason | null = null,
  ) {
    super(message)
    this.code = code
    this.details = details
    this.requestId = requestId
    this.retryAfterS = retryAfterS
    this.endReason = endReason
  }

  /** From a plain (not tRPC) answer: `{error:{code,message},requestId}`. */
  static async fromResponse(answer: Response): Promise<PlinthError> {
    type Body = { error?: Partial<ErrorBody>; requestId?: string } | null
    const body = (await answer.json().catch(() => null)) as Body
    const { code, message, details, endReason } = body?.error ?? {}
    return isErrorCode(code)
      ? new PlinthError(code, message ?? messageFor(code), details, body?.requestId ?? null, null, endReason)
      : networkError()
  }
}

/** By the table itself rather than by a schema: so a page need not load Zod to tell what went wrong. */
export const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(errorTable, code)

interface ErrorData {
  code?: unknown
  endReason?: SessionEndReason
  details?: FieldFault[]
  requestId?: string
  retryAfterS?: number
}

/** From the data of a tRPC error. */
export const fromData = (code: ErrorCode, message: string, { details, requestId, retryAfterS, endReason }: ErrorData) =>
  new PlinthError(code, message, details, requestId ?? null, retryAfterS ?? null, endReason ?? null)

/** Whatever a call of this client threw, as a PlinthError. */
export function toPlinthError(error: unknown): PlinthError {
  if (error instanceof PlinthError) return error
  if (isTRPCClientError(error)) {
    const data = error.data as ErrorData | null | undefined
    if (isErrorCode(data?.code)) return fromData(data.code, error.message, data)
    if (error.cause instanceof PlinthError) return error.cause
  }
  return networkError()
}

/** The code alone, for a `switch`. */
export const errorCode = (error: unknown): PlinthErrorCode => toPlinthError(error).code

/** Trying again soon may well work, and nobody has been told no. */
export const isPassing = (code: PlinthErrorCode): boolean =>
  code === 'NETWORK_ERROR' || code === 'DATABASE_UNAVAILABLE' || code === 'SERVER_BUSY'

/** By a code that came without text, such as in the address of a failed sign-in. */
export const messageFor = (code: ErrorCode): string => errorTable[code].message

export const networkError = () =>
  new PlinthError(
    'NETWORK_ERROR',
    'The server cannot be reached. Check your connection; what you entered is still here.',
  )
