/** Which failures of a database are the caller's, which pass, and which say that the database is away. */
import type { ErrorCode } from '../../../shared/errors.ts'

/** A transaction whose task went on after a statement had failed: nothing of it is stored. `cause` is that failure. */
export class RolledBack extends Error {
  constructor(cause: unknown) {
    super('the transaction was rolled back, for a statement of it had failed', { cause })
  }
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

const poolFull = 'timeout exceeded when trying to connect'
const unanswered = 'Query read timeout'
/** What node-postgres 8 says itself: it gives these no code. */
const ofDriver = new Map<string, ErrorCode>([
  [poolFull, 'SERVER_BUSY'],
  [unanswered, 'DATABASE_UNAVAILABLE'],
  ['timeout expired', 'DATABASE_UNAVAILABLE'],
  ['Connection terminated', 'DATABASE_UNAVAILABLE'],
  ['Connection terminated unexpectedly', 'DATABASE_UNAVAILABLE'],
  ['Connection terminated due to connection timeout', 'DATABASE_UNAVAILABLE'],
  ['Client has encountered a connection error and is not queryable', 'DATABASE_UNAVAILABLE'],
  ['Client was closed and is not queryable', 'DATABASE_UNAVAILABLE'],
  ['The server does not support SSL connections', 'DATABASE_UNAVAILABLE'],
  ['There was an error establishing an SSL connection', 'DATABASE_UNAVAILABLE'],
  ['Cannot use a pool after calling end on the pool', 'DATABASE_UNAVAILABLE'],
])

/** Null when `error` itself is not a known database failure; causes are the caller's to walk. */
export function databaseFault(error: Error): ErrorCode | null {
  const code = sqlState(error)
  if (code === null) return ofDriver.get(error.message) ?? null
  if (lost.has(code) || away.has(code) || code.startsWith('08')) return 'DATABASE_UNAVAILABLE'
  if (busy.has(code)) return 'SERVER_BUSY'
  if (badValue.has(code)) return 'VALIDATION_ERROR'
  return null
}

/** True when a statement had no answer in time; its connection would give it to the next one. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof Error && error.message === unanswered
}

/** True when a prepared statement no longer fits its tables, or is forgotten. It has not run then. */
export function isStale(error: unknown): boolean {
  return error instanceof Error && ['0A000', '26000'].includes(sqlState(error) ?? '')
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
    if ('constraint' in cause) return String(cause.constraint)
  }
  return null
}

/** SQLSTATE, driver code or errno; both drivers put it in `code`. */
export function sqlState(error: Error): string | null {
  return 'code' in error && typeof error.code === 'string' ? error.code : null
}
