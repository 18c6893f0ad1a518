/** What a found or borrowed session must not do: changes by which somebody would keep an account ask who it is once more. */
import { and, eq, gt, isNull, sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { AppError } from '../errors/app-error.ts'
import type { Actor } from './sessions.ts'
import { sessions } from './table.ts'

/** For so long after they have proven who they are. */
export const freshForS = 600

/** By the database, which no cache stands before. @throws AppError REAUTHENTICATION_REQUIRED after ten minutes, or once it was ended */
export async function requireFreshSignIn(db: Database, { sessionId }: Pick<Actor, 'sessionId'>): Promise<void> {
  const [fresh] = await db
    .select({ id: sessions.id })
    .from(sessions)
    .where(
      and(
        eq(sessions.id, sessionId),
        isNull(sessions.endedAt),
        gt(sessions.authenticatedAt, sql`now() - make_interval(secs => ${freshForS})`),
      ),
    )
  if (!fresh) throw new AppError('REAUTHENTICATION_REQUIRED')
}

/** They have proven who they are, just now. */
export async function noteAuthenticated(tx: Database, { sessionId }: Actor): Promise<void> {
  await tx.update(sessions).set({ authenticatedAt: sql`now()` }).where(eq(sessions.id, sessionId))
}
