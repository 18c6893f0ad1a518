/** Which failures of a database are the caller's, which pass, and which say that the database is away. */
import type { ErrorCode } from '../../../shared/errors.ts'

/** Values that no column takes: bad text for the type, bad encoding, numbers and dates out of range. */
const badValue = new Set(['22P02', '22P05', '22021', '22003', '22007', '22008', '22023'])
const away = new Set([
  // postgres.js
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  // the socket
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  // admin shutdown, crash shutdown, starting up, idle in transaction, too many connections
  '57P01',
  '57P02',
  '57P03',
  '57P05',
  '25P03',
  '53300',
  // wrong password, unknown role or database: the operator's to mend, and no caller's business
  '28000',
  '28P01',
  '3D000',
  // disk full, read-only standby
  '53100',
  '25006',
])
/** Statement and lock timeouts, and what is left of 40001 and 40P01 after the retries. */
const busy = new Set(['57014', '55P03', '40001', '40P01'])

/** Null when `error` itself is not a known database failure; causes are the caller's to walk. */
export function databaseFault(error: Error): ErrorCode | null {
  const code = sqlState(error)
  if (code === null) return null
  if (away.has(code) || code.startsWith('08')) return 'DATABASE_UNAVAILABLE'
  if (busy.has(code)) return 'SERVER_BUSY'
  if (badValue.has(code)) return 'VALIDATION_ERROR'
  return null
}

/** The name of the unique constraint that `error` or one of its causes broke, or null. */
export function brokenUnique(error: unknown): string | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (sqlState(cause) !== '23505') continue
    if ('constraint_name' in cause) return String(cause.constraint_name)
    if ('constraint' in cause) return String(cause.constraint)
  }
  return null
}

/** SQLSTATE, driver code or errno; both drivers put it in `code`. */
export function sqlState(error: Error): string | null {
  return 'code' in error && typeof error.code === 'string' ? error.code : null
}
