/**
 * What a user sees of a list that changes: rows stay where they were first seen, also once they belong to another list, and new ones wait
 * in `arrived` until the user asks for them, so that nothing moves under a reader.
 */
export interface HeldRows<Row> {
  rows: readonly Row[]
  /** Not shown yet, in their order. */
  arrived: readonly Row[]
}

/**
 * `seen`: the ids of the rows that were shown, in that order; `find`: a row as it is now, undefined if it is not known any more. Further
 * pages come below what was seen, so they are shown at once, and so is everything while nothing was seen.
 */
export function holdRows<Row extends { id: string }>(
  inSight: readonly Row[],
  seen: readonly string[],
  find: (id: string) => Row | undefined,
  compare: (one: Row, other: Row) => number,
): HeldRows<Row> {
  const rows = seen.flatMap((id) => find(id) ?? [])
  const shown = new Set(seen)
  const arrived: Row[] = []
  let last: Row | undefined
  for (const row of rows) if (!last || compare(row, last) > 0) last = row
  for (const row of inSight) {
    if (shown.has(row.id)) continue
    if (!last || compare(row, last) > 0) rows.push(row)
    else arrived.push(row)
  }
  return { rows, arrived }
}
