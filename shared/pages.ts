/** Paged lists: opaque cursors over a total order, at most 100 items a page. */
import { z } from 'zod'
import { Id } from './id.ts'
import { LiveCursor } from './live.ts'

export const PageRequest = z.object({
  /** `nextCursor` of the page before; absent for the first page. */
  cursor: Id.optional(),
  limit: z.int().min(1).max(100).default(50),
})
export type PageRequest = z.infer<typeof PageRequest>

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: Id.nullable() })
}

const ListCursor = z.string().min(1).max(500)

/**
 * Of a list that grows long: by number, as programs do that show numbers, or by cursor, which costs the same however far one has come.
 * `filters` are the other fields.
 */
export function listRequest<Filters extends z.ZodRawShape>(filters: Filters) {
  return z
    .object({
      ...filters,
      page: z.int().min(1).max(1000).optional().meta({
        description: 'From 1, which is what is meant without it. To read a whole list go by `cursor` instead',
      }),
      cursor: ListCursor.optional().meta({ description: '`pagination.nextCursor` of the page before' }),
      limit: z.int().min(1).max(100).default(50),
    })
    .refine((asked: { page?: unknown; cursor?: unknown }) => asked.page === undefined || asked.cursor === undefined, {
      path: ['cursor'],
      message: 'Cannot be beside page: send one of the two',
    })
}
export type ListRequest = { page?: number | undefined; cursor?: string | undefined; limit: number }

export const Pagination = z
  .object({
    /** Null where the list was asked for by cursor. */
    page: z.int().nullable(),
    limit: z.int(),
    /** Of all pages. */
    total: z.int(),
    totalPages: z.int(),
    /** Null on the last page. */
    nextCursor: ListCursor.nullable(),
  })
  .meta({ id: 'Pagination' })
export type Pagination = z.infer<typeof Pagination>

/** A page of a list. Over REST: the items, with `pagination` in `meta`. */
export function numberedPageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), pagination: Pagination })
}

/** The same, with the cursor from which to follow changes of the list. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return numberedPageOf(item).extend({ cursor: LiveCursor })
}
