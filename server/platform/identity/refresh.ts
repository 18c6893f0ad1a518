/**
 * From a refresh token to the next one. A token is worth something while it is the session's newest; the one before is taken for
 * a little while, because answers are lost and tabs ask at once, and is answered with the same newest one, so that all converge. Any
 * older one is a copy in a second pair of hands (RFC 9700 section 4.14.2): the session ends for both. Time is the database's.
 */
import { eq, sql } from 'drizzle-orm'
import type { TokenPair } from '../../../shared/auth.ts'
import { type Origin, recordAudit } from '../audit/audit-log.ts'
import type { Config } from '../config/config.ts'
import type { Database } from '../db/database.ts'
import { withTransaction } from '../db/transaction.ts'
import { AppError } from '../errors/app-error.ts'
import type { AccessTokens } from './access-token.ts'
import { deviceName } from './device-name.ts'
import { mailToOwner } from './people.ts'
import { makeRefreshToken, type RefreshClaims } from './refresh-token.ts'
import { endReasonOf, type Sessions } from './sessions.ts'
import { sessions as table, users } from './table.ts'

/** Tabs that asked at the same moment. */
const togetherS = 10
/** An answer that was lost, as long as nothing shows that it arrived. */
const lostAnswerS = 60

interface Parts {
  readonly config: Config
  readonly sessions: Sessions
  readonly accessTokens: AccessTokens
}

/**
 * In a transaction of its own, for the end of a stolen session is to be kept though the call fails.
 * @throws AppError SESSION_ENDED; REFRESH_REUSED, and then the session is over
 */
export async function refreshTokens(
  parts: Parts,
  db: Database,
  claims: RefreshClaims,
  from: Origin,
): Promise<TokenPair> {
  const { config, sessions, accessTokens } = parts
  const { sessionId } = claims
  const entry = { ...from, action: 'auth.refresh', target: `session:${sessionId}` }
  const outcome = await withTransaction(db, async (tx) => {
    const row = await lockSession(tx, sessions, sessionId)
    if (!row) return { endReason: undefined }
    const { alive, user, session, nowMs } = row
    if (!alive || !user.isActive) return { endReason: endReasonOf({ ...session, isActive: user.isActive }) }
    const counter = counterAfter(claims, row)
    if (counter === null) {
      await sessions.endById(tx, sessionId, 'stolen')
      const device = deviceName(session.userAgent)
      await mailToOwner(tx, user, 'session-stolen', { name: user.displayName, device })
      const after = { reason: 'stolen', counter: claims.counter, newest: session.refreshCounter }
      await recordAudit(tx, {
        ...from,
        actorId: user.id,
        action: 'auth.refresh',
        target: `session:${sessionId}`,
        after,
      })
      return 'stolen'
    }
    if (counter !== session.refreshCounter) {
      await tx
        .update(table)
        .set({
          refreshCounter: counter,
          refreshRotatedAt: sql`clock_timestamp()`,
          refreshSeen: sql`greatest(${table.refreshSeen}, ${claims.counter})`,
          lastUsedAt: sql`now()`,
        })
        .where(eq(table.id, sessionId))
      await recordAudit(tx, { ...entry, actorId: user.id, after: { refreshCounter: counter } })
    }
    return {
      accessToken: await accessTokens.sign(user, { id: sessionId, refreshCounter: counter }, nowMs / 1000),
      refreshToken: makeRefreshToken(config, { sessionId, counter }),
    }
  })
  if (outcome !== 'stolen') {
    if ('endReason' in outcome) throw new AppError('SESSION_ENDED', outcome)
    return outcome
  }
  sessions.announceEnded([sessionId], 'stolen')
  throw new AppError('REFRESH_REUSED', { endReason: 'stolen' })
}

type Locked = NonNullable<Awaited<ReturnType<typeof lockSession>>>

/** The counter of the token that answers this one; null when it is too old for any. */
function counterAfter({ counter }: RefreshClaims, { session, rotatedAgoS }: Locked): number | null {
  const newest = session.refreshCounter
  // Ahead, the database is one of before, restored: we made the token, and it is newer than any that the row knows.
  if (counter >= newest) return counter + 1
  const successorIsUnused = session.refreshSeen < newest
  const isForgiven = rotatedAgoS <= togetherS || (successorIsUnused && rotatedAgoS <= lostAnswerS)
  return counter === newest - 1 && isForgiven ? newest : null
}

/** A session with its person. Those that ask at once take turns. By the clock, and not by the beginning of a transaction that may have waited. */
export async function lockSession(tx: Database, sessions: Sessions, sessionId: string) {
  const [row] = await tx
    .select({
      session: table,
      user: users,
      alive: sql<boolean>`${sessions.alive}`,
      rotatedAgoS: sql<number>`extract(epoch from clock_timestamp() - ${table.refreshRotatedAt})::float8`,
      nowMs: sql<number>`(extract(epoch from now()) * 1000)::float8`,
    })
    .from(table)
    .innerJoin(users, eq(users.id, table.userId))
    .where(eq(table.id, sessionId))
    .for('update', { of: table })
  return row
}
