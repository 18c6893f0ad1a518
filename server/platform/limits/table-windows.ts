/**
 * Windows that all instances share through the database, for what is counted seldom. One statement, which Postgres runs for
 * one key after the other: where two meet at a row, the second waits for the first to commit and counts on from what it
 * left. By the clock of the database, which all instances share too. Outside every transaction, which might roll
 * the count back, and would hold the row, and so all other attempts, up to its end.
 */
import { eq, lt, sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { rowsOf } from '../db/rows.ts'
import { rateLimits } from './table.ts'
import type { Count, Windows } from './windows.ts'

/** `now()` would be when the transaction began, which for a statement that has waited is before its row was written. */
const nowMs = sql`(extract(epoch from clock_timestamp()) * 1000)::bigint`

export class TableWindows implements Windows {
  readonly lengthMs: number
  readonly #db: Database
  readonly #hashed: (key: string) => string

  constructor(db: Database, lengthMs: number, hashed: (key: string) => string) {
    this.lengthMs = lengthMs
    this.#db = db
    this.#hashed = hashed
  }

  async add(key: string, points = 1): Promise<Count> {
    const isOver = sql`${rateLimits}.expire <= ${nowMs}`
    const counted = await this.#db.execute(sql`
      insert into ${rateLimits} (key, points, expire) values (${this.#hashed(key)}, ${points}, ${nowMs} + ${this.lengthMs})
      on conflict (key) do update set
        points = case when ${isOver} then excluded.points else ${rateLimits}.points + excluded.points end,
        expire = case when ${isOver} then excluded.expire else ${rateLimits}.expire end
      returning points, (expire - ${nowMs})::float8 as "endsInMs"`)
    return rowsOf<Count>(counted)[0] as Count
  }

  async giveBack(key: string): Promise<void> {
    await this.#db
      .update(rateLimits)
      .set({ points: sql`greatest(${rateLimits.points} - 1, 0)` })
      .where(eq(rateLimits.key, this.#hashed(key)))
  }

  async forget(key: string): Promise<void> {
    await this.#db.delete(rateLimits).where(eq(rateLimits.key, this.#hashed(key)))
  }
}

/** Windows that are over. */
export async function deleteOldWindows(db: Database): Promise<void> {
  await db.delete(rateLimits).where(lt(rateLimits.expire, nowMs))
}
