/** What is wrong with the plan of a list: what it reads, sorts or filters grows with a table, and not with the page. */

/** Of `explain (analyze, format json)`. */
export interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: Plan[]
}

/** Hold a row for each kind of thing, or each server, whatever is written. */
const small = new Set(['alert_counts', 'drift_counts', 'drift_days', 'presence_servers', 'presence_leases'])
/** Of a table, from which on Postgres has a reason not to read all of it. */
const leastRows = 2000

/**
 * Of a page with `limit` rows. `rowsOf`: how many are in each table. `mostRead`: of one table; more than the page by default, because the
 * second page comes after the first, and of what is common some may be passed over.
 */
export function faultsOf(
  plan: Plan,
  limit: number,
  rowsOf: ReadonlyMap<string, number>,
  mostRead = 5 * limit,
): string[] {
  const { 'Node Type': node, 'Relation Name': table, Plans: inner = [] } = plan
  const faults = inner.flatMap((one) => faultsOf(one, limit, rowsOf, mostRead))
  if (table !== undefined && !small.has(table)) {
    if ((rowsOf.get(table) ?? 0) < leastRows) faults.push(`${table} is not filled, so its plan shows nothing`)
    if (node === 'Seq Scan') faults.push(`goes through all of ${table}`)
    const passed = (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0)
    const read = (plan['Actual Rows'] + passed) * plan['Actual Loops']
    if (read > mostRead) faults.push(`reads ${read} rows of ${table} for a page of ${limit}`)
  }
  if (/Sort$/.test(node)) {
    const sorted = inner.reduce((sum, one) => sum + one['Actual Rows'] * one['Actual Loops'], 0)
    if (sorted > limit + 1) faults.push(`sorts ${sorted} rows for a page of ${limit}`)
  }
  return faults
}
