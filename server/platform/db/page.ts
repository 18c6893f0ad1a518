import type { z } from 'zod'
import type { ListRequest, PageRequest, Pagination } from '../../../shared/pages.ts'
import { AppError } from '../errors/app-error.ts'

/** `rows` holds one more than the page when there is a next one. */
export function toPage<Row extends { id: string }, Item>(
  rows: Row[],
  { limit }: Pick<PageRequest, 'limit'>,
  toItem: (row: Row) => Item,
) {
  const items = rows.slice(0, limit)
  return { items: items.map(toItem), nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

/** How many rows stand before the page that is asked for by its number. */
export const offsetOf = ({ page = 1, limit }: ListRequest): number => (page - 1) * limit

/**
 * What `toList` wrote: the place in the order of the list after which it goes on, null for its beginning. It decides where to begin and
 * nothing else, so it needs no signature; `place` says of what it is made. @throws AppError VALIDATION_ERROR
 */
export function placeOf<Place>({ cursor }: ListRequest, place: z.ZodType<Place>): Place | null {
  if (cursor === undefined) return null
  try {
    return place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch (cause) {
    const message = 'Must be the nextCursor of a page of this very list; without it the list begins anew'
    throw new AppError('VALIDATION_ERROR', { cause, details: [{ field: 'cursor', message }] })
  }
}

interface ListParts<Row, Item> {
  /** Of all pages. */
  total: number
  /** What the list is ordered by, of one row: as `placeOf` reads it. */
  placeOf: (row: Row) => readonly unknown[]
  toItem: (row: Row) => Item
}

/** `rows` holds one more than the page when there is a next one. */
export function toList<Row, Item>(
  rows: readonly Row[],
  { page = 1, cursor, limit }: ListRequest,
  { total, placeOf, toItem }: ListParts<Row, Item>,
): { items: Item[]; pagination: Pagination } {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const hasMore = rows.length > limit && last !== undefined
  return {
    items: shown.map(toItem),
    pagination: {
      page: cursor === undefined ? page : null,
      limit,
      total,
      totalPages: Math.ceil(total / limit),
      nextCursor: hasMore ? Buffer.from(JSON.stringify(placeOf(last))).toString('base64url') : null,
    },
  }
}
