import type { PageRequest } from '../../../shared/pages.ts'

/** `rows` holds one more than the page when there is a next one. */
export function toPage<Row extends { id: string }, Item>(
  rows: Row[],
  { limit }: Pick<PageRequest, 'limit'>,
  toItem: (row: Row) => Item,
) {
  const items = rows.slice(0, limit)
  return { items: items.map(toItem), nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}
