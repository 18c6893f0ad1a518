/** Compares the counters of alerts and of who has read them with the rows that they count. */
import { sql } from 'drizzle-orm'
import { expect } from 'vitest'
import type { Database } from '../platform/db/database.ts'
import { rowsOf } from '../platform/db/rows.ts'

export async function expectCountersTrue(db: Database): Promise<void> {
  const wrong = await db.execute(sql`
    select severity as name, n, open, a.n_rows, a.open_rows from alert_counts
      full join (select severity, count(*) as n_rows, count(*) filter (where not is_settled) as open_rows from alerts group by severity) a
      using (severity)
      where (coalesce(n, 0), coalesce(open, 0)) is distinct from (coalesce(n_rows, 0), coalesce(open_rows, 0))
    union all
    select user_id::text, n, null, n_rows, null from alert_read_counts
      full join (
        select user_id, count(*) as n_rows from alert_reads join alerts on id = alert_id where not is_settled group by user_id
      ) r using (user_id)
      where coalesce(n, 0) <> coalesce(n_rows, 0)`)
  expect(rowsOf(wrong)).toEqual([])
}
