/**
 * Rows that are deleted by age are lost, and a clock that jumps ahead makes all rows old. So retention has a clock of its own, in the
 * database: it follows the database's clock by at most half an hour for each check, and checks are some minutes apart, even with several
 * instances. While it is behind, nothing is deleted. It catches up with a day in which no server ran in about seven hours, and with a jump of ten
 * days in about three days; when the database's clock is corrected the wait ends at once.
 */
import { sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { rowsOf } from '../db/rows.ts'
import { retentionClock } from './table.ts'

/** More than the time between two checks. */
const toleratedS = 3600

const behindS = sql`extract(epoch from now() - ${retentionClock.at})::float8`

/** One check. Returns by how many seconds retention is behind the database's clock, 0 where that is too little to wait for. */
export async function moveRetentionClock(db: Database): Promise<number> {
  await db.execute(sql`
    insert into ${retentionClock} (id, at, seen_at) values (1, now(), now())
    on conflict (id) do update
    set at = least(now(), ${retentionClock.at} + interval '30 minutes'), seen_at = now()
    where now() < ${retentionClock.seenAt} or now() >= ${retentionClock.seenAt} + interval '4 minutes'`)
  const s = await readBehindS(db)
  return s !== null && s > toleratedS ? s : 0
}

/** Takes the first check itself: work that deletes may begin before the plugin's, and its next round is an hour away. */
export async function mayDelete(db: Database): Promise<boolean> {
  const s = (await readBehindS(db)) ?? (await moveRetentionClock(db))
  return s <= toleratedS
}

async function readBehindS(db: Database): Promise<number | null> {
  const [row] = rowsOf<{ s: number }>(await db.execute(sql`select ${behindS} as s from ${retentionClock}`))
  return row ? Number(row.s) : null
}
