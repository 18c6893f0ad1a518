/** Which failures of a database are the caller's, which pass, and which say that the database is away. */
import type { ErrorCode } from '../../../shared/errors.ts'

/** A transaction whose task went on after a statement had failed: nothing of it is stored. `cause` is that failure. */
export class RolledBack extends Error {
  constructor(cause: unknown) {
    super('the transaction was rolled back, for a statement of it had failed', { cause })
  }
}

/** True when Postgres refused a statement because an earlier one of its transaction had failed. */
export function isTransactionAborted(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (sqlState(cause) === '25P02') return true
  return false
}

/** Values that no column takes: bad text for the type, bad encoding, numbers and dates out of range. */
const badValue = new Set(['22P02', '22P05', '22021', '22003', '22007', '22008', '22023'])
/** Of the socket: the connection is gone, or could not be had. */
const lost = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'EPROTO',
  'ETIMEDOUT',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])
/** Postgres says that it cannot serve, whatever the question. */
const away = new Set([
  // admin shutdown, crash shutdown, starting up, database dropped, idle session, idle in transaction
  '57P01',
  '57P02',
  '57P03',
  '57P04',
  '57P05',
  '25P03',
  // too many connections, out of memory, disk or shared memory full, input or output error, read-only standby
  '53300',
  '53200',
  '53100',
  '58030',
  '25006',
  // wrong password, unknown role or database: the operator's to mend, and no caller's business
  '28000',
  '28P01',
  '3D000',
])
/** Statement and lock timeouts, and what is left of 40001 and 40P01 after the retries. */
const busy = new Set(['57014', '55P03', '40001', '40P01'])

/** Null when `error` itself is not a known database failure; causes are the caller's to walk. */
export function databaseFault(error: Error): ErrorCode | null {
  const code = sqlState(error)
  if (code === null) return null
  if (lost.has(code) || away.has(code) || code.startsWith('08')) return 'DATABASE_UNAVAILABLE'
  if (busy.has(code)) return 'SERVER_BUSY'
  if (badValue.has(code)) return 'VALIDATION_ERROR'
  return null
}

/** True when `error` or one of its causes is a lock that was not granted within `lock_timeout`. */
export function isLockTimeout(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (sqlState(cause) === '55P03') return true
  return false
}

/** True when `error` or one of its causes is a full disk of the database, or its full shared memory. */
export function isDiskFull(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (sqlState(cause) === '53100') return true
  return false
}

/** The name of the unique constraint that `error` or one of its causes broke, or null. */
export function brokenUnique(error: unknown): string | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (sqlState(cause) !== '23505') continue
    // postgres.js and PGlite name the field differently.
    const { constraint_name: name = 'constraint' in cause ? cause.constraint : null } = cause as {
      constraint_name?: unknown
    }
    if (name) return String(name)
  }
  return null
}

/** SQLSTATE, driver code or errno; both drivers put it in `code`. */
export function sqlState(error: Error): string | null {
  return 'code' in error && typeof error.code === 'string' ? error.code : null
}
