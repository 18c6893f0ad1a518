/**
 * What one user may have the assistant write, for each answer is the operator's money: at once, in an hour and in a day, on all
 * instances together. Counted in the transaction that asks, so what is refused or rolled back does not count, and the rows of the counts
 * are locked to its commit: of a user's questions at once each sees the ones before.
 */
import { and, count, eq, gte, isNull, ne, sql } from 'drizzle-orm'
import type { Config } from '../../platform/config/config.ts'
import type { Database } from '../../platform/db/database.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { identities, users } from '../../platform/identity/table.ts'
import { keyedHash } from '../../platform/limits/keyed-hash.ts'
import { TableWindows } from '../../platform/limits/table-windows.ts'
import { secondsLeft } from '../../platform/limits/windows.ts'
import { answers } from './table.ts'

const hourMs = 3_600_000

export interface AnswerLimits {
  readonly atOnce: number
  readonly perHour: number
  readonly perDay: number
}

export class AnswerBudget {
  readonly #limits: AnswerLimits
  readonly #hashed: (key: string) => string

  constructor(config: Config, limits: AnswerLimits) {
    this.#limits = limits
    this.#hashed = keyedHash(config)
  }

  /**
   * `conversationId`: of the question, whose own answer is not among those at once. `staleAfterS`: an answer of which nobody has heard for
   * so long is written by nobody.
   * @throws AppError PROOF_NEEDED, TOO_MANY_ANSWERS, RATE_LIMITED
   */
  async spend(tx: Database, { id }: Actor, conversationId: string, staleAfterS: number): Promise<void> {
    if (!(await isProven(tx, id))) throw new AppError('PROOF_NEEDED')
    for (const [lengthMs, limit] of [
      [hourMs, this.#limits.perHour],
      [24 * hourMs, this.#limits.perDay],
    ] as const) {
      const windows = new TableWindows(tx, lengthMs, this.#hashed)
      const added = await windows.add(`answers ${lengthMs} person ${id}`)
      if (added.points > limit) throw new AppError('RATE_LIMITED', { retryAfterS: secondsLeft(added) })
    }
    const [underWay] = await tx
      .select({ number: count() })
      .from(answers)
      .where(
        and(
          eq(answers.userId, id),
          ne(answers.conversationId, conversationId),
          isNull(answers.failure),
          gte(answers.beatAt, sql`now() - make_interval(secs => ${staleAfterS})`),
        ),
      )
    if ((underWay?.number ?? 0) >= this.#limits.atOnce) throw new AppError('TOO_MANY_ANSWERS')
  }
}

/** Anybody makes accounts with addresses that are not theirs. One that an issuer has vouched for is somebody's. */
async function isProven(tx: Database, id: string): Promise<boolean> {
  const [user] = await tx.select({ emailVerified: users.emailVerified }).from(users).where(eq(users.id, id))
  if (user?.emailVerified) return true
  const [vouched] = await tx
    .select({ id: identities.id })
    .from(identities)
    .where(and(eq(identities.userId, id), ne(identities.provider, 'password')))
    .limit(1)
  return vouched !== undefined
}
